// The pages' texts in Chinese (simplified).

import type { Messages } from '../i18n.ts';

export const zh: Messages = {
  'lang.name': '中文',
  'lang.switch': '语言',

  'common.home': 'tickroom 首页',
};
