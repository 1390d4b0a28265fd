// The colours of the page: light on the dark of space. A ship's hue comes from
// the server as a number from 0 to 255; it is shown as one of a few colours that
// people who cannot tell red from green can distinguish (after Okabe and Ito,
// lightened). Each colour has its shape of hull, so that nothing depends on colour
// alone.

export const SPACE = 0x05060f;
export const WHITE = 0xffffff;
export const ICE = 0xbfefff;
export const OWN = 0x54e3ee;
export const HULL = 0x6ee7c0;
export const SHIELD = 0x62b6ff;
export const ENERGY = 0xffd166;
export const DANGER = 0xff5a6e;
export const EMBER = 0xffa94d;

/** Colours for ships in a room without teams. */
export const HUES = [0xff7a45, 0xffb83d, 0xf5ea5a, 0x3fe0a0, 0x4fc3ff, 0x7b8cff, 0xff86d0, 0xc9a2ff] as const;

/** Colours by team; 0 is for ships without one. */
export const TEAMS = [0xdfe7ff, 0xff6f4d, 0x57b8ff, 0x3fe0a0, 0xf5e663] as const;

/** The number of shapes of hulls. */
export const HULLS = 4;

/** Returns the colour of a ship. */
export function colorOf(team: number, hue: number): number {
  return team > 0 ? (TEAMS[team] ?? TEAMS[0]) : HUES[(hue >> 5) & 7]!;
}

/** Returns the shape of a ship's hull: by team, or else by colour, one shape for each pair. */
export function hullOf(team: number, hue: number): number {
  return team > 0 ? (team - 1) % HULLS : (hue >> 4) % HULLS;
}

/** Colours of pickups by kind: hull, shield, rapid fire, boost. */
export const PICKUPS = [WHITE, HULL, SHIELD, ENERGY, 0xe59bff] as const;

export function css(color: number, alpha = 1): string {
  return `rgba(${color >> 16}, ${(color >> 8) & 255}, ${color & 255}, ${alpha})`;
}

/** Returns a colour between two. */
export function mix(a: number, b: number, k: number): number {
  const r = (a >> 16) + ((b >> 16) - (a >> 16)) * k;
  const g = ((a >> 8) & 255) + (((b >> 8) & 255) - ((a >> 8) & 255)) * k;
  const bl = (a & 255) + ((b & 255) - (a & 255)) * k;
  return (r << 16) | (g << 8) | bl;
}
