// The pages' texts in Chinese (simplified).

import { arenaZh } from '../arena/messages/zh.ts';
import type { Messages } from '../i18n.ts';
import { homeZh } from './home.zh.ts';
import { netZh } from './net.zh.ts';

export const zh: Messages = {
  ...arenaZh,
  ...netZh,
  ...homeZh,

  'lang.name': '中文',
  'lang.switch': '语言',
};
