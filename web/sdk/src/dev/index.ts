/**
 * What helps to develop a game, and does not belong into what players load: a network
 * that is as bad as one wants it.
 *
 * @module
 */
export { BadNetwork, type BadNetworkOptions, type Conditions } from './badnetwork.js';
export { type Direction, type Episodes, Line, LineDirection, type Profile, profile, profileNames } from './line.js';
