import { expect, test } from 'vitest';

import { bytes, outline, span } from './meters.ts';

test('bytes as people read them', () => {
  expect([0, 17.4, 999, 1000, 61_250, 999_949, 2_340_000, 123_400_000_000].map(bytes)).toEqual([
    '0 B',
    '17 B',
    '999 B',
    '1 kB',
    '61.3 kB',
    '1 MB',
    '2.3 MB',
    '123 GB',
  ]);
});

test('time spans by their two largest units', () => {
  expect([0.4, 59, 60, 3599, 3600, 90_061, 864_000].map((s) => span(s, 'en'))).toEqual([
    '0 s',
    '59 s',
    '1 min',
    '59 min 59 s',
    '1 h',
    '1 d 1 h',
    '10 d',
  ]);
  expect(span(3725, 'zh')).toBe('1 小时 2 分');
});

test('the newest value is at the right', () => {
  expect(outline([], 300, 56, 60)).toBe('');
  const path = outline([0, 5, 10], 300, 56, 4);
  expect(path.startsWith('M100 54')).toBe(true);
  expect(path.split('L').at(-1)?.split(' ')[0]).toBe('300');
});
