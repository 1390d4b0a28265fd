import type { danmaku } from '../games/danmaku.js';
import type { Room } from '../room.js';

type Rows = Room<typeof danmaku>['tables'];

/** A poll with its choices. */
export interface LivePoll {
  readonly poll: number;
  readonly question: string;
  /** When it closes by itself, in milliseconds since 1970; 0: never. */
  readonly until: number;
  readonly closed: boolean;
  readonly choices: readonly { readonly choice: number; readonly text: string; readonly votes: number }[];
  /** Votes for all choices. */
  readonly votes: number;
}

/** A pinned comment. */
export interface LivePin {
  readonly comment: bigint;
  readonly author: bigint;
  readonly name: string;
  readonly text: string;
  readonly by: string;
  /** 0: until it is taken down. */
  readonly until: number;
}

/** A paid comment. */
export interface LiveSuperChat {
  readonly id: bigint;
  readonly author: bigint;
  readonly name: string;
  readonly text: string;
  /** In the currency's smallest unit. */
  readonly amount: bigint;
  readonly currency: string;
  /** From 1 to 7: how much it is. */
  readonly level: number;
  readonly from: number;
  readonly until: number;
}

/** A lottery among those who say a word. */
export interface LiveLottery {
  readonly lottery: number;
  readonly word: string;
  readonly prize: string;
  readonly places: number;
  readonly until: number;
  readonly entrants: number;
  readonly drawn: boolean;
  readonly winners: readonly { readonly author: bigint; readonly name: string }[];
}

/** Why comments were not shown to all. */
export type DropReason =
  | 'crowded'
  | 'old'
  | 'slow'
  | 'busy'
  | 'mode'
  | 'word'
  | 'muted'
  | 'review'
  | 'text'
  | 'collated'
  | 'repeated';

/** How many comments there were, and how many were not shown to all. */
export interface LiveDrops {
  readonly said: number;
  readonly shown: number;
  /** Comments that were not shown, by reason; what was collated is counted with another comment. */
  readonly reasons: Readonly<Record<DropReason, number>>;
  /** All of them but those that were collated. */
  readonly dropped: number;
}

/** Everything but comments and gifts that is to be seen in a live room, as plain values that are the reader's to keep. */
export interface LiveState {
  readonly show: string;
  /** Whether the room is in touch with its show. */
  readonly live: boolean;
  readonly recording: boolean;
  readonly started: number;
  readonly emotes: readonly string[];
  readonly maxText: number;
  readonly viewers: number;
  readonly peak: number;
  readonly houses: number;
  readonly likes: number;
  readonly comments: number;
  readonly gifts: number;
  readonly modes: {
    /** Seconds between two comments of one viewer, now. */
    readonly slow: number;
    readonly slowSet: number;
    readonly slowAuto: boolean;
    readonly followers: boolean;
    readonly members: boolean;
    readonly subscribers: boolean;
    readonly emotesOnly: boolean;
    readonly unique: boolean;
  };
  /** Of all houses, and of this one. */
  readonly drops: LiveDrops;
  readonly houseDrops: LiveDrops;
  readonly pins: readonly LivePin[];
  /** The newest first. */
  readonly superChats: readonly LiveSuperChat[];
  readonly givers: readonly {
    readonly rank: number;
    readonly author: bigint;
    readonly name: string;
    readonly value: number;
  }[];
  /** The newest first. */
  readonly polls: readonly LivePoll[];
  readonly lottery: LiveLottery | undefined;
  readonly announcement: { readonly text: string; readonly by: string; readonly until: number } | undefined;
}

/** What moderators and hosts see besides. */
export interface LiveDesk {
  readonly reports: readonly {
    readonly comment: bigint;
    readonly author: bigint;
    readonly name: string;
    readonly text: string;
    readonly viewers: number;
    readonly reason: string;
  }[];
  readonly mutes: readonly {
    readonly author: bigint;
    readonly name: string;
    readonly until: number;
    readonly shadow: boolean;
    readonly reason: string;
    readonly by: string;
  }[];
  readonly words: readonly string[];
  /** How many words the server's own list has. */
  readonly listed: number;
  /** The newest first. */
  readonly log: readonly {
    readonly at: number;
    readonly by: string;
    readonly action: string;
    readonly about: string;
  }[];
}

/** The reasons, as fields of the schema's Drops. */
export const dropReasons: readonly DropReason[] = [
  'crowded',
  'old',
  'slow',
  'busy',
  'mode',
  'word',
  'muted',
  'review',
  'text',
  'collated',
  'repeated',
];

/** Reads the state from a room's tables. */
export function readState(t: Rows): LiveState {
  const [stage] = t.stage;
  const [a] = t.audience;
  const [m] = t.modes;
  const [lottery] = t.lottery;
  const [announcement] = t.announcement;
  return {
    show: stage?.show ?? '',
    live: stage?.live ?? false,
    recording: stage?.recording ?? false,
    started: Number(stage?.startedMs ?? 0n),
    emotes: [...(stage?.emotes ?? [])],
    maxText: stage?.maxText ?? 0,
    viewers: a?.viewers ?? 0,
    peak: a?.peak ?? 0,
    houses: a?.houses ?? 0,
    likes: Number(a?.likes ?? 0n),
    comments: Number(a?.comments ?? 0n),
    gifts: Number(a?.gifts ?? 0n),
    modes: {
      slow: m?.slow ?? 0,
      slowSet: m?.slowSet ?? 0,
      slowAuto: m?.slowAuto ?? false,
      followers: m?.followers ?? false,
      members: m?.members ?? false,
      subscribers: m?.subscribers ?? false,
      emotesOnly: m?.emotesOnly ?? false,
      unique: m?.unique ?? false,
    },
    drops: dropsOf(t, false),
    houseDrops: dropsOf(t, true),
    pins: [...t.pin].map(({ comment, author, name, text, by, untilMs }) => ({
      comment,
      author,
      name,
      text,
      by,
      until: Number(untilMs),
    })),
    superChats: [...t.superChat]
      .map(({ id, author, name, text, amount, currency, level, fromMs, untilMs }) => ({
        id,
        author,
        name,
        text,
        amount,
        currency,
        level,
        from: Number(fromMs),
        until: Number(untilMs),
      }))
      .sort((x, y) => y.from - x.from),
    givers: [...t.giver]
      .map(({ rank, author, name, value }) => ({ rank, author, name, value: Number(value) }))
      .sort((x, y) => x.rank - y.rank),
    polls: pollsOf(t),
    lottery: lottery && {
      lottery: lottery.lottery,
      word: lottery.word,
      prize: lottery.prize,
      places: lottery.places,
      until: Number(lottery.untilMs),
      entrants: lottery.entrants,
      drawn: lottery.drawn,
      winners: [...lottery.winners].map((author, i) => ({ author, name: lottery.names[i] ?? '' })),
    },
    announcement: announcement?.text
      ? { text: announcement.text, by: announcement.by, until: Number(announcement.untilMs) }
      : undefined,
  };
}

function dropsOf(t: Rows, house: boolean): LiveDrops {
  const row = [...t.drops].find((d) => d.house === house);
  const reasons = Object.fromEntries(dropReasons.map((r) => [r, Number(row?.[r] ?? 0n)])) as Record<DropReason, number>;
  const dropped = dropReasons.reduce((sum, r) => sum + (r === 'collated' ? 0 : reasons[r]), 0);
  return { said: Number(row?.said ?? 0n), shown: Number(row?.shown ?? 0n), reasons, dropped };
}

function pollsOf(t: Rows): LivePoll[] {
  return [...t.poll]
    .map(({ poll, question, untilMs, closed }) => {
      const choices = [...t.choice]
        .filter((c) => c.poll === poll)
        .map(({ choice, text, votes }) => ({ choice, text, votes: Number(votes) }))
        .sort((x, y) => x.choice - y.choice);
      return {
        poll,
        question,
        until: Number(untilMs),
        closed,
        choices,
        votes: choices.reduce((sum, c) => sum + c.votes, 0),
      };
    })
    .sort((x, y) => y.poll - x.poll);
}

/** Reads what moderators see from a room's tables. */
export function readDesk(t: Rows): LiveDesk {
  const [words] = t.wordlist;
  return {
    reports: [...t.report]
      .map(({ comment, author, name, text, viewers, reason }) => ({ comment, author, name, text, viewers, reason }))
      .sort((x, y) => y.viewers - x.viewers || Number(y.comment - x.comment)),
    mutes: [...t.mute].map(({ author, name, untilMs, shadow, reason, by }) => ({
      author,
      name,
      until: Number(untilMs),
      shadow,
      reason,
      by,
    })),
    words: [...(words?.words ?? [])],
    listed: words?.listed ?? 0,
    log: [...t.logEntry]
      .map(({ atMs, by, action, about }) => ({ at: Number(atMs), by, action, about }))
      .sort((x, y) => y.at - x.at),
  };
}
