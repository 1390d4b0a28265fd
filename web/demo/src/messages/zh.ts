// The pages' texts in Chinese (simplified).

import { kindsZh } from '../kinds.ts';
import type { Messages } from './en.ts';
import { homeZh } from './home.zh.ts';
import { lobbyZh } from './lobby.zh.ts';
import { netZh } from './net.zh.ts';
import { replayZh } from './replay.zh.ts';

export const zh: Messages = {
  ...kindsZh,
  ...netZh,
  ...homeZh,
  ...lobbyZh,
  ...replayZh,

  'lang.name': '中文',
  'lang.switch': '语言',
};
