// What the page is told of a replay, and what follows from that alone.

export interface Visit {
  readonly player: number;
  readonly name: string;
  readonly spectator: boolean;
  readonly from: number;
  /** 0: until the end. */
  readonly to: number;
}

export interface Mark {
  readonly tick: number;
  /** join, leave, away, back; differs, panic, desync, late, operator; or the name of an event. */
  readonly what: string;
  readonly text: string;
}

/** The first thing that a page is told. */
export interface About {
  /** The id of the room to join. */
  readonly id: string;
  readonly kind: string;
  readonly room: string;
  readonly build: string;
  /** Whether the kind has spectators. */
  readonly watch: boolean;
  readonly rate: number;
  /** The first tick, and the last. */
  readonly first: number;
  readonly last: number;
  /** In milliseconds since 1970. */
  readonly began: number;
  readonly players: readonly Visit[];
  readonly marks: readonly Mark[];
  readonly trouble?: string;
}

/** Where the replay is. */
export interface State {
  readonly tick: number;
  readonly playing: boolean;
  readonly speed: number;
  readonly eyes: number;
  readonly there: boolean;
  readonly took?: number;
  readonly trouble?: string;
}

/** The speeds, in the order of the keys that choose them. */
export const speeds = [0.25, 0.5, 1, 2, 4, 8, 16];

/** Returns the speed that is next to one. */
export function beside(speed: number, step: 1 | -1): number {
  const i = speeds.indexOf(speed);
  return speeds[Math.min(speeds.length - 1, Math.max(0, (i < 0 ? 2 : i) + step))]!;
}

/** How a mark looks: what matters most is drawn last. */
export type Look = 'trouble' | 'kill' | 'join' | 'leave' | 'other';
export const looks: readonly Look[] = ['other', 'leave', 'join', 'kill', 'trouble'];

export function lookOf(what: string): Look {
  if (['differs', 'panic', 'desync', 'late', 'operator'].includes(what)) return 'trouble';
  if (what === 'Kill') return 'kill';
  if (what === 'join' || what === 'back') return 'join';
  if (what === 'leave' || what === 'away') return 'leave';
  return 'other';
}

/** Returns the text of a mark without its name: of an event the texts that are in it. */
export function textOf(mark: Mark): string {
  if (!mark.text.startsWith('{')) return mark.text;
  try {
    const all = Object.values(JSON.parse(mark.text) as Record<string, unknown>);
    return all.filter((v) => typeof v === 'string' && v !== '').join(' → ');
  } catch {
    return mark.text;
  }
}

/** Returns the newest mark at a tick or before it, and the next one after it, of those that can be seen. */
export function around(marks: readonly Mark[], tick: number): { before?: Mark; after?: Mark } {
  let low = 0;
  let high = marks.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (marks[mid]!.tick <= tick) low = mid + 1;
    else high = mid;
  }
  const [before, after] = [marks[low - 1], marks[low]];
  return { ...(before && { before }), ...(after && { after }) };
}

/** Returns a tick as minutes and seconds, and hours if there are any. */
export function clock(tick: number, rate: number): string {
  const s = Math.floor(tick / rate);
  const two = (n: number): string => String(n).padStart(2, '0');
  const rest = `${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
  return s >= 3600 ? `${Math.floor(s / 3600)}:${rest}` : rest;
}

/** Whether somebody was in the room after a tick. */
export function there(v: Visit, tick: number): boolean {
  return v.from <= tick && (v.to === 0 || tick <= v.to);
}
