import { expect, test } from 'vitest';
import { playerName } from './name.ts';

test('a name is cut between characters', () => {
  const family = '\u{1F468}\u200D\u{1F469}\u200D\u{1F467}\u200D\u{1F466}';
  expect(playerName('  Ann ')).toBe('Ann');
  expect(playerName('x'.repeat(15) + family + 'y')).toBe('x'.repeat(15) + family);
  expect(playerName(family.repeat(3))).toBe(family.repeat(2)); // 25 bytes each
  expect(playerName('\u5f20'.repeat(20))).toBe('\u5f20'.repeat(16));
});
