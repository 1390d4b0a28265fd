/**
 * The client library of tickroom: joins a room, keeps a copy of what the player
 * may see of it, smooths it for the screen, sends inputs and commands, and comes
 * back by itself when the connection is lost.
 *
 * Start with {@link connect}, or with a {@link Client}.
 *
 * @module
 */

export type { Message } from '@bufbuild/protobuf';
export { Client, type ClientOptions, connect, type JoinOptions, type Place } from './client.js';
export type { Clock } from './clock.js';
export type { Interpolation, InterpolationOptions } from './delay.js';
export type { Fetch } from './diagnosis.js';
export { EntityMap } from './entitymap.js';
export { CommandError, type CommandErrorCode, JoinError, ProtocolError, SchemaError } from './errors.js';
export {
  type CommandType,
  type Component,
  command,
  component,
  type EventType,
  enumeration,
  event,
  type Field,
  field,
  type Game,
  type InputOf,
  Kind,
  type RowOf,
} from './game.js';
export * as CloseCode from './gen/closecodes.js';
export type { InputLead } from './lead.js';
export { type InitOf, type MessageField, type MessageType, message, type Scalar } from './message.js';
export type { PendingInput } from './outbox.js';
export { type Correction, Prediction, type PredictOptions, type StateOf, type StepAt } from './prediction.js';
export type { Backoff } from './reconnect.js';
export { type Desync, Room, type RoomEvents } from './room.js';
export type { RowIn } from './row.js';
export type { Store } from './saved.js';
export {
  type Socket,
  type SocketEvents,
  type SocketFactory,
  type WebSocketConstructor,
  webSocket,
  webSocketBy,
} from './socket.js';
export type { State, StateChange } from './state.js';
export type { Stats } from './stats.js';
export type { Surroundings } from './surroundings.js';
export type { Table } from './table.js';
export type { TokenSource } from './token.js';
export type { View, ViewTable } from './view.js';
