/**
 * Walkers, a room where everybody walks about: `import { walkers } from '@tickroom/client/games/walkers'`.
 *
 * @module
 */
export * as walkers from '../gen/tickroom/walkers/v1/walkers.tickroom.js';
