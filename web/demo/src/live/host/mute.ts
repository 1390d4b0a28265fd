// The dialog that asks how somebody is to be muted.

import type { MuteOptions } from '@tickroom/client/live';
import { el as byId, text } from '../../arena/hud/dom.ts';
import { type Key, t } from '../../i18n.ts';
import { el } from '../../netgraph/dom.ts';

const durations = [60, 600, 3600, 86_400, 0] as const;

/** Asks how somebody is to be muted. Resolves to undefined if not at all. */
export function askMute(name: string): Promise<MuteOptions | undefined> {
  const dialog = byId<HTMLDialogElement>('mute');
  const [shadow, erase, reason] = ['mute-shadow', 'mute-erase', 'mute-reason'].map((id) => byId<HTMLInputElement>(id));
  text(byId('mute-title'), t('danmaku.host.mute.title', { name }));
  byId('mute-for').replaceChildren(
    ...durations.map((d) => {
      const input = el('input', { type: 'radio', name: 'long', value: `${d}` });
      input.checked = d === 600;
      return el('label', {}, input, el('span', {}, t(`danmaku.host.mute.${d}` satisfies Key)));
    }),
  );
  shadow!.checked = erase!.checked = false;
  reason!.value = '';
  // A reason is told, which somebody who is not to know must not be.
  shadow!.onchange = () => (reason!.disabled = shadow!.checked);
  reason!.disabled = false;
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.onclose = () => {
      if (dialog.returnValue !== 'mute') {
        resolve(undefined);
        return;
      }
      const chosen = byId('mute-for').querySelector<HTMLInputElement>('input:checked');
      resolve({
        seconds: Number(chosen?.value ?? 600),
        shadow: shadow!.checked,
        erase: erase!.checked,
        reason: shadow!.checked ? '' : reason!.value.trim(),
      });
    };
  });
}
