/** What a player says of itself when it wants to play. */
export interface Self {
  /** The name for others. Default: that of the token. */
  name?: string;
  /** The roles that it accepts, the dearest first. Default: all of them. */
  roles?: string[];
  /** Milliseconds to each region; a region that is not named is out of reach. Default: all are equally good. */
  latencyMs?: Record<string, number>;
}

/** @internal */
export function selfOf(s: Self): { name: string; roles: string[]; latencyMs: Record<string, number> } {
  return { name: s.name ?? '', roles: s.roles ?? [], latencyMs: s.latencyMs ?? {} };
}
