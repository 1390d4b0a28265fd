export { BadNetwork, type BadNetworkOptions, type Conditions } from './badnetwork.ts';
export { mountNetgraph, type Netgraph, type NetgraphOptions } from './netgraph.ts';
