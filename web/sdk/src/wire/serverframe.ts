// The numbers of the fields of a ServerFrame, as in frame.proto. One constant each, so that
// a bundler replaces them by their numbers.

export const Tick = 1;
export const Skip = 2;
export const Full = 3;
export const InputAck = 4;
export const Removed = 5;
/** Tables with absolute values: `set`. */
export const Absolute = 6;
/** Tables with differences. */
export const Delta = 7;
export const Events = 8;
export const Hash = 9;
export const EntityHashes = 10;
export const Welcome = 11;
export const Replies = 12;
export const Pongs = 13;
export const Auth = 14;
export const InputEarly = 16;
