import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { highlight, snippets } from './code.ts';

const page = readFileSync(new URL('../../../../docs/your-first-game.md', import.meta.url), 'utf8');

test.each(snippets.filter((s) => s.file !== 'main.ts'))(
  '$file is as in the documentation, where it is run',
  ({ text }) => {
    expect(page).toContain(text);
  },
);

test('colours change no text', () => {
  for (const { text } of snippets) {
    const parts = highlight(text);
    expect(parts.map((p) => p.text).join('')).toBe(text);
    expect(new Set(parts.map((p) => p.as)).size).toBeGreaterThan(2);
  }
});
