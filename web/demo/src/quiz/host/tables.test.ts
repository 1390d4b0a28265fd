import { expect, test } from 'vitest';

import { csv } from './tables.ts';

test('names are quoted where they need it, and no formula is run', () => {
  expect(
    csv(
      ['rank', 'name', 'out'],
      [
        [1, 'Ann "the fox"', false],
        [2, '=cmd()', true],
        [3, 'a,b\nc', false],
        [-4, '@x', true],
      ],
    ),
  ).toBe('\ufeffrank,name,out\r\n1,"Ann ""the fox""",false\r\n2,\'=cmd(),true\r\n3,"a,b\nc",false\r\n-4,\'@x,true\r\n');
});
