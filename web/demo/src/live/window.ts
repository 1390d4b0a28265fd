// Which rows of a long list are in the page: a window onto it, that follows the newest or stands still while the
// reader looks at older ones. It knows numbers alone.

/** The rows that a window has while it follows. */
export const following = 60;
/** The most rows that it has. */
export const widest = 140;
/** How many rows are added at an end that the reader comes to. */
const more = 40;

/** A window onto the rows `from` up to `to` of a list. */
export class RowWindow {
  from = 0;
  to = 0;
  /** Whether it follows the newest. */
  follows = true;

  /** Tells that the list has so many rows, of which `gone` were taken off its beginning. */
  grown(rows: number, gone = 0): void {
    this.from = Math.max(0, this.from - gone);
    this.to = Math.max(0, Math.min(rows, this.to - gone));
    if (this.follows) {
      this.to = rows;
      this.from = Math.max(0, rows - following);
    }
  }

  /** The reader comes to the oldest row of the window. Returns whether there are older ones, which it then has. */
  up(): boolean {
    if (this.from === 0) return false;
    this.from = Math.max(0, this.from - more);
    this.to = Math.min(this.to, this.from + widest);
    return true;
  }

  /** The reader comes to the newest row of the window. Returns whether there are newer ones, which it then has. */
  down(rows: number): boolean {
    if (this.to >= rows) return false;
    this.to = Math.min(rows, this.to + more);
    this.from = Math.max(this.from, this.to - widest);
    return true;
  }
}
