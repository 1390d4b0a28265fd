// The kinds of values, as in frame.proto. One constant each, so that a bundler replaces
// them by their numbers.

/** Unsigned, up to 32 bits. */
export const Uint = 1;
/** Signed, up to 32 bits. */
export const Int = 2;
export const Bool = 3;
export const Enum = 4;
/** A float as its number of steps. */
export const Quantised = 5;
export const Int64 = 6;
export const Uint64 = 7;
export const Float = 8;
export const Double = 9;
// biome-ignore lint/suspicious/noShadowRestrictedNames: the name in frame.proto.
export const String = 10;
export const Bytes = 11;
