// What became of a contestant's answers, one mark for each question.

/** revived: wrong, but a revive was spent; saved: wrong, but the team was right; missed: no answer in time; skipped: the question was taken out; unknown: the page has not seen it. */
export type Mark = 'right' | 'wrong' | 'revived' | 'saved' | 'missed' | 'skipped' | 'unknown';

const squares: Readonly<Record<Mark, string>> = {
  right: '🟩',
  wrong: '🟥',
  revived: '🟨',
  saved: '🟦',
  missed: '⬛',
  skipped: '⬜',
  unknown: '⬜',
};

/** Returns the marks as a line of text that can be pasted anywhere. */
export function squared(marks: readonly Mark[]): string {
  return marks.map((m) => squares[m]).join('');
}
