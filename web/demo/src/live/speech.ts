// What those hear who don't see the page. A flood of comments can't be read out: every few seconds one sentence
// says how many there were, and the newest. What is meant for the viewer is said as soon as may be.

/** Between two sentences, in milliseconds. */
export const pause = 5000;
/** The most sentences that wait; beyond, the oldest is dropped. */
const most = 4;

/** A comment, as far as it is read out. */
export interface Heard {
  readonly name: string;
  readonly text: string;
}

/** Decides what is said when. It has no clock and no page: both are given. */
export class Speech {
  /** Whether comments are read out; what is meant for the viewer always is. */
  comments = true;
  readonly #say: (sentence: string) => void;
  readonly #many: (n: number, last: Heard) => string;
  #last = -Infinity;
  #count = 0;
  #newest: Heard | undefined;
  readonly #urgent: string[] = [];

  /**
   * @param say has a sentence read out.
   * @param many returns the sentence for so many comments, the last of which is given.
   */
  constructor(say: (sentence: string) => void, many: (n: number, last: Heard) => string) {
    this.#say = say;
    this.#many = many;
  }

  heard(c: Heard): void {
    if (!this.comments) return;
    this.#count++;
    this.#newest = c;
  }

  /** Says a sentence before all comments. */
  tell(sentence: string): void {
    this.#urgent.push(sentence);
    if (this.#urgent.length > most) this.#urgent.shift();
  }

  /** Is called now and then with the time in milliseconds; says something if it is time to. */
  tick(now: number): void {
    if (now - this.#last < pause) return;
    const urgent = this.#urgent.shift();
    if (urgent !== undefined) this.#say(urgent);
    else if (this.#newest) {
      this.#say(this.#many(this.#count, this.#newest));
      this.#count = 0;
      this.#newest = undefined;
    } else return;
    this.#last = now;
  }
}
