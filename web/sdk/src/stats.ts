const remembered = 128;

/** Counts of what a room has received and sent. Bytes are those of messages, without the headers of WebSocket frames. */
export class Stats {
  bytesIn = 0;
  bytesOut = 0;
  messagesIn = 0;
  messagesOut = 0;
  snapshots = 0;
  fullSnapshots = 0;
  /** Ticks that had no snapshot of their own. */
  skippedTicks = 0;
  /** Rows that were added, changed or removed. */
  rowsChanged = 0;
  /** Rows that are held now. */
  entities = 0;
  /** Time between the last two snapshots, in milliseconds. */
  gapMs = 0;
  /** The last round trip, in milliseconds. */
  rtt = 0;
  hashChecks = 0;
  desyncs = 0;
  /** Connections that were lost. */
  reconnects = 0;
  /** Lost connections after which the session was resumed. */
  resumes = 0;
  /** Bytes of a snapshot per row that it changes, a moving average. */
  bytesPerEntity = 0;
  /** Time to decode and apply a snapshot in milliseconds, a moving average. */
  decodeMs = 0;
  /** Inputs that were dropped because too many waited. */
  inputsDropped = 0;

  readonly #ring = new Float32Array(remembered);
  #lastAt = 0;

  /** Times between the last snapshots, at most 128, oldest first, in milliseconds. */
  get gaps(): number[] {
    const n = Math.min(Math.max(this.snapshots - 1, 0), remembered);
    return Array.from({ length: n }, (_, i) => this.#ring[(this.snapshots - 1 - n + i) % remembered]);
  }

  /** @internal */
  sawSnapshot(bytes: number, rows: number, now: number): void {
    if (this.snapshots > 0) {
      this.gapMs = now - this.#lastAt;
      this.#ring[(this.snapshots - 1) % remembered] = this.gapMs;
    }
    this.#lastAt = now;
    this.snapshots++;
    this.rowsChanged += rows;
    if (rows > 0) this.bytesPerEntity = average(this.bytesPerEntity, bytes / rows);
  }

  /** @internal */
  sawDecode(ms: number): void {
    this.decodeMs = average(this.decodeMs, ms);
  }
}

function average(old: number, v: number): number {
  return old === 0 ? v : old + (v - old) * 0.05;
}
