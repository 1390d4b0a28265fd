import { kind } from '../kind.ts';
import { arenaEn } from './messages/en.ts';
import { arenaZh } from './messages/zh.ts';

export const arena = kind({ name: 'arena', watchable: true, en: arenaEn, zh: arenaZh });
