// What a game's generated module is made of: descriptions of components, events
// and commands, with types that carry what they describe.

import type { DescMessage, Message, MessageInitShape } from '@bufbuild/protobuf';
import type { GenMessage } from '@bufbuild/protobuf/codegenv2';

/** How a field's values travel in tables, as the Kind of the protocol. */
export const Kind = {
  Uint: 1,
  Int: 2,
  Bool: 3,
  Enum: 4,
  Quantised: 5,
  Int64: 6,
  Uint64: 7,
  Float: 8,
  Double: 9,
  String: 10,
  Bytes: 11,
} as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

/** What a schema says of one field of a component. */
export interface Field {
  /** 1 to 64. */
  readonly number: number;
  /** As in the .proto file. */
  readonly name: string;
  /** The property of rows. */
  readonly key: string;
  readonly kind: Kind;
  readonly repeated: boolean;
  /** A quantised value is `min + steps * step`. */
  readonly step: number;
  readonly min: number;
  /** Not above min: the value has no range. */
  readonly max: number;
  /** Steps in a full turn of a value that wraps, else 0. */
  readonly wrapSteps: number;
  /** How it is shown between two snapshots. 0: with its newest value, 1: linear, 2: as an angle. */
  readonly smooth: number;
}

/** What a schema says of a component, whose rows look like `Row`. */
export interface Component<Row = object> {
  readonly id: number;
  /** As in the .proto file. */
  readonly name: string;
  /** In the order of their numbers. */
  readonly fields: readonly Field[];
  /** Never there: it makes the type remember what rows look like. */
  readonly row?: Row;
}

/** An event of a game, for {@link Room.onEvent}. */
export interface EventType<M extends Message = Message> {
  readonly id: number;
  readonly message: GenMessage<M>;
}

/** A command of a game, for {@link Room.command}. */
export interface CommandType<C extends Message = Message, R extends Message | undefined = Message | undefined> {
  readonly id: number;
  readonly message: GenMessage<C>;
  readonly reply: R extends Message ? GenMessage<R> : undefined;
}

/** A game's generated module, as `import { arena } from '@tickroom/client/games/arena'` brings it. */
export interface Game {
  /** The kind of room that plays it. */
  readonly kind: string;
  /** By which a server sees whether it has the same schema. 0n: take the server's, whatever it is. */
  readonly fingerprint: bigint;
  /** By the names that their tables have in a room. */
  readonly components: Readonly<Record<string, Component>>;
  /** The message that a player sends each tick. */
  readonly input?: DescMessage;
}

/** The rows of a component. */
export type RowOf<C> = C extends Component<infer Row> ? Row : never;

/** What {@link Room.input} takes: a game's input message, or some of its fields. */
export type InputOf<G extends Game> = G extends { readonly input: infer D extends DescMessage } ? MessageInitShape<D> : never;

/** Describes a field; for generated code. */
export function field(number: number, name: string, kind: Kind, key = name, more: Partial<Field> = {}): Field {
  return { number, name, key, kind, repeated: false, step: 0, min: 0, max: 0, wrapSteps: 0, smooth: 0, ...more };
}

/** Describes a component; for generated code. */
export function component<Row>(id: number, name: string, fields: readonly Field[]): Component<Row> {
  return { id, name, fields };
}

/** Describes an event; for generated code. */
export function event<M extends Message>(id: number, message: GenMessage<M>): EventType<M> {
  return { id, message };
}

/** Describes a command; for generated code. */
export function command<C extends Message>(id: number, message: GenMessage<C>): CommandType<C, undefined>;
export function command<C extends Message, R extends Message>(id: number, message: GenMessage<C>, reply: GenMessage<R>): CommandType<C, R>;
export function command(id: number, message: GenMessage<Message>, reply?: GenMessage<Message>): unknown {
  return { id, message, reply };
}
