import { expect, test } from 'vitest';
import { Timeline } from './timeline.ts';

test('shows what has come up to a tick, once and in order', () => {
  const shown: string[] = [];
  const timeline = new Timeline();
  timeline.at(3, () => shown.push('late'));
  timeline.at(1, () => shown.push('first'));
  timeline.at(1, () => shown.push('second'));
  timeline.play(0.5);
  expect(shown).toEqual([]);
  timeline.play(2);
  expect(shown).toEqual(['first', 'second']);
  timeline.play(3);
  timeline.play(4);
  expect(shown).toEqual(['first', 'second', 'late']);
});

test('forgets what is cleared', () => {
  const timeline = new Timeline();
  timeline.at(1, () => expect.unreachable());
  timeline.clear();
  timeline.play(9);
});
