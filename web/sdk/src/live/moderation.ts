import { danmaku } from '../games/danmaku.js';
import type { Live } from './live.js';

/** How somebody is muted. */
export interface MuteOptions {
  /** For how long; 0: for good. */
  seconds: number;
  /** Whether the viewer is not to know: what it writes is shown to itself alone. */
  shadow?: boolean;
  /** Whether all that it wrote is taken away as well. */
  erase?: boolean;
  /** Told to the viewer. */
  reason?: string;
}

/** What moderators and hosts do in a live room. Each call rejects with a CommandError that says why it was refused. */
export class Moderation {
  readonly #live: Live;

  constructor(live: Live) {
    this.#live = live;
  }

  /** Keeps an author from commenting, in the whole show. */
  mute(author: bigint, options: MuteOptions): Promise<undefined> {
    const { seconds, shadow = false, erase = false, reason = '' } = options;
    return this.#live.room.command(danmaku.silence, { author, seconds, shadow, erase, reason });
  }

  unmute(author: bigint): Promise<undefined> {
    return this.#live.room.command(danmaku.unsilence, { author });
  }

  /** Takes a comment or a super chat away, for all. */
  delete(comment: bigint): Promise<undefined> {
    return this.#live.room.command(danmaku.delete$, { comment });
  }

  /** Pins a comment for a time in seconds; 0: until it is unpinned. */
  pin(comment: bigint, seconds = 0): Promise<undefined> {
    return this.#live.room.command(danmaku.pinComment, { comment, seconds });
  }

  unpin(comment: bigint): Promise<undefined> {
    return this.#live.room.command(danmaku.unpin, { comment });
  }

  /** Changes some of the modes. */
  setModes(changes: Partial<Omit<Live['state']['modes'], 'slow'>>): Promise<undefined> {
    const m = { ...this.#live.state.modes, ...changes };
    return this.#live.room.command(danmaku.setModes, {
      slow: m.slowSet,
      slowAuto: m.slowAuto,
      followers: m.followers,
      members: m.members,
      subscribers: m.subscribers,
      emotesOnly: m.emotesOnly,
      unique: m.unique,
    });
  }

  /** Tells all something, for a time in seconds; 0: until the next one. An empty text takes it down. */
  announce(text: string, seconds = 0): Promise<undefined> {
    return this.#live.room.command(danmaku.announce, { text, seconds });
  }

  /** Asks all viewers something, with 2 to 6 choices. */
  openPoll(question: string, choices: readonly string[], seconds = 0): Promise<undefined> {
    return this.#live.room.command(danmaku.openPoll, { question, choices: [...choices], seconds });
  }

  /** Ends a poll, or takes it away. */
  closePoll(poll: number, remove = false): Promise<undefined> {
    return this.#live.room.command(danmaku.closePoll, { poll, remove });
  }

  /** Begins a lottery among those who say a word. */
  openLottery(word: string, prize: string, places: number, seconds = 0): Promise<undefined> {
    return this.#live.room.command(danmaku.openLottery, { word, prize, places, seconds });
  }

  /** Draws a lottery, or takes it away. */
  draw(lottery: number, remove = false): Promise<undefined> {
    return this.#live.room.command(danmaku.draw, { lottery, remove });
  }

  /** Changes the words that are blocked in the show. */
  blockWords(add: readonly string[], remove: readonly string[] = []): Promise<undefined> {
    return this.#live.room.command(danmaku.blockWords, { add: [...add], remove: [...remove] });
  }

  /** Starts or stops recording the comments. */
  record(on: boolean): Promise<undefined> {
    return this.#live.room.command(danmaku.record, { on });
  }

  /** Takes a report off the desk. */
  settle(comment: bigint): Promise<undefined> {
    return this.#live.room.command(danmaku.settle, { comment });
  }
}
