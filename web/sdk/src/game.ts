// The parts of a game's generated module: descriptions of components, events and
// commands, whose types carry the types of what they describe.

import type { Message } from '@bufbuild/protobuf';

import { type FieldOptions, noOptions } from './gen/tickroom/v1/fieldoptions.js';
import type { InitOf, MessageType } from './message.js';

export type { Message } from '@bufbuild/protobuf';
/** How the values of fields travel in tables, by name. */
export * as Kind from './kinds.js';
export { type MessageType, message } from './message.js';

/** A field of a component, as the schema describes it. */
export interface Field extends FieldOptions {
  /** The field's number, 1 to 64. */
  readonly number: number;
  /** As in the .proto file. */
  readonly name: string;
  /** The name of the property of rows. */
  readonly key: string;
  /** One of {@link Kind}. */
  readonly kind: number;
  readonly repeated: boolean;
}

/** A component, as the schema describes it. Its rows have the properties of `Row`. */
export interface Component<Row = object> {
  readonly id: number;
  /** As in the .proto file. */
  readonly name: string;
  /** In the order of their numbers. */
  readonly fields: readonly Field[];
  /** Never set: it ties the type to that of rows. */
  readonly row?: Row;
}

/** An event of a game, for {@link Room.onEvent}. */
export interface EventType<M extends Message = Message> {
  readonly id: number;
  readonly message: MessageType<M>;
}

/** A command of a game, for {@link Room.command}. */
export interface CommandType<C extends Message = Message, R extends Message | undefined = Message | undefined> {
  readonly id: number;
  readonly message: MessageType<C>;
  readonly reply: R extends Message ? MessageType<R> : undefined;
}

/** A game's generated module, such as `arena` of `@tickroom/client/games/arena`. */
export interface Game {
  /** The kind of room that plays it. */
  readonly kind: string;
  /** Identifies the schema, so that the server sends its own only if it differs. 0n: always. */
  readonly fingerprint: bigint;
  /** The components by the names of their tables in a room. */
  readonly components: Readonly<Record<string, Component>>;
  /** The message that a player sends each tick. */
  readonly input?: MessageType;
}

/** The type of a component's rows. */
export type RowOf<C> = C extends Component<infer Row> ? Row : never;

/** What {@link Room.input} takes: the game's input message, or some of its fields. */
export type InputOf<G extends Game> = G extends { readonly input: MessageType<infer M> } ? InitOf<M> : never;

/** Describes a field; for generated code. */
export function field(number: number, name: string, kind: number, key = name, more: Partial<Field> = {}): Field {
  return { number, name, key, kind, repeated: false, ...noOptions, ...more };
}

/** Describes a component; for generated code. */
export function component<Row>(id: number, name: string, fields: readonly Field[]): Component<Row> {
  return { id, name, fields };
}

/** Describes an event; for generated code. */
export function event<M extends Message>(id: number, message: MessageType<M>): EventType<M> {
  return { id, message };
}

/** Describes a command; for generated code. */
export function command<C extends Message>(id: number, message: MessageType<C>): CommandType<C, undefined>;
export function command<C extends Message, R extends Message>(
  id: number,
  message: MessageType<C>,
  reply: MessageType<R>,
): CommandType<C, R>;
export function command(id: number, message: MessageType<Message>, reply?: MessageType<Message>): unknown {
  return { id, message, reply };
}

/** Returns an enum, which maps names to numbers and numbers to names; for generated code. */
export function enumeration<E extends object>(
  values: { readonly [K in keyof E as K extends string ? K : never]: number },
): E {
  const e: Record<string, unknown> = { ...values };
  for (const [name, n] of Object.entries<number>(values)) e[n] ??= name;
  return e as E;
}
