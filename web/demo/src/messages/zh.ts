// The pages' texts in Chinese (simplified).

import type { Messages } from '../i18n.ts';
import { kindsZh } from '../kinds.ts';
import { homeZh } from './home.zh.ts';
import { netZh } from './net.zh.ts';

export const zh: Messages = {
  ...kindsZh,
  ...netZh,
  ...homeZh,

  'lang.name': '中文',
  'lang.switch': '语言',
};
