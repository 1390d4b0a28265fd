import { expect, test } from 'vitest';

import { Answers, type Given, Refused, type Taken } from './answers.ts';

/** What was sent, and how each was answered. */
class Line {
  readonly sent: Given[] = [];
  #answer: ((a: Taken | Error) => void) | undefined;

  readonly send = (g: Given): Promise<Taken> => {
    this.sent.push(g);
    return new Promise((resolve, reject) => {
      this.#answer = (a) => (a instanceof Error ? reject(a) : resolve(a));
    });
  };

  async answer(a: Taken | Error): Promise<void> {
    this.#answer!(a);
    await Promise.resolve();
    await Promise.resolve();
    await Promise.resolve();
  }
}

function memory() {
  const kept = new Map<string, string>();
  return {
    kept,
    getItem: (k: string) => kept.get(k) ?? null,
    setItem: (k: string, v: string) => void kept.set(k, v),
    removeItem: (k: string) => void kept.delete(k),
  };
}

const given = { run: 1, question: 3, option: 2 };

test('an answer is locked in once the server has it, and a second one is not sent', async () => {
  const line = new Line();
  let changes = 0;
  const store = memory();
  const answers = new Answers(line.send, () => changes++, store);
  expect(answers.choose(given, 0)).toBe(true);
  expect(answers.slip).toEqual({ ...given, state: 'sending' });
  expect(answers.choose({ ...given, option: 0 }, 5)).toBe(false);
  expect(store.kept.size).toBe(1);
  await line.answer({ option: 2, elapsed: 123 });
  expect(answers.slip).toEqual({ ...given, state: 'locked', took: 1.23 });
  expect(store.kept.size).toBe(0);
  expect(answers.choose({ ...given, option: 0 }, 9)).toBe(false);
  expect(line.sent).toEqual([given]);
  expect(changes).toBe(2);
});

test('the answer that counts is the one that the server says', async () => {
  const line = new Line();
  const answers = new Answers(line.send, () => {});
  answers.choose(given, 0);
  await line.answer({ option: 1, elapsed: 90 });
  expect(answers.slip).toMatchObject({ option: 1, state: 'locked' });
});

test('an answer that did not arrive is sent again while the question is open', async () => {
  const line = new Line();
  const answers = new Answers(line.send, () => {});
  answers.choose(given, 0);
  await line.answer(new Error('lost'));
  expect(answers.slip?.state).toBe('failed');
  answers.again(1, 3, 500); // too soon
  answers.again(1, 4, 5000); // another question
  answers.again(2, 3, 5000); // another run
  expect(line.sent).toHaveLength(1);
  answers.again(1, 3, 500, true);
  expect(line.sent).toEqual([given, given]);
  await line.answer(new Error('lost'));
  answers.again(1, 3, 1600);
  expect(line.sent).toHaveLength(3);
});

test('an answer that the server had, and has lost with a house, is sent again', async () => {
  const line = new Line();
  const answers = new Answers(line.send, () => {});
  answers.choose(given, 0);
  await line.answer({ option: given.option, elapsed: 90 });
  answers.forgotten(1, 4, 100); // another question
  expect(answers.slip?.state).toBe('locked');
  answers.forgotten(1, 3, 100);
  expect(answers.slip?.state).toBe('failed');
  answers.again(1, 3, 1200);
  expect(line.sent).toEqual([given, given]);
});

test('a refused answer is not sent again, and another may be given', async () => {
  const line = new Line();
  const answers = new Answers(line.send, () => {});
  answers.choose(given, 0);
  await line.answer(new Refused('too late'));
  expect(answers.slip).toEqual({ ...given, state: 'refused', reason: 'too late' });
  answers.again(1, 3, 9000, true);
  expect(line.sent).toHaveLength(1);
  expect(answers.choose(given, 10)).toBe(true);
});

test('a page that was loaded again knows the answer that was on its way', async () => {
  const store = memory();
  new Answers(new Line().send, () => {}, store).choose(given, 0);
  const line = new Line();
  const answers = new Answers(line.send, () => {}, store);
  expect(answers.slip).toEqual({ ...given, state: 'failed' });
  answers.again(1, 3, 0, true);
  expect(line.sent).toEqual([given]);
  answers.confirmed(1, 3);
  expect(answers.slip?.state).toBe('locked');
  await line.answer(new Error('lost'));
  expect(answers.slip?.state).toBe('locked');
  store.setItem('tickroom.quiz.answer', '{"run":');
  expect(new Answers(line.send, () => {}, store).slip).toBeUndefined();
});
