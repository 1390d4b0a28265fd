// The contestant's answer on its way: given once, sent until the server has it, and remembered
// while the page is loaded again. The first answer counts, so that sending one twice is harmless.

import type { Slip } from './screen.ts';

/** What an answer says; see tickroom.quiz.v1.Answer. */
export interface Given {
  readonly run: number;
  readonly question: number;
  readonly option: number;
}

/** What the server says to an answer. */
export interface Taken {
  /** The option that counts. */
  readonly option: number;
  /** Its time, in hundredths of a second. */
  readonly elapsed: number;
}

/** Thrown by what sends answers if the server does not take one. Other errors mean that it may not have arrived. */
export class Refused extends Error {}

/** Where an answer is kept, such as sessionStorage. */
export interface Store {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** The pause before an answer that has not arrived is sent again, in milliseconds. */
const pause = 1000;

export class Answers {
  readonly #send: (given: Given) => Promise<Taken>;
  readonly #changed: () => void;
  readonly #store: Store | undefined;
  readonly #key: string;
  #slip: Slip | undefined;
  #failedAt = 0;

  /** @param changed is called whenever the slip has changed. */
  constructor(
    send: (given: Given) => Promise<Taken>,
    changed: () => void,
    store?: Store,
    key = 'tickroom.quiz.answer',
  ) {
    this.#send = send;
    this.#changed = changed;
    this.#store = store;
    this.#key = key;
    this.#slip = this.#read();
  }

  /** The newest answer, if there is one. */
  get slip(): Slip | undefined {
    return this.#slip;
  }

  /** Answers a question, if it is not answered yet. Returns whether that was so. */
  choose(given: Given, now: number): boolean {
    const s = this.#slip;
    if (s && s.run === given.run && s.question === given.question && s.state !== 'refused') return false;
    this.#set({ ...given, state: 'sending' });
    try {
      this.#store?.setItem(this.#key, JSON.stringify(given));
    } catch {
      // Storage may be forbidden. Then an answer that is on its way is lost if the page is loaded again.
    }
    void this.#try(given, now);
    return true;
  }

  /** Sends the answer again if it has not arrived, and the question is the one that is open now. */
  again(run: number, open: number, now: number, atOnce = false): void {
    const s = this.#slip;
    if (s?.state !== 'failed' || s.run !== run || s.question !== open) return;
    if (!atOnce && now - this.#failedAt < pause) return;
    this.#set({ ...s, state: 'sending' });
    void this.#try(s, now);
  }

  /** Notes that the server has an answer to a question, whichever page has sent it. */
  confirmed(run: number, question: number): void {
    const s = this.#slip;
    if (s && s.run === run && s.question === question && s.state !== 'locked') this.#set({ ...s, state: 'locked' });
  }

  /** Notes that the server does not have an answer that it had, as its house is gone: it is sent again. */
  forgotten(run: number, question: number, now: number): void {
    const s = this.#slip;
    if (s?.state !== 'locked' || s.run !== run || s.question !== question) return;
    this.#failedAt = now;
    this.#set({ run, question, option: s.option, state: 'failed' });
  }

  async #try(given: Given, now: number): Promise<void> {
    const { run, question, option } = given;
    const same = () => this.#slip?.run === run && this.#slip.question === question;
    try {
      const taken = await this.#send({ run, question, option });
      if (same()) this.#set({ run, question, option: taken.option, state: 'locked', took: taken.elapsed / 100 });
    } catch (err) {
      this.#failedAt = now;
      if (!same() || this.#slip?.state === 'locked') return;
      if (err instanceof Refused) this.#set({ run, question, option, state: 'refused', reason: err.message });
      else this.#set({ run, question, option, state: 'failed' });
    }
  }

  #set(slip: Slip): void {
    this.#slip = slip;
    if (slip.state === 'locked' || slip.state === 'refused') {
      try {
        this.#store?.removeItem(this.#key);
      } catch {
        // As before.
      }
    }
    this.#changed();
  }

  /** Returns the answer that was on its way when the page was left. Whether it has arrived is not known. */
  #read(): Slip | undefined {
    try {
      const g = JSON.parse(this.#store?.getItem(this.#key) ?? '{}') as Partial<Given>;
      if (typeof g.run === 'number' && typeof g.question === 'number' && typeof g.option === 'number')
        return { run: g.run, question: g.question, option: g.option, state: 'failed' };
    } catch {
      // Then there is none.
    }
    return undefined;
  }
}
