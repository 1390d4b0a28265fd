// The pages' texts in English. zh.ts has the same keys; a missing one fails the
// type check. {name} stands for a parameter. A text that depends on a number n
// may have the forms "one | many".

import { kindsEn } from '../kinds.ts';
import { homeEn } from './home.en.ts';
import { lobbyEn } from './lobby.en.ts';
import { netEn } from './net.en.ts';
import { replayEn } from './replay.en.ts';

export const en = {
  ...kindsEn,
  ...netEn,
  ...homeEn,
  ...lobbyEn,
  ...replayEn,

  'lang.name': 'English',
  'lang.switch': 'Language',
};

export type Key = keyof typeof en;
export type Messages = Readonly<Record<Key, string>>;
