import { CloseCode } from '@tickroom/client';
import { expect, test } from 'vitest';

import { connectionText } from './connection.ts';

test('what the server wants of a player is said in plain words', () => {
  const codes = [
    CloseCode.Unauthenticated,
    CloseCode.TokenExpired,
    CloseCode.Forbidden,
    CloseCode.SeatRefused,
    CloseCode.Banned,
    CloseCode.AlreadyThere,
    CloseCode.TooMany,
  ];
  const texts = codes.map((code) => connectionText(code, 'internals'));
  expect(new Set(texts).size).toBe(codes.length);
  for (const text of texts) expect(text).not.toMatch(/internals|\d/);
  expect(connectionText(4999, 'something new')).toContain('something new (4999)');
});
