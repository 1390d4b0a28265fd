// The rows of the chat list.

import { type LiveComment, type LiveGift, withEmotes } from '@tickroom/client/live';
import { number, t } from '../i18n.ts';
import { el } from '../netgraph/dom.ts';
import type { Row } from './chatlist.ts';
import { nameOf } from './names.ts';
import { emote, giftPicture } from './pictures.ts';
import { timeOfDay } from './time.ts';

/** Returns the key of a comment's row. */
export function keyOf(id: bigint): string {
  return `c${id}`;
}

export function commentRow(c: LiveComment): Row {
  return {
    key: keyOf(c.id),
    node: () => {
      const style = [c.own && 'own', c.mention && 'mention', c.past && 'past'].filter(Boolean).join(' ');
      const li = el('li', { class: `said ${style}`, title: timeOfDay(c.at, true) });
      li.append(nameOf(c.name, c.author, c.badges), ' ');
      if (c.reply) li.append(el('span', { class: 'to' }, t('danmaku.chat.reply', { name: c.reply.name })), ' ');
      const text = el('span', { class: 'text' }, ...withEmotes(document, c.text, emote));
      li.append(text);
      if (c.count > 1) li.append(' ', el('span', { class: 'times num' }, `×${number(c.count)}`));
      return li;
    },
  };
}

export function giftRow(g: LiveGift): Row {
  return {
    key: `g${g.number}`,
    node: () => {
      const picture = el('img', { src: giftPicture(g.gift), alt: '' });
      const what = t('danmaku.chat.gift', { n: g.count, gift: g.title || g.gift });
      const li = el(
        'li',
        { class: 'gave' },
        picture,
        nameOf(g.name, g.author),
        ' ',
        el('span', { class: 'text' }, what),
      );
      if (g.combo > g.count) li.append(' ', el('span', { class: 'times num' }, `×${number(g.combo)}`));
      return li;
    },
  };
}

export function enteredRow(e: { author: bigint; name: string; badges: number; others: number }, n: number): Row {
  return {
    key: `e${n}`,
    node: () => {
      const text =
        e.others > 0
          ? t('danmaku.chat.entered.others', { name: e.name, n: e.others })
          : t('danmaku.chat.entered', { name: e.name });
      return el('li', { class: 'entered' }, text);
    },
  };
}
