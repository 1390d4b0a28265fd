// Where comments run over a picture: the lane allocator. It knows boxes, speeds and times, and
// neither texts nor screens, so that it is tested without any.

/** How a comment is shown: it runs from right to left, or stands in the middle, above or below. */
export type Position = 'scroll' | 'top' | 'bottom';

/** The area that comments are placed in, in pixels and milliseconds. */
export interface Area {
  readonly width: number;
  readonly height: number;
  /** The least distance between two comments that are beside each other. */
  readonly gap: number;
  /** The time that the shortest comment takes from one edge to the other. */
  readonly crossing: number;
  /**
   * How much faster a comment is that is as long as the area is wide: 0, all have the same speed;
   * 1, twice as fast, so that its end leaves when that of a short one does.
   */
  readonly haste: number;
  /** The time that a standing comment stays. */
  readonly standing: number;
}

/** A comment that has its place. */
export interface Box {
  readonly position: Position;
  readonly width: number;
  readonly height: number;
  readonly top: number;
  /** Where its left edge is at the time {@link Box.since}. */
  readonly left: number;
  /** Pixels per millisecond to the left; 0 for what stands. */
  readonly speed: number;
  readonly since: number;
  /** The time from which it is not to be seen any more. */
  readonly until: number;
}

/** Returns where the left edge of a box is at a time. */
export function leftOf(b: Box, now: number): number {
  return b.left - b.speed * (now - b.since);
}

/**
 * Reports whether two boxes come nearer to each other than a distance, side by side, at any time from now on
 * at which both are to be seen. Their heights do not matter.
 *
 * Both move evenly, so the distance of their left edges takes all values between those that it has at the
 * beginning and at the end, and no others.
 */
export function meets(a: Box, b: Box, gap: number, now: number): boolean {
  const end = Math.min(a.until, b.until);
  if (end <= now) return false;
  const first = leftOf(a, now) - leftOf(b, now);
  const last = leftOf(a, end) - leftOf(b, end);
  return Math.min(first, last) < b.width + gap && Math.max(first, last) > -(a.width + gap);
}

/**
 * Places comments so that no two ever cover each other, whatever their sizes, lengths and positions. It takes
 * the highest place for what scrolls and for what stands above, the lowest for what stands below.
 *
 * It costs a look at all boxes per comment, and nothing between comments.
 */
export class Lanes<B extends Box = Box> {
  /** Those that were added, until they are removed, or expire. */
  readonly boxes: B[] = [];
  #area: Area;
  /** Bounds of the boxes that a new one would meet, as pairs of top and bottom. */
  readonly #taken: [number, number][] = [];
  /** The box that is tried, without its top: most tries on a full screen fail, and leave nothing behind. */
  readonly #tried = {
    position: 'scroll' as Position,
    width: 0,
    height: 0,
    top: 0,
    left: 0,
    speed: 0,
    since: 0,
    until: 0,
  };

  constructor(area: Area) {
    this.#area = area;
  }

  get area(): Area {
    return this.#area;
  }

  /** Changes the area. What is placed already goes on as it did, and what comes keeps clear of it. */
  set area(area: Area) {
    this.#area = area;
  }

  /**
   * Returns the place of a comment that appears now, or undefined if there is none that is free. It is kept
   * free from then on if it is added.
   */
  place(position: Position, width: number, height: number, now: number): Box | undefined {
    const { area } = this;
    const tried = this.#tried;
    this.#aim(position, width, height, now);
    const taken = this.#taken;
    let n = 0;
    for (const b of this.boxes) {
      if (!meets(tried, b, area.gap, now)) continue;
      const t = (taken[n++] ??= [0, 0]);
      t[0] = b.top;
      t[1] = b.top + b.height;
    }
    taken.length = n;
    const top = position === 'bottom' ? lowest(taken, height, area.height) : highest(taken, height, area.height);
    return top === undefined ? undefined : { ...tried, top };
  }

  /** Keeps a place. */
  add(b: B): void {
    this.boxes.push(b);
  }

  /** Gives a place up before its time. */
  remove(b: B): void {
    const i = this.boxes.indexOf(b);
    if (i >= 0) this.boxes.splice(i, 1);
  }

  /** Forgets the boxes that are not to be seen any more. */
  expire(now: number): void {
    const { boxes } = this;
    let kept = 0;
    for (const b of boxes) if (b.until > now) boxes[kept++] = b;
    boxes.length = kept;
  }

  clear(): void {
    this.boxes.length = 0;
  }

  #aim(position: Position, width: number, height: number, now: number): void {
    const { area } = this;
    const t = this.#tried;
    t.position = position;
    t.width = width;
    t.height = height;
    t.since = now;
    if (position !== 'scroll') {
      t.left = Math.round((area.width - width) / 2);
      t.speed = 0;
      t.until = now + area.standing;
      return;
    }
    t.left = area.width;
    t.speed = (area.width / area.crossing) * (1 + (area.haste * width) / Math.max(1, area.width));
    t.until = now + (area.width + width) / t.speed;
  }
}

/** Returns the least top of a box of a height that lies between those taken, or undefined. */
function highest(taken: [number, number][], height: number, below: number): number | undefined {
  taken.sort(byTop);
  let top = 0;
  for (const [from, to] of taken) {
    if (from - top >= height) break;
    if (to > top) top = to;
  }
  return top + height <= below ? top : undefined;
}

/** Returns the greatest top of a box of a height that lies between those taken, or undefined. */
function lowest(taken: [number, number][], height: number, below: number): number | undefined {
  taken.sort(byBottom);
  let bottom = below;
  for (const [from, to] of taken) {
    if (bottom - to >= height) break;
    if (from < bottom) bottom = from;
  }
  return bottom - height >= 0 ? bottom - height : undefined;
}

function byTop(a: [number, number], b: [number, number]): number {
  return a[0] - b[0];
}

function byBottom(a: [number, number], b: [number, number]): number {
  return b[1] - a[1];
}
