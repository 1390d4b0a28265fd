import { kind } from '../kind.ts';
import { danmakuEn } from './messages/en.ts';
import { danmakuZh } from './messages/zh.ts';

export const danmaku = kind({ name: 'danmaku', page: 'live', watchable: false, en: danmakuEn, zh: danmakuZh });
