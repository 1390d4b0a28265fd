import { expect, test } from 'vitest';

import { pause, Speech } from './speech.ts';

function speech(): { said: string[]; s: Speech } {
  const said: string[] = [];
  const s = new Speech(
    (sentence) => said.push(sentence),
    (n, last) => `${n}, ${last.name}: ${last.text}`,
  );
  return { said, s };
}

test('a flood is one sentence every few seconds', () => {
  const { said, s } = speech();
  for (let now = 0; now < 20_000; now += 100) {
    for (let i = 0; i < 6; i++) s.heard({ name: 'Ann', text: `${now}` });
    s.tick(now);
  }
  expect(said).toEqual(['6, Ann: 0', `300, Ann: ${pause}`, '300, Ann: 10000', '300, Ann: 15000']);
});

test('what is meant for the viewer goes first, and comments wait', () => {
  const { said, s } = speech();
  s.heard({ name: 'Ann', text: 'a' });
  s.tell('Bob to you: hi');
  s.tick(1000);
  s.tick(1100);
  s.tick(6000);
  s.tick(11_000);
  expect(said).toEqual(['Bob to you: hi', '1, Ann: a']);
});

test('those who want no comments read out still hear the rest', () => {
  const { said, s } = speech();
  s.comments = false;
  s.heard({ name: 'Ann', text: 'a' });
  for (let i = 0; i < 9; i++) s.tell(`${i}`);
  for (let now = 0; now < 60_000; now += 1000) s.tick(now);
  expect(said).toEqual(['5', '6', '7', '8']);
});
