import { Live, Overlay } from '@tickroom/client/live';

const $ = <E extends HTMLElement>(what: string): E => document.querySelector<E>(what)!;
const live = await Live.join('/ws', { show: 'launch', name: 'Ann' });

// Comments run over the video, and stand still while it is paused.
const overlay = new Overlay($('#player'), { video: $<HTMLVideoElement>('video') });

// Comments and gifts beside it.
function line(text: string, id = ''): void {
  const li = document.createElement('li');
  li.id = id;
  li.textContent = text;
  $('#chat').append(li);
  if ($('#chat').children.length > 100) $('#chat').firstElementChild!.remove();
}
live.on('comments', (all) => {
  for (const c of all) {
    if (!c.past) overlay.show(c);
    line(`${c.name}: ${c.text}`, `c${c.id}`);
  }
});
live.on('removed', (gone) => {
  overlay.remove((c) => gone.some((g) => g.id === c.id));
  for (const c of gone) document.getElementById(`c${c.id}`)?.remove();
});
live.on('gift', (g) => line(`${g.name} gave ${g.count} × ${g.title}`));
live.on('state', (s) => ($('#viewers').textContent = `${s.viewers} viewers`));

// What the viewer says; the reason if it is not taken.
$('form').addEventListener('submit', async (e) => {
  e.preventDefault();
  const field = $<HTMLInputElement>('form input');
  const text = field.value;
  field.value = '';
  await live.say(text, { colour: 0xffc861 }).catch((err) => ($('#note').textContent = err.message));
});
