// The kinds of rooms that have a page. docs/adding-a-kind.md says what there is to one.
// A server may have others: they are listed without a way in.

import { arena } from './arena/kind.ts';
import { danmaku } from './live/kind.ts';
import { quiz } from './quiz/kind.ts';
import { walkers } from './walkers/kind.ts';

/** In the order in which they are shown when the server does not say which it has. */
export const kinds = [arena, danmaku, quiz, walkers];

type Both<Union> = (Union extends unknown ? (u: Union) => void : never) extends (u: infer All) => void ? All : never;
type Texts = Both<(typeof kinds)[number]['en']>;

/** The texts of all kinds in English. */
export const kindsEn: Texts = Object.assign({}, ...kinds.map((k) => k.en));

/** The texts of all kinds in Chinese. */
export const kindsZh: Readonly<Record<keyof Texts, string>> = Object.assign({}, ...kinds.map((k) => k.zh));
