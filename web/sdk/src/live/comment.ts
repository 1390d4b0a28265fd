import type { danmaku } from '../games/danmaku.js';
import type { Position } from './lanes.js';
import type { Line } from './line.js';

/** A comment in a live room, as {@link Live} keeps it. Objects change when the comment does. */
export interface LiveComment extends Line {
  readonly id: bigint;
  /** Number of who wrote it, the same in the whole show. */
  readonly author: bigint;
  readonly name: string;
  /** The sum of the author's badges. */
  readonly badges: number;
  readonly text: string;
  readonly position: Position;
  readonly size: 'small' | 'normal' | 'large';
  /** The viewer's own. */
  readonly own: boolean;
  /** Whether it mentions the viewer, or answers one of the viewer's comments. */
  readonly mention: boolean;
  /** Whether it goes before others where there is little room. */
  readonly first: boolean;
  /** How many have said the same, this one included. */
  readonly count: number;
  /** When it was said, in milliseconds since 1970. */
  readonly at: number;
  /** The comment that it answers, and whose that is; undefined: none. */
  readonly reply: { readonly comment: bigint; readonly author: bigint; readonly name: string } | undefined;
  /** Whether it was shown before the viewer came. */
  readonly past: boolean;
}

// Numbers of the schema's enums, as in danmaku.proto.
const why = { followed: 1, mention: 2, reply: 3, own: 4 } as const;
const places: readonly Position[] = ['scroll', 'top', 'bottom'];
const sizes = ['normal', 'small', 'large'] as const;

/** Makes a comment of an event. me is the viewer's own number, or 0 if that is not known. */
export function commentOf(e: danmaku.Comment, me: bigint, past = false): LiveComment {
  const own = e.why === why.own || (me !== 0n && e.author === me);
  const mention = !own && (e.why === why.mention || e.why === why.reply || (me !== 0n && e.mentions.includes(me)));
  return {
    id: e.id,
    author: e.author,
    name: e.name,
    badges: e.badges,
    text: e.text,
    ...(e.color > 0 ? { colour: e.color } : {}),
    size: sizes[e.size] ?? 'normal',
    position: places[e.place] ?? 'scroll',
    own,
    mention,
    first: own || mention || e.why === why.followed,
    count: e.same + 1,
    at: Number(e.atMs),
    reply: e.replyTo > 0n ? { comment: e.replyTo, author: e.replyAuthor, name: e.replyName } : undefined,
    past,
  };
}
