// The chat, and its line of input, which Enter opens and Esc closes.

import { t } from '../../i18n.ts';
import { typing } from '../input/keys.ts';
import { el, make } from './dom.ts';

const MOST = 8;
const FOR = 14_000;

export class Chat {
  /** Sends a message. Rejects with the reason if it is refused. */
  onSay: (text: string, team: boolean) => Promise<void> = () => Promise.resolve();
  /** Whether messages can be sent now. */
  enabled = false;
  /** Whether there are teams to talk to. */
  teams = false;
  readonly #log = el('talk');
  readonly #form = el<HTMLFormElement>('say');
  readonly #text = el<HTMLInputElement>('text');
  readonly #team = el<HTMLButtonElement>('say-team');

  constructor() {
    window.addEventListener('keydown', (e) => {
      if (e.isComposing) return; // Enter chooses a word of the input method
      if (e.code === 'Enter' && !typing(e) && this.enabled && !(e.target as Element).closest?.('button, a, dialog')) {
        e.preventDefault();
        this.open();
      } else if (e.code === 'Escape' && !this.#form.hidden) {
        e.preventDefault();
        this.close();
      }
    });
    this.#team.addEventListener('click', () => {
      this.#team.setAttribute('aria-pressed', String(this.#team.getAttribute('aria-pressed') !== 'true'));
      this.#text.focus();
    });
    this.#form.addEventListener('submit', (e) => {
      e.preventDefault();
      const said = this.#text.value.trim();
      this.#text.value = '';
      const team = this.teams && this.#team.getAttribute('aria-pressed') === 'true';
      this.close();
      if (said)
        void this.onSay(said, team).catch((err: unknown) =>
          this.note(t('arena.chat.refused', { reason: reason(err) })),
        );
    });
    // Closed when the focus goes elsewhere: the player goes on playing.
    this.#form.addEventListener('focusout', (e) => {
      if (!this.#form.contains(e.relatedTarget as Node | null)) this.close();
    });
  }

  open(): void {
    if (!this.enabled) return;
    this.#team.hidden = !this.teams;
    this.#form.hidden = false;
    document.body.classList.add('talking');
    this.#text.focus();
  }

  close(): void {
    if (this.#form.hidden) return;
    this.#form.hidden = true;
    document.body.classList.remove('talking');
    this.#text.blur();
  }

  said(name: string, text: string, team: boolean, mine: boolean): void {
    const item = make('li', mine ? 'me' : '');
    if (team) item.append(make('em', '', `${t('arena.chat.to.team')} `));
    item.append(make('b', '', name), make('span', '', ` ${text}`));
    this.#add(item);
  }

  clear(): void {
    this.#log.replaceChildren();
  }

  /** Shows a message of the page itself. */
  note(text: string): void {
    this.#add(make('li', 'note', text));
  }

  #add(item: HTMLElement): void {
    this.#log.append(item);
    while (this.#log.children.length > MOST) this.#log.firstElementChild!.remove();
    setTimeout(() => item.classList.add('old'), FOR);
  }
}

/** Returns the message of an error. */
export function reason(err: unknown): string {
  return err instanceof Error ? err.message : String(err);
}
