// Reads the files in proto/vectors whose format is described in frames.txt.

import { readFileSync } from 'node:fs';

import { type Component, type Field, field, Kind } from '../src/game.js';

export interface VectorFrame {
  name: string;
  bytes: Uint8Array;
  refused: boolean;
  /** The values of the other keys, in order. */
  lines: { key: string; value: string }[];
}

export interface Sequence {
  name: string;
  components: Component[];
  frames: VectorFrame[];
}

const kinds: Readonly<Record<string, number>> = {
  uint: Kind.Uint,
  int: Kind.Int,
  bool: Kind.Bool,
  enum: Kind.Enum,
  quantised: Kind.Quantised,
  int64: Kind.Int64,
  uint64: Kind.Uint64,
  float: Kind.Float,
  double: Kind.Double,
  string: Kind.String,
  bytes: Kind.Bytes,
};

function parseField(text: string): Field {
  const [number, name, kind, ...options] = text.split(' ');
  const more: Record<string, number | boolean> = {};
  for (const o of options) {
    const [key, value] = o.split('=');
    more[key === 'wrap_steps' ? 'wrapSteps' : key] = value === undefined ? true : Number(value);
  }
  return field(Number(number), name, kinds[kind], name, more);
}

export function readVectors(file: string): Sequence[] {
  const text = readFileSync(new URL(`../../../proto/vectors/${file}`, import.meta.url), 'utf8');
  const sequences: Sequence[] = [];
  let fields: Field[] = [];
  let frame: VectorFrame | undefined;
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const colon = line.indexOf(':');
    const key = line.slice(0, colon);
    const value = line.slice(colon + 1).trim();
    const sequence = sequences.at(-1)!;
    switch (key) {
      case 'sequence':
        sequences.push({ name: value, components: [], frames: [] });
        break;
      case 'component': {
        const [id, name] = value.split(' ');
        fields = [];
        sequence.components.push({ id: Number(id), name, fields });
        break;
      }
      case 'field':
        fields.push(parseField(value));
        break;
      case 'frame':
        frame = { name: value, bytes: new Uint8Array(0), refused: false, lines: [] };
        sequence.frames.push(frame);
        break;
      case 'about':
        break;
      case 'hex':
        frame!.bytes = Uint8Array.from([
          ...frame!.bytes,
          ...Buffer.from(value.split('#')[0].replaceAll(' ', ''), 'hex'),
        ]);
        break;
      case 'refused':
        frame!.refused = true;
        break;
      default:
        frame!.lines.push({ key, value });
    }
  }
  return sequences;
}
