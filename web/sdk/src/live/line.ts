import type { Position } from './lanes.js';

/** A comment as the overlay shows it. */
export interface Line {
  /** By which it is removed again. */
  readonly id?: number | bigint | string;
  readonly text: string;
  /** 0xRRGGBB; default white. */
  readonly colour?: number;
  readonly size?: 'small' | 'normal' | 'large';
  /** Default: it scrolls. */
  readonly position?: Position;
  /** Whether it is the viewer's own: it has a frame, and goes before others. */
  readonly own?: boolean;
  /** Whether it goes before others where there is little room. */
  readonly first?: boolean;
  /** How many have said the same. */
  readonly count?: number;
}
