import { kind } from '../kind.ts';
import { quizEn } from './messages/en.ts';
import { quizHostEn } from './messages/host.en.ts';
import { quizHostZh } from './messages/host.zh.ts';
import { quizZh } from './messages/zh.ts';

export const quiz = kind({
  name: 'quiz',
  watchable: true,
  en: { ...quizEn, ...quizHostEn },
  zh: { ...quizZh, ...quizHostZh },
});
