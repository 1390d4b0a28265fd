// The page of a quiz's host.
//
//	/quiz/host#token=TOKEN             with the token that makes a host
//	/quiz/host?show=NAME#token=TOKEN   of another show than the server's own

import '../../theme.css';
import './host.css';
import { Client, CommandError, JoinError, type Room } from '@tickroom/client';
import { quiz } from '@tickroom/client/games/quiz';

import { el, make, text } from '../../arena/hud/dom.ts';
import { connectionText } from '../../connection.ts';
import { hostToken, keepHostToken } from '../../hosttoken.ts';
import { apply, languageButtons, number, onLanguage, t } from '../../i18n.ts';
import { ShowClock, showTime } from '../clock.ts';
import { acts, type Control, type Desk, deskOf, letter } from './desk.ts';
import { DeskView } from './deskview.ts';
import { Orders } from './orders.ts';
import { fetchResults, resultsCSV, resultsJSON } from './results.ts';
import { save } from './tables.ts';

apply();
languageButtons();

const view = new DeskView();
const clock = new ShowClock();
const show = new URLSearchParams(location.search).get('show') ?? '';
/** What a hello says of who wants to be a host: tickroom.quiz.v1.Entry with host set. */
const asHost = Uint8Array.of(8, 1);
/** The time between two looks at the desk, in milliseconds. */
const showEvery = 90;
/** The most results that are shown, and suspicions that are kept. */
const most = { results: 200, suspicions: 200 } as const;

let room: Room<typeof quiz> | undefined;
let orders: Orders | undefined;
let desk: Desk | undefined;

// --- the way in

async function enter(): Promise<void> {
  const token = hostToken();
  text(el('gate-note'), '');
  try {
    room = await new Client('/ws').joinOrCreate(quiz, {
      name: 'Host',
      data: asHost,
      hashEvery: 20,
      storage: sessionStorage,
      storageKey: `tickroom.quiz.host:${show}`,
      onState: (s) => link(s.state === 'live' ? 'live' : s.state === 'closed' ? 'off' : 'wait', s.text),
      ...(token ? { token } : {}),
      ...(show ? { options: { show } } : {}),
    });
  } catch (err) {
    el('gate').hidden = false;
    if (token && err instanceof JoinError) {
      keepHostToken('');
      const reason = err.reason || connectionText(err.code, err.reason);
      text(el('gate-note'), t('quiz.host.refused', { reason }));
    } else if (!(err instanceof JoinError)) text(el('gate-note'), String(err));
    return;
  }
  begin(room);
}

function link(light: string, words: string): void {
  el('dot').className = `dot ${light}`;
  text(el('link-text'), light === 'live' ? (room?.id ?? '') : words);
}

function begin(r: Room<typeof quiz>): void {
  orders = new Orders(r);
  el('gate').hidden = true;
  el('main').hidden = false;
  link('live', '');
  r.onEvent(quiz.Suspicion, suspect);
  r.on('change', change);
  r.on('closed', ({ code, reason }) => link('off', connectionText(code, reason)));
  r.on('rejoined', () => clock.reset());
  change();
  requestAnimationFrame(frame);
}

function change(): void {
  desk = room && deskOf(room.tables);
}

let shownAt = 0;

function frame(now: number): void {
  requestAnimationFrame(frame);
  if (now - shownAt < showEvery) return;
  shownAt = now;
  const [anchor] = room?.tables.clock ?? [];
  if (!room || !desk || !anchor || room.tickRate === 0) return;
  const at = { tick: anchor.tick, us: Number(anchor.at) };
  view.show(desk, clock.time(now, showTime(room, at, now)));
}

el<HTMLFormElement>('pass').addEventListener('submit', (e) => {
  e.preventDefault();
  keepHostToken(el<HTMLInputElement>('token').value.trim());
  void enter();
});

// --- what the host does

/** Does something, and says so. */
async function doing(what: string, work: () => Promise<void>): Promise<void> {
  text(el('said'), t('quiz.host.doing', { act: what }));
  el('said').className = '';
  try {
    await work();
    text(el('said'), t('quiz.host.done', { act: what }));
    el('said').className = 'done';
  } catch (err) {
    text(el('said'), t('quiz.host.failed', { act: what, reason: err instanceof Error ? err.message : String(err) }));
    el('said').className = 'failed';
  }
}

view.onControl = (control) => void control0(control);

async function control0(control: Control): Promise<void> {
  if (!orders || !desk) return;
  const words = t(`quiz.host.act.${control}`);
  const question =
    control === 'next' ? (desk.next?.number ?? 0) : control === 'reveal' || control === 'skip' ? desk.question : 0;
  const ask = asked(control, question);
  if (ask && !(await sure(ask, words))) return;
  const o = orders;
  await doing(words, () => o.conduct(acts[control], question, control === 'reveal' ? view.key : 0));
}

/** Returns what the host is asked before something that can't be taken back. */
function asked(control: Control, question: number): string {
  if (control === 'skip') return t('quiz.host.sure.skip', { n: question });
  if (control === 'end') return t('quiz.host.sure.end');
  if (control === 'start' && desk?.rehearsal) return t('quiz.host.sure.start');
  return '';
}

function sure(question: string, yes: string): Promise<boolean> {
  const dialog = el<HTMLDialogElement>('sure');
  text(el('sure-text'), question);
  text(el('sure-yes'), yes);
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) =>
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true }),
  );
}

// --- a file, a question

el<HTMLInputElement>('upload').addEventListener('change', (e) => {
  const field = e.target as HTMLInputElement;
  const [file] = field.files ?? [];
  if (!file || !orders) return;
  const o = orders;
  void doing(t('quiz.host.file'), async () => {
    const words = await file.text();
    field.value = ''; // so that the same file can be chosen again
    await o.upload(words, (part, parts) => text(el('said'), t('quiz.host.file.sending', { part, parts })));
  });
});

function options(): { field: HTMLInputElement; right: HTMLInputElement }[] {
  return [...el('ask-options').children].map((item) => {
    const [right, field] = item.querySelectorAll('input');
    return { field, right };
  });
}

el('ask-options').replaceChildren(
  ...Array.from({ length: 6 }, (_, i) => {
    const item = make('li');
    const right = document.createElement('input');
    right.type = 'checkbox';
    const field = document.createElement('input');
    field.className = 'field';
    field.maxLength = 100;
    item.append(right, field);
    const label = (): void => {
      right.setAttribute('aria-label', t('quiz.host.pose.right', { letter: letter(i) }));
      field.setAttribute('aria-label', t('quiz.host.pose.option', { letter: letter(i) }));
      field.placeholder = letter(i);
    };
    onLanguage(label);
    label();
    return item;
  }),
);

el<HTMLFormElement>('ask').addEventListener('submit', (e) => {
  e.preventDefault();
  if (!orders) return;
  const o = orders;
  const all = options().filter(({ field }) => field.value.trim() !== '');
  const key = all.reduce((set, { right }, i) => (right.checked ? set | (1 << i) : set), 0);
  const question = {
    text: el<HTMLTextAreaElement>('ask-text').value.trim(),
    options: all.map(({ field }) => field.value.trim()),
    key,
    seconds: Number(el<HTMLInputElement>('ask-seconds').value) || 0,
    now: (e.submitter as HTMLButtonElement | null)?.name === 'now',
  };
  void doing(t('quiz.host.pose.done'), async () => {
    await o.pose(question);
    el<HTMLFormElement>('ask').reset();
  });
});

// --- odd patterns

const suspicions: quiz.Suspicion[] = [];

function suspect(s: quiz.Suspicion): void {
  suspicions.push(s);
  if (suspicions.length > most.suspicions) suspicions.shift();
  showSuspicions();
}

function showSuspicions(): void {
  text(el('suspects-count'), suspicions.length > 0 ? number(suspicions.length) : '');
  el('suspects-none').hidden = suspicions.length > 0;
  el('suspects-list').replaceChildren(
    ...suspicions.toReversed().map((s) => {
      const item = make('li');
      const known = s.pattern >= 1 && s.pattern <= 4;
      item.append(
        make('b', '', known ? t(`quiz.host.pattern.${s.pattern as 1 | 2 | 3 | 4}`) : String(s.pattern)),
        make('span', '', t('quiz.host.suspect', { name: s.name, n: s.question })),
        make('small', '', s.detail),
      );
      return item;
    }),
  );
}

// --- results

let results: quiz.Result[] | undefined;

async function withResults(use: (all: quiz.Result[]) => void): Promise<void> {
  if (!orders) return;
  const note = el('results-note');
  text(note, t('quiz.host.results.loading'));
  try {
    const o = orders;
    results = await fetchResults(
      (after, house) => o.results(after, house),
      desk && desk.houses.length > 1 ? desk.houses.filter((h) => !h.lost).map((h) => h.id) : [''],
    );
    use(results);
    text(note, t('quiz.host.results.count', { n: results.length }));
  } catch (err) {
    text(note, err instanceof CommandError || err instanceof Error ? err.message : String(err));
  }
}

/** Returns what a file of results is called. */
function fileName(ending: string): string {
  const title = (desk?.title ?? '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '');
  return `${title || 'quiz'}-${desk?.run ?? 0}.${ending}`;
}

el('results-csv').addEventListener(
  'click',
  () => void withResults((all) => save(fileName('csv'), 'text/csv', resultsCSV(all))),
);
el('results-json').addEventListener(
  'click',
  () => void withResults((all) => save(fileName('json'), 'application/json', resultsJSON(all))),
);
el('results-show').addEventListener('click', () => void withResults(showResults));

function showResults(all: readonly quiz.Result[]): void {
  const table = document.createElement('table');
  const head = table.createTHead().insertRow();
  const columns = [
    t('quiz.fact.rank'),
    t('quiz.host.name'),
    t('quiz.fact.points'),
    t('quiz.fact.right'),
    t('quiz.fact.time'),
    t('quiz.host.results.answers'),
  ];
  for (const words of columns) head.append(make('th', '', words));
  const body = table.createTBody();
  for (const r of all.slice(0, most.results)) {
    const row = body.insertRow();
    row.className = r.alive ? '' : 'out';
    const given = r.given.map((g) => (g.choice > 0 ? letter(g.choice - 1) : '–')).join('');
    for (const [i, words] of [
      r.rank > 0 ? number(r.rank) : '–',
      r.name,
      number(r.points),
      number(r.right),
      (r.time / 100).toFixed(2),
      given,
    ].entries()) {
      const cell = row.insertCell();
      cell.textContent = words;
      if (i !== 1) cell.className = 'num';
    }
  }
  const box = el('results-table');
  box.replaceChildren(table);
  if (all.length > most.results)
    box.append(make('p', 'hint', t('quiz.host.results.first', { n: most.results, all: number(all.length) })));
  box.hidden = false;
}

onLanguage(() => {
  document.title = `${t('quiz.host.title')} · tickroom`;
  showSuspicions();
  if (results && !el('results-table').hidden) showResults(results);
});
document.title = `${t('quiz.host.title')} · tickroom`;

// For tests and the browser's console.
Object.defineProperty(window, 'tickroom', {
  value: {
    get room() {
      return room;
    },
    get desk() {
      return desk;
    },
  },
});

void enter();
