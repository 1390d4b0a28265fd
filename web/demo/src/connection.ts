// Texts for close codes.

import { type Key, t } from './i18n.ts';

const known: Readonly<Record<number, Key>> = {
  1000: 'conn.code.done',
  1006: 'conn.code.silent',
  4002: 'conn.code.room',
  4003: 'conn.code.full',
  4012: 'conn.code.full',
  4004: 'conn.code.ended',
  4006: 'conn.code.old',
  4011: 'conn.code.removed',
  4014: 'conn.code.taken',
  4015: 'conn.code.token',
  4016: 'conn.code.expired',
  4017: 'conn.code.forbidden',
  4018: 'conn.code.seat',
  4019: 'conn.code.banned',
  4020: 'conn.code.there',
  4021: 'conn.code.many',
};

/** Returns why a connection was closed, given its close code and the server's reason. */
export function connectionText(code: number, reason: string): string {
  return t(known[code] ?? 'conn.code.other', { code: String(code), reason: reason || '–' });
}
