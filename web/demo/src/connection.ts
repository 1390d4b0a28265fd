// Texts for close codes, in the page's languages and for this page: the library's own sentences are
// English, and know of no page. Codes without a text here are shown with what the server said.

import { CloseCode } from '@tickroom/client';

import { type Key, t } from './i18n.ts';

const known: Readonly<Record<number, Key>> = {
  [CloseCode.Normal]: 'conn.code.done',
  [CloseCode.Lost]: 'conn.code.silent',
  [CloseCode.NoSuchRoom]: 'conn.code.room',
  [CloseCode.RoomFull]: 'conn.code.full',
  [CloseCode.ServerFull]: 'conn.code.full',
  [CloseCode.RoomClosed]: 'conn.code.ended',
  [CloseCode.Schema]: 'conn.code.old',
  [CloseCode.Kicked]: 'conn.code.removed',
  [CloseCode.TakenOver]: 'conn.code.taken',
  [CloseCode.Unauthenticated]: 'conn.code.token',
  [CloseCode.TokenExpired]: 'conn.code.expired',
  [CloseCode.Forbidden]: 'conn.code.forbidden',
  [CloseCode.SeatRefused]: 'conn.code.seat',
  [CloseCode.Banned]: 'conn.code.banned',
  [CloseCode.AlreadyThere]: 'conn.code.there',
  [CloseCode.TooMany]: 'conn.code.many',
};

/** Returns why a connection was closed, given its close code and the server's reason. */
export function connectionText(code: number, reason: string): string {
  return t(known[code] ?? 'conn.code.other', { code: String(code), reason: reason || '–' });
}
