import type { Message } from '@bufbuild/protobuf';

import type { Clock } from './clock.js';
import { CommandError, type CommandErrorCode } from './errors.js';
import type { CommandType } from './game.js';
import { createMessage, decodeMessage, encodeMessage, type InitOf, type MessageType, roundFloats } from './message.js';
import { timeout } from './timers.js';
import { encodeFrame, type Reply } from './wire/messages.js';

/** The most inputs that may wait to be acknowledged. Beyond it the oldest is dropped. */
const maxInputs = 128;
/** The most inputs that are kept while there is no connection, as a server takes no more at once. */
const maxOffline = 32;
/** The most inputs and commands in one message, as a server takes no more. */
const frameInputs = 64;
const frameCommands = 16;
/** The longest input in bytes, as a server drops longer ones. */
const maxInput = 512;
/** How many ticks before that of the state an input may be meant for that was not sent yet: nobody needs it any more. */
const maxStale = 10;
/** In how many parts a tick is told in which the player saw something. */
const seesPerTick = 16;

/** An input that the tables don't include yet. */
export interface PendingInput<Input = unknown> {
  readonly seq: number;
  /** The tick that it is meant for; 0 for as soon as possible. */
  readonly tick: number;
  /** As the server gets it: floats have 32 bits. */
  readonly input: Input;
}

/** When an input is to be applied, and what the player was looking at. */
export interface InputTiming {
  /** The tick that it is meant for; 0 for as soon as possible. */
  readonly tick: number;
  /** The tick that the player was looking at, with a fraction; 0 if nobody knows. */
  readonly sees: number;
}

interface StoredInput extends PendingInput {
  readonly data: Uint8Array;
  readonly sees: number;
}

interface Call {
  readonly id: number;
  readonly command: number;
  readonly data: Uint8Array;
  sent: boolean;
  done(reply: Reply): void;
  fail(code: CommandErrorCode, message: string): void;
}

const replyCodes: readonly CommandErrorCode[] = ['refused', 'unknown', 'malformed', 'refused', 'limited'];

/** What a client has to send: inputs and commands until they are answered, everything else until it is sent. */
export class Outbox {
  inputs: StoredInput[] = [];
  /** The last tick that was applied, and the last one that was acknowledged. */
  ack = 0;
  acked = 0;
  /** A rate of snapshots to ask for, in ticks; 0 for none. */
  every = 0;
  mismatch = false;
  /** A new token to send; empty for none. */
  token = '';
  /** Whether to send a ping. */
  ping = false;
  maxMessage = 8192;
  dropped = 0;

  readonly #clock: Clock;
  #calls: Call[] = [];
  #seq = 0;
  #lastId = 0;
  /** The number of inputs that were sent on this connection. */
  #sentInputs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  input(type: MessageType, init: InitOf<Message>, timing: InputTiming, offline: boolean): number {
    const message = createMessage(type, init);
    const data = encodeMessage(type, message);
    roundFloats(type, message);
    if (data.length > maxInput) throw new RangeError(`an input of ${data.length} bytes: a server takes ${maxInput}`);
    const over = this.inputs.length + 1 - (offline ? maxOffline : maxInputs);
    if (over > 0) {
      this.dropped += Math.max(0, over - this.#sentInputs);
      this.#forget(over);
    }
    const { tick } = timing;
    // 0 says nothing, so what is seen is a little behind at least.
    const sees = tick > 0 && timing.sees > 0 ? Math.max(1, Math.round((tick - timing.sees) * seesPerTick)) : 0;
    this.inputs.push({ seq: ++this.#seq, tick, input: message, data, sees });
    return this.#seq;
  }

  /** Drops the inputs up to seq: the tables include them. */
  done(seq: number): void {
    let n = 0;
    while (n < this.inputs.length && this.inputs[n].seq <= seq) n++;
    if (n > 0) this.#forget(n);
  }

  /** Drops inputs that could not be sent for so long that their ticks are over. */
  #dropStale(): void {
    const stale = (i: StoredInput, at: number): boolean =>
      at >= this.#sentInputs && i.tick > 0 && i.tick < this.ack - maxStale;
    const { length } = this.inputs;
    if (!this.inputs.some(stale)) return;
    this.inputs = this.inputs.filter((i, at) => !stale(i, at));
    this.dropped += length - this.inputs.length;
  }

  #forget(n: number): void {
    this.inputs = this.inputs.slice(n);
    this.#sentInputs = Math.max(0, this.#sentInputs - n);
  }

  command<C extends Message, R extends Message | undefined>(
    type: CommandType<C, R>,
    init: InitOf<C>,
    timeoutMs: number,
  ): Promise<R> {
    return new Promise((resolve, reject) => {
      const within = timeout('timeoutMs', timeoutMs);
      const data = encodeMessage(type.message, init);
      if (data.length > Math.min(this.maxMessage / 2, 4096)) {
        reject(
          new CommandError(
            'limited',
            `a command of ${data.length} bytes; at most ${Math.min(this.maxMessage / 2, 4096)} are taken`,
          ),
        );
        return;
      }
      const end = (): void => {
        this.#clock.clearTimeout(timer);
        this.#calls = this.#calls.filter((c) => c !== call);
      };
      const call: Call = {
        id: ++this.#lastId,
        command: type.id,
        data,
        sent: false,
        done: (reply) => {
          end();
          if (reply.code !== 0)
            reject(
              new CommandError(replyCodes[reply.code] ?? 'refused', reply.error || 'the room refused the command'),
            );
          else resolve((type.reply ? decodeMessage(type.reply, reply.data) : undefined) as R);
        },
        fail: (code, message) => {
          end();
          reject(new CommandError(code, message));
        },
      };
      const timer = this.#clock.setTimeout(() => call.fail('timeout', `no reply in ${within} ms`), within);
      this.#calls.push(call);
    });
  }

  reply(reply: Reply): void {
    this.#calls.find((c) => c.id === reply.id)?.done(reply);
  }

  /** Goes on in a session on a new connection, given the last input and command that the server has received. */
  resume(inputSeq: number, commandId: number): void {
    this.#seq = Math.max(this.#seq, inputSeq);
    this.#lastId = Math.max(this.#lastId, commandId);
    this.#sentInputs = this.inputs.filter((i) => i.seq <= inputSeq).length;
    for (const c of this.#calls) c.sent = false;
    this.acked = 0;
    this.token = ''; // it was in the hello
  }

  /** Drops everything: the session is over. */
  reset(why: string): void {
    this.inputs = [];
    this.#seq = this.#lastId = this.#sentInputs = this.ack = this.acked = 0;
    this.mismatch = this.ping = false;
    this.token = '';
    for (const c of this.#calls) c.fail('lost', why);
  }

  /** Whether there is something to send before the next tick. */
  get urgent(): boolean {
    return (
      this.#sentInputs < this.inputs.length ||
      this.ping ||
      this.every !== 0 ||
      this.mismatch ||
      this.token !== '' ||
      this.ack - this.acked >= 3 ||
      this.#calls.some((c) => !c.sent)
    );
  }

  /** Returns the next message, with as much as fits. */
  encode(clientTime: number): Uint8Array {
    let room = this.maxMessage - 64;
    this.#dropStale();
    const inputs = [];
    while (this.#sentInputs < this.inputs.length && inputs.length < frameInputs) {
      const { seq, tick, sees, data } = this.inputs[this.#sentInputs];
      if ((room -= data.length + 16) < 0) break;
      inputs.push({ seq, tick, sees, data });
      this.#sentInputs++;
    }
    const commands = [];
    for (const c of this.#calls) {
      if (c.sent) continue;
      if (commands.length === frameCommands || (room -= c.data.length + 24) < 0) break;
      commands.push({ id: c.id, command: c.command, data: c.data });
      c.sent = true;
    }
    // A long command is sent alone, as it may fill a message.
    const alone = this.token.length > room && inputs.length + commands.length > 0;
    const token = alone ? '' : this.token;
    const ping = this.ping ? Math.round(clientTime * 1000) : undefined;
    const message = encodeFrame({
      ack: this.ack,
      inputs,
      commands,
      ping,
      every: this.every,
      mismatch: this.mismatch,
      token,
    });
    this.acked = this.ack;
    this.every = 0;
    this.mismatch = this.ping = false;
    if (!alone) this.token = '';
    return message;
  }
}
