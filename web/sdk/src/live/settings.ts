/** How a viewer wants comments to run over the picture. */
export interface OverlaySettings {
  /** Whether comments run over the picture at all. */
  readonly visible: boolean;
  /** How opaque comments are, from 0.1 to 1. */
  readonly opacity: number;
  /** How large the letters are, from 0.5 to 2. 1 fits the height of the picture. */
  readonly fontSize: number;
  /** The part of the picture's height that comments may use, from the top, from 0.2 to 1. */
  readonly area: number;
  /** The most comments on the picture at once, from 1 to 200. */
  readonly most: number;
  /** How fast they run, from 0.5 to 2. */
  readonly speed: number;
  /** Whether comments that scroll, that stand above and that stand below are shown. */
  readonly scroll: boolean;
  readonly top: boolean;
  readonly bottom: boolean;
  /** Whether comments have the colours that their authors chose; if not they are white. */
  readonly colours: boolean;
  /** Whether nothing moves: comments stand where they would scroll. Default: what the reader's system asks for. */
  readonly still: boolean;
}

const usual: OverlaySettings = {
  visible: true,
  opacity: 1,
  fontSize: 1,
  area: 0.75,
  most: 60,
  speed: 1,
  scroll: true,
  top: true,
  bottom: true,
  colours: true,
  still: false,
};

const bounds: Readonly<Record<'opacity' | 'fontSize' | 'area' | 'most' | 'speed', readonly [number, number]>> = {
  opacity: [0.1, 1],
  fontSize: [0.5, 2],
  area: [0.2, 1],
  most: [1, 200],
  speed: [0.5, 2],
};

/**
 * Returns settings with some changed. Numbers are held within their bounds; what is of a wrong type, as
 * something read from a browser's storage may be, is passed over.
 */
export function settings(changes: unknown = {}, from: OverlaySettings = usual): OverlaySettings {
  const out: Record<string, unknown> = { ...from };
  if (typeof changes !== 'object' || changes === null) return from;
  for (const [key, value] of Object.entries(changes)) {
    if (!(key in usual) || typeof value !== typeof usual[key as keyof OverlaySettings] || Number.isNaN(value)) continue;
    const [least, most] = bounds[key as keyof typeof bounds] ?? [];
    out[key] = least === undefined ? value : Math.min(most!, Math.max(least, value as number));
  }
  return out as unknown as OverlaySettings;
}
