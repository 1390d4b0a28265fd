// How the rows of a component lie in memory. Numbers of all kinds are 32-bit cells,
// in the form in which they travel and are hashed: a value of 64 bits takes two, a
// quantised one is its number of steps. Strings, bytes and lists are objects.

import { SchemaError } from './errors.js';
import type { Component, Field } from './game.js';
import { agreedOptions } from './gen/tickroom/v1/fieldoptions.js';
import * as Kind from './kinds.js';

/** A field as the decoder needs it. */
export class Plan {
  readonly number: number;
  readonly kind: number;
  readonly repeated: boolean;
  readonly step: number;
  readonly min: number;
  readonly wrap: number;
  /** Whether it moves between two snapshots. */
  readonly smooth: boolean;
  /** Whether absolute values travel as zigzag, so that its cell is a signed number. */
  readonly signed: boolean;
  /** Whether it is an object and has no cell. */
  readonly object: boolean;
  /** Whether it takes two cells. */
  readonly wide: boolean;
  /** The name of the property of rows; empty if the game does not know the field. */
  readonly key: string;
  /** The index of its first cell, or of its object, in a row. */
  readonly at: number;

  constructor(f: Field, key: string, at: number) {
    this.number = f.number;
    this.kind = f.kind;
    this.repeated = f.repeated;
    // Other numbers are sent as they are.
    const quantised = f.kind === Kind.Quantised;
    this.step = quantised ? f.step : 1;
    this.min = quantised ? f.min : 0;
    this.wrap = f.wrapSteps;
    this.smooth = !f.repeated && f.smooth !== 0 && (quantised || f.kind === Kind.Float || f.kind === Kind.Double);
    this.object = isObject(f);
    this.wide = f.kind === Kind.Int64 || f.kind === Kind.Uint64 || f.kind === Kind.Double;
    this.signed = f.kind === Kind.Int || f.kind === Kind.Enum || (quantised && f.wrapSteps === 0 && f.max <= f.min);
    this.key = key;
    this.at = at;
  }
}

export class Layout {
  readonly id: number;
  readonly name: string;
  /** All fields in the order of their numbers. */
  readonly plans: readonly Plan[];
  /** The fields that rows have a property for. */
  readonly shown: readonly Plan[];
  /** Those of them that move between two snapshots, and whether there are any. */
  readonly moving: readonly Plan[];
  readonly moves: boolean;
  readonly byNumber: readonly (Plan | undefined)[];
  mask = 0;
  maskHigh = 0;
  /** The numbers of cells and of objects in a row. */
  cells = 0;
  objects = 0;

  /** server describes how rows travel; own, the game's description, what its fields are called. */
  constructor(server: Component, own: Component | undefined) {
    this.id = server.id;
    this.name = server.name;
    const byNumber: (Plan | undefined)[] = new Array<Plan | undefined>(65).fill(undefined);
    this.plans = server.fields.map((f) => {
      const known = own?.fields.find((o) => o.number === f.number);
      const plan = new Plan(f, known ? known.key : '', isObject(f) ? this.objects : this.cells);
      if (plan.object) this.objects++;
      else this.cells += plan.wide ? 2 : 1;
      byNumber[f.number] = plan;
      if (f.number <= 32) this.mask |= 1 << (f.number - 1);
      else this.maskHigh |= 1 << (f.number - 33);
      return plan;
    });
    this.byNumber = byNumber;
    this.shown = this.plans.filter((p) => p.key !== '');
    this.moving = this.shown.filter((p) => p.smooth);
    this.moves = this.moving.length > 0;
  }
}

function isObject(f: Field): boolean {
  return f.repeated || f.kind === Kind.String || f.kind === Kind.Bytes;
}

/** A list: its raw values, two numbers for each of 64 bits, and the array that rows show. */
export interface List {
  readonly raw: readonly number[];
  readonly shown: readonly unknown[];
}

export const emptyList: List = { raw: [], shown: [] };
export const noBytes = new Uint8Array(0);

/** Returns the value that an object has in a new row. */
export function emptyObject(p: Plan): unknown {
  return p.repeated ? emptyList : p.kind === Kind.String ? '' : noBytes;
}

/** How many components a schema may have. */
const maxComponents = 64;

/** Checks a server's description of its components, and sorts their fields by number. */
export function checkComponents(components: readonly Component[]): void {
  const ids = new Set<number>();
  if (components.length > maxComponents)
    throw new SchemaError(`the server describes ${components.length} components; there are at most ${maxComponents}`);
  for (const c of components) {
    if (ids.has(c.id)) throw new SchemaError(`two components have the id ${c.id}`);
    ids.add(c.id);
    let last = 0;
    for (const f of c.fields) {
      if (f.number <= last || f.number > 64)
        throw new SchemaError(`${c.name}.${f.name}: its number ${f.number} is out of order`);
      if (f.kind < Kind.Uint || f.kind > Kind.Bytes)
        throw new SchemaError(`${c.name}.${f.name} is of kind ${f.kind}, which this client is too old for`);
      last = f.number;
    }
  }
}

/**
 * Checks that a game that was built with own components can play on a server: every
 * component and field that it knows must be there and travel as it expects. The server
 * may have more.
 *
 * @throws SchemaError if it can't.
 */
export function checkCompatible(own: readonly Component[], server: readonly Component[]): void {
  for (const c of own) {
    const s = server.find((s) => s.id === c.id);
    if (!s) throw new SchemaError(`the server has no component ${c.id} (${c.name})`);
    for (const f of c.fields) {
      const g = s.fields.find((g) => g.number === f.number);
      if (!g) throw new SchemaError(`the server has no field ${c.name}.${f.name}`);
      for (const what of ['kind', 'repeated', ...agreedOptions] as const) {
        if (f[what] !== g[what])
          throw new SchemaError(`${c.name}.${f.name}: ${what} is ${f[what]} here, ${g[what]} on the server`);
      }
    }
  }
}
