// What a host asks of the show, and what becomes of it: a command says that it is on its way, and
// the event Conducted with the same ticket, whether it was done.

import type { Room } from '@tickroom/client';
import { quiz } from '@tickroom/client/games/quiz';

import { partsOf } from './desk.ts';

type QuizRoom = Room<typeof quiz>;

/** How long the show may take to say what became of an order, in milliseconds. */
const patience = 8000;
/** Most bytes of a part of a file. */
const maxPart = 2048;

export class Orders {
  readonly #room: QuizRoom;
  readonly #waiting = new Map<number, (problem: string) => void>();
  /** Those that were told of before the reply with their ticket came. */
  readonly #early = new Map<number, string>();

  constructor(room: QuizRoom) {
    this.#room = room;
    room.onEvent(quiz.Conducted, ({ ticket, problem }) => {
      const done = this.#waiting.get(ticket);
      if (done) done(problem);
      else this.#early.set(ticket, problem);
    });
  }

  /** Does something. Resolves when the show has done it, and rejects with the reason if it has not. */
  async conduct(act: quiz.Act, question = 0, key = 0): Promise<void> {
    const { ticket } = await this.#room.command(quiz.conduct, { act, question, key });
    await this.#outcome(ticket);
  }

  /** Adds a question to the show, or asks it now. */
  async pose(question: { text: string; options: string[]; key: number; seconds: number; now: boolean }): Promise<void> {
    const { ticket } = await this.#room.command(quiz.pose, { ...question });
    await this.#outcome(ticket);
  }

  /** Loads a show's file. progress is called with each part that is sent, from 1. */
  async upload(file: string, progress: (part: number, parts: number) => void): Promise<void> {
    const parts = partsOf(file, maxPart);
    let last = 0;
    for (const [part, words] of parts.entries()) {
      progress(part + 1, parts.length);
      ({ ticket: last } = await this.#room.command(quiz.upload, { part, parts: parts.length, text: words }));
    }
    if (parts.length > 0) await this.#outcome(last);
  }

  /** Returns a page of the results of a house; empty: of the host's own. */
  results(after: number, house: string): Promise<quiz.ResultsReply> {
    return this.#room.command(quiz.results, { after, house });
  }

  #outcome(ticket: number): Promise<void> {
    const early = this.#early.get(ticket);
    if (early !== undefined) {
      this.#early.delete(ticket);
      return early === '' ? Promise.resolve() : Promise.reject(new Error(early));
    }
    return new Promise((resolve, reject) => {
      const settle = (problem: string): void => {
        clearTimeout(timer);
        this.#waiting.delete(ticket);
        if (problem === '') resolve();
        else reject(new Error(problem));
      };
      const timer = setTimeout(() => settle(`no answer in ${patience / 1000} s`), patience);
      this.#waiting.set(ticket, settle);
    });
  }
}
