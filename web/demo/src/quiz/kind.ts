import { kind } from '../kind.ts';
import { quizEn } from './messages/en.ts';
import { quizZh } from './messages/zh.ts';

export const quiz = kind({ name: 'quiz', watchable: true, en: quizEn, zh: quizZh });
