import { expect, test } from 'vitest';

import { squared } from './marks.ts';
import { cardText } from './share.ts';

test('a card as text', () => {
  const card = {
    title: 'Friday quiz',
    name: 'Ann',
    big: '#12',
    under: 'of 10,000',
    facts: [
      { value: '4,210', label: 'Points' },
      { value: '5', label: 'Best streak' },
    ],
    marks: ['right', 'revived', 'wrong', 'missed', 'skipped'] as const,
    address: 'https://example.com/quiz',
    won: false,
  };
  expect(cardText(card)).toBe(
    'Friday quiz: #12, of 10,000\nPoints 4,210 · Best streak 5\n🟩🟨🟥⬛⬜\nhttps://example.com/quiz',
  );
  expect(squared([])).toBe('');
});
