// Pictures of a question, fetched as soon as its row is there and before it is shown, so that
// nobody's seconds go by on a slow picture. The addresses come with the question, a moment before
// it opens: nothing is fetched, or known, that the page has not been told.

import type { Question } from './state.ts';

export class Preload {
  #of = '';

  question(q: Question | undefined): void {
    if (!q) return;
    const all = [q.image, ...q.options.map((o) => o.image)].filter((url) => url !== '');
    const of = `${q.number} ${q.opensAt} ${all.length}`;
    if (of === this.#of) return;
    this.#of = of;
    for (const url of new Set(all)) {
      const image = new Image();
      image.src = url;
      image.decode().catch(() => {}); // then it is shown when it comes
    }
  }
}
