/**
 * The client library of tickroom: joins a room, keeps a copy of what the player
 * may see of it, smooths it for the screen, sends inputs and commands, and comes
 * back by itself when the connection is lost.
 *
 * Begin with {@link connect}, or with a {@link Client}.
 *
 * @module
 */
export { Client, connect, type ClientOptions, type JoinOptions, type Place } from './client.js';
export { type Clock } from './clock.js';
export { type Advice, type Backoff } from './close.js';
export * as CloseCode from './codes.js';
export { type Interpolation, type InterpolationOptions } from './delay.js';
export { EntityMap } from './entitymap.js';
export { CommandError, type CommandErrorCode, JoinError, ProtocolError, SchemaError } from './errors.js';
export {
  type CommandType,
  type Component,
  type EventType,
  type Field,
  type Game,
  type InputOf,
  Kind,
  type RowOf,
  command,
  component,
  enumeration,
  event,
  field,
} from './game.js';
export { type InitOf, message, type MessageField, type MessageType, type Scalar } from './message.js';
export { type PendingInput } from './outbox.js';
export { type Desync, Room, type RoomEvents } from './room.js';
export { type State, type StateChange, type Store } from './session.js';
export { type Socket, type SocketEvents, type SocketFactory, webSocket, webSocketBy, type WebSocketConstructor } from './socket.js';
export { type Stats } from './stats.js';
export { type Surroundings } from './surroundings.js';
export { type RowIn, type Table } from './table.js';
export { type TokenSource } from './token.js';
export { type View, type ViewTable } from './view.js';
