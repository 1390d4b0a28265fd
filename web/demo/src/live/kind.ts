import { kind } from '../kind.ts';
import { danmakuEn } from './messages/en.ts';
import { hostEn } from './messages/host.en.ts';
import { hostZh } from './messages/host.zh.ts';
import { danmakuZh } from './messages/zh.ts';

export const danmaku = kind({
  name: 'danmaku',
  page: 'live',
  watchable: false,
  en: { ...danmakuEn, ...hostEn },
  zh: { ...danmakuZh, ...hostZh },
});
