// Sounds, made from sines and noise, without files, once the first gesture allows it.
// Each is computed once into a buffer, and the nodes that it is played through are
// reused, as making them is expensive. What is far away is quiet and muffled; what is
// on the left sounds from the left.

export type Sound =
  | 'shot'
  | 'hit'
  | 'struck'
  | 'shield'
  | 'boom'
  | 'boom-own'
  | 'pickup'
  | 'kill'
  | 'spawn'
  | 'talk'
  | 'click';

const remembered = 'tickroom.arena.muted';
const TAU = 2 * Math.PI;
/** The most sounds at once, and the shortest time between two of one sort, in seconds. */
const VOICES = 18;
const APART: Readonly<Partial<Record<Sound, number>>> = {
  shot: 0.035,
  hit: 0.04,
  struck: 0.05,
  shield: 0.05,
  boom: 0.09,
  spawn: 0.15,
};
/** While so many sounds are playing, those of distant things are left out. */
const BUSY = 8;
const FAR = 0.4;
/** A cutoff that filters out nothing, in Hertz. */
const OPEN = 20_000;

/** The nodes that a sound is played through. */
interface Voice {
  readonly filter: BiquadFilterNode;
  readonly gain: GainNode;
  readonly place: StereoPannerNode;
}

export class Sounds {
  #context: AudioContext | null = null;
  #master: GainNode | null = null;
  #engine: { gain: GainNode; filter: BiquadFilterNode } | null = null;
  readonly #buffers = new Map<Sound, AudioBuffer>();
  readonly #last = new Map<Sound, number>();
  readonly #voices: Voice[] = []; // those that are free
  #sounding = 0;
  #muted: boolean;
  #thrust = -1;
  readonly #listeners = new Set<(muted: boolean) => void>();

  constructor() {
    let muted = false;
    try {
      muted = localStorage.getItem(remembered) === '1';
    } catch {
      // Storage may be forbidden.
    }
    this.#muted = muted;
    const start = () => {
      if (!this.#context) this.#start();
      if (this.#context?.state === 'suspended' && !document.hidden) void this.#context.resume();
    };
    for (const gesture of ['pointerdown', 'keydown', 'touchend'] as const)
      window.addEventListener(gesture, start, { capture: true, passive: true });
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) void this.#context?.suspend();
      else void this.#context?.resume();
    });
  }

  get muted(): boolean {
    return this.#muted;
  }

  set muted(muted: boolean) {
    this.#muted = muted;
    try {
      localStorage.setItem(remembered, muted ? '1' : '0');
    } catch {
      // Storage may be forbidden.
    }
    if (this.#context && this.#master)
      this.#master.gain.setTargetAtTime(muted ? 0 : 0.5, this.#context.currentTime, 0.03);
    for (const fn of this.#listeners) fn(muted);
  }

  onMuted(fn: (muted: boolean) => void): void {
    this.#listeners.add(fn);
    fn(this.#muted);
  }

  /** Plays a sound. pan: -1 left to 1 right; far: 0 here to 1 at the edge of hearing. */
  play(sound: Sound, volume = 1, pan = 0, far = 0): void {
    const ctx = this.#context;
    if (!ctx || this.#muted || ctx.state !== 'running' || this.#sounding >= (far > FAR ? BUSY : VOICES)) return;
    const now = ctx.currentTime;
    if (now - (this.#last.get(sound) ?? -1) < (APART[sound] ?? 0)) return;
    this.#last.set(sound, now);
    const voice = this.#voices.pop() ?? this.#voice(ctx);
    voice.filter.frequency.value = far > 0.25 ? 9000 * (1 - far) + 500 : OPEN;
    voice.gain.gain.value = volume * (1 - far) ** 2;
    voice.place.pan.value = Math.max(-0.8, Math.min(0.8, pan));
    const source = new AudioBufferSourceNode(ctx, {
      buffer: this.#buffers.get(sound)!,
      playbackRate: 0.94 + Math.random() * 0.12,
    });
    source.connect(voice.filter);
    this.#sounding++;
    source.onended = () => {
      source.disconnect();
      this.#sounding--;
      this.#voices.push(voice);
    };
    source.start();
  }

  #voice(ctx: AudioContext): Voice {
    const filter = new BiquadFilterNode(ctx, { type: 'lowpass', frequency: OPEN });
    const gain = new GainNode(ctx);
    const place = new StereoPannerNode(ctx);
    filter.connect(gain).connect(place).connect(this.#master!);
    return { filter, gain, place };
  }

  /** Sets how strongly the own engine burns, 0 to 1. */
  engine(thrust: number): void {
    const ctx = this.#context;
    if (!ctx || !this.#engine || Math.abs(thrust - this.#thrust) < 0.05) return;
    this.#thrust = thrust;
    this.#engine.gain.gain.setTargetAtTime(thrust * 0.16, ctx.currentTime, 0.06);
    this.#engine.filter.frequency.setTargetAtTime(140 + thrust * 420, ctx.currentTime, 0.1);
  }

  #start(): void {
    if (typeof AudioContext === 'undefined') return;
    const ctx = (this.#context = new AudioContext({ latencyHint: 'interactive' }));
    const press = new DynamicsCompressorNode(ctx, { threshold: -18, ratio: 5, attack: 0.003, release: 0.16 });
    press.connect(ctx.destination);
    this.#master = new GainNode(ctx, { gain: this.#muted ? 0 : 0.5 });
    this.#master.connect(press);
    for (const [name, seconds, wave] of recipes) {
      const buffer = ctx.createBuffer(1, Math.ceil(seconds * ctx.sampleRate), ctx.sampleRate);
      wave(buffer.getChannelData(0), ctx.sampleRate);
      this.#buffers.set(name, buffer);
    }
    // The engine is endless noise of a varying volume.
    const noise = ctx.createBuffer(1, ctx.sampleRate * 2, ctx.sampleRate);
    const data = noise.getChannelData(0);
    let brown = 0;
    for (let i = 0; i < data.length; i++) {
      brown = (brown + 0.03 * (Math.random() * 2 - 1)) / 1.03;
      data[i] = brown * 6;
    }
    const source = new AudioBufferSourceNode(ctx, { buffer: noise, loop: true });
    const filter = new BiquadFilterNode(ctx, { type: 'lowpass', frequency: 140, Q: 1.4 });
    const gain = new GainNode(ctx, { gain: 0 });
    source.connect(filter).connect(gain).connect(this.#master);
    source.start();
    this.#engine = { gain, filter };
  }
}

type Wave = (out: Float32Array, rate: number) => void;

/** Returns a sound, given a function of the time in seconds and of the share that is over. */
function wave(fn: (t: number, k: number) => number): Wave {
  return (out, rate) => {
    for (let i = 0; i < out.length; i++) {
      const k = i / out.length;
      // Fades avoid a click at either end.
      out[i] = fn(i / rate, k) * Math.min(1, i / (rate * 0.002)) * Math.min(1, (out.length - i) / (rate * 0.004));
    }
  };
}

/** Returns noise through a filter that closes. */
function noise(from: number, to: number, shape: (t: number, k: number) => number): Wave {
  return (out, rate) => {
    let a = 0;
    let b = 0;
    for (let i = 0; i < out.length; i++) {
      const k = i / out.length;
      const cut = 1 - Math.exp((-TAU * (from + (to - from) * Math.sqrt(k))) / rate);
      a += (Math.random() * 2 - 1 - a) * cut;
      b += (a - b) * cut;
      out[i] = b * shape(i / rate, k) * Math.min(1, (out.length - i) / (rate * 0.01));
    }
  };
}

/** Returns a tone that glides without a jump in phase. */
function glide(from: number, to: number, t: number, seconds: number): number {
  const k = Math.log(to / from) / seconds;
  return Math.sin((TAU * from * (Math.exp(k * t) - 1)) / k);
}

function both(a: Wave, b: Wave): Wave {
  return (out, rate) => {
    a(out, rate);
    const other = new Float32Array(out.length);
    b(other, rate);
    for (let i = 0; i < out.length; i++) out[i]! += other[i]!;
  };
}

function notes(...pitches: number[]): Wave {
  return wave((t, k) => {
    const each = 1 / pitches.length;
    const i = Math.min(pitches.length - 1, Math.trunc(k / each));
    const own = k / each - i;
    const f = pitches[i]!;
    return (
      (Math.sin(TAU * f * t) + 0.3 * Math.sin(TAU * 2 * f * t)) * 0.3 * Math.exp(-own * 2.2) * Math.min(1, own * 12)
    );
  });
}

const recipes: readonly (readonly [Sound, number, Wave])[] = [
  [
    'shot',
    0.16,
    wave((t, k) => (glide(1500, 260, t, 0.16) * 0.4 + Math.sign(glide(760, 180, t, 0.16)) * 0.1) * (1 - k) ** 2),
  ],
  [
    'hit',
    0.1,
    both(
      noise(6000, 900, (_, k) => 0.9 * (1 - k) ** 3),
      wave((t, k) => glide(2100, 1200, t, 0.1) * 0.22 * (1 - k) ** 2),
    ),
  ],
  [
    'struck',
    0.26,
    both(
      noise(1800, 200, (_, k) => 1.6 * (1 - k) ** 2),
      wave((t, k) => glide(240, 70, t, 0.26) * 0.6 * (1 - k) ** 2),
    ),
  ],
  [
    'shield',
    0.22,
    wave(
      (t, k) =>
        (glide(900, 520, t, 0.22) * 0.25 + glide(1353, 780, t, 0.22) * 0.16) *
        (1 - k) ** 1.6 *
        (0.7 + 0.3 * Math.sin(TAU * 38 * t)),
    ),
  ],
  [
    'boom',
    0.9,
    both(
      noise(2200, 90, (t, k) => 3.2 * (1 - k) ** 2.4 * Math.min(1, t * 200)),
      wave((t, k) => glide(130, 34, t, 0.9) * 0.75 * (1 - k) ** 2.4),
    ),
  ],
  [
    'boom-own',
    1.5,
    both(
      noise(1500, 60, (t, k) => 3.6 * (1 - k) ** 2 * Math.min(1, t * 200)),
      wave((t, k) => (glide(170, 26, t, 1.5) * 0.85 + glide(420, 60, t, 1.5) * 0.25) * (1 - k) ** 2),
    ),
  ],
  ['pickup', 0.34, notes(659.3, 830.6, 987.8, 1318.5)],
  ['kill', 0.42, notes(523.3, 784, 1046.5)],
  [
    'spawn',
    0.6,
    wave((t, k) => (glide(120, 880, t, 0.6) * 0.25 + glide(180, 1320, t, 0.6) * 0.13) * Math.sin(Math.PI * k) ** 0.7),
  ],
  ['talk', 0.16, notes(1174.7, 880)],
  ['click', 0.05, wave((t, k) => Math.sin(TAU * 620 * t) * 0.25 * (1 - k) ** 3)],
];
