export { mountNetgraph, type Netgraph, type NetgraphOptions } from './netgraph.ts';
