import { type Key, t } from '../i18n.ts';

/** Why the rules refuse an answer, as the server says it: world/quiz/answers.go. */
const known: Readonly<Record<string, Key>> = {
  'the question is not open': 'quiz.refused.late',
  'the question is not open yet': 'quiz.refused.early',
  'the time was up when the answer came': 'quiz.refused.late',
  'you are out': 'quiz.refused.out',
  'you only watch': 'quiz.refused.watching',
};

/** Returns why an answer was refused in the reader's language, or as the server said it. */
export function refusal(said: string): string {
  const key = known[said];
  return key ? t(key) : said;
}
