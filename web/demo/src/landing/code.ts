// The parts of a game, as tabs. code.test.ts compares them with the documentation.

import { type Key, onLanguage, t } from '../i18n.ts';

export const snippets: readonly { tab: Key; file: string; text: string }[] = [
  {
    tab: 'home.code.state',
    file: 'tag.proto',
    text: `// Runner is a player on the field.
message Runner {
  option (tickroom.v1.component) = 1;

  // Where the runner is, in metres. It travels in steps of 1/16 m, and clients
  // show a straight line between two snapshots.
  float x = 1 [(tickroom.v1.field) = {step: 0.0625 smooth: SMOOTH_LINEAR}];
  float y = 2 [(tickroom.v1.field) = {step: 0.0625 smooth: SMOOTH_LINEAR}];
  string name = 3;
  // Whether this one has to catch another.
  bool it = 4;
  // The number of the player.
  uint32 player = 5;
}`,
  },
  {
    tab: 'home.code.rules',
    file: 'game.go',
    text: `// Tick moves everybody. Inputs have been handled before.
func (g *game) Tick() {
	step := speed * g.room.Dt()
	for _, s := range g.seats {
		r := g.runners.Get(s.runner)
		r.X = float32(min(max(float64(r.X)+s.dx*step, 0), size))
		r.Y = float32(min(max(float64(r.Y)+s.dy*step, 0), size))
	}
	if g.resting -= g.room.Dt(); g.resting <= 0 {
		g.catch()
	}
}`,
  },
  {
    tab: 'home.code.client',
    file: 'main.ts',
    text: `import { connect } from '@tickroom/client';
import { walkers } from '@tickroom/client/games/walkers';

const room = await connect('/ws', walkers, { name: 'Ann' });

room.onEvent(walkers.Heard, (e) => say(e.player, e.text));

function frame(now: number) {
  room.input({ direction: joystick.angle, stop: joystick.idle });
  for (const w of room.view(now).tables.walker) {
    draw(w.x, w.y, w.heading);
  }
  requestAnimationFrame(frame);
}
requestAnimationFrame(frame);`,
  },
];

const words =
  /(\/\/.*$)|('[^'\n]*'|"[^"\n]*")|\b(message|option|float|string|bool|uint32|func|range|for|if|return|import|from|const|await|function|of|number)\b|\b(\d[\d.]*)\b/gm;
const classes = ['c', 's', 'k', 'n'] as const;

/** Returns a text in parts with their colours. */
export function highlight(code: string): { text: string; as: string }[] {
  const out: { text: string; as: string }[] = [];
  let at = 0;
  for (const m of code.matchAll(words)) {
    if (m.index > at) out.push({ text: code.slice(at, m.index), as: '' });
    out.push({ text: m[0], as: classes[m.slice(1).findIndex((g) => g !== undefined)] });
    at = m.index + m[0].length;
  }
  if (at < code.length) out.push({ text: code.slice(at), as: '' });
  return out;
}

/** Makes the tabs work. */
export function mountCode(tabs: HTMLElement, panel: HTMLElement): void {
  const buttons = snippets.map((s, i) => {
    const b = document.createElement('button');
    b.type = 'button';
    b.id = `tab-${i}`;
    b.setAttribute('role', 'tab');
    b.setAttribute('aria-controls', panel.id);
    const name = document.createElement('span');
    const file = document.createElement('code');
    file.textContent = s.file;
    b.append(name, file);
    b.addEventListener('click', () => select(i));
    b.addEventListener('keydown', (e) => {
      const by = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[e.key];
      if (by === undefined) return;
      e.preventDefault();
      const to = (i + by + snippets.length) % snippets.length;
      select(to);
      buttons[to].focus();
    });
    tabs.append(b);
    return b;
  });
  const select = (i: number) => {
    for (const [k, b] of buttons.entries()) {
      b.setAttribute('aria-selected', String(k === i));
      b.tabIndex = k === i ? 0 : -1;
    }
    panel.setAttribute('aria-labelledby', `tab-${i}`);
    const code = panel.querySelector('code')!;
    code.replaceChildren(
      ...highlight(snippets[i].text.replaceAll('\t', '    ')).map(({ text, as }) => {
        const node = document.createElement('span');
        node.className = as;
        node.textContent = text;
        return as ? node : document.createTextNode(text);
      }),
    );
  };
  const name = () => {
    for (const [i, b] of buttons.entries()) b.querySelector('span')!.textContent = t(snippets[i].tab);
  };
  onLanguage(name);
  name();
  select(0);
}
