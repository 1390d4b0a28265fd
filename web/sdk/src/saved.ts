/** What of a session outlives a page: by it a session is resumed. Its token is a secret. */
export interface SavedSession {
  readonly session: string;
  readonly room: string;
  readonly kind: string;
  /** Whether it is one to watch by. */
  readonly spectator?: boolean;
}

/** Where a room keeps its session, such as `sessionStorage`. */
export interface Store {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** A saved session's place in a store; a store may be forbidden, or hold anything. */
export class SavedSessions {
  readonly #store: Store | undefined;
  readonly #key: string;

  constructor(store: Store | undefined, key: string) {
    this.#store = store;
    this.#key = key;
  }

  /** The session that is saved, if it is in a room of the kind, in the room where one is given, and for the same part. */
  load(kind: string, room: string, spectator: boolean): SavedSession | undefined {
    try {
      const text = this.#store?.getItem(this.#key);
      const s = text ? (JSON.parse(text) as Partial<SavedSession>) : {};
      if (
        typeof s.session === 'string' &&
        typeof s.room === 'string' &&
        s.kind === kind &&
        (s.spectator ?? false) === spectator &&
        (room === '' || room === s.room)
      )
        return { session: s.session, room: s.room, kind, spectator };
    } catch {
      // Then there is none.
    }
    return undefined;
  }

  save(s: SavedSession): void {
    try {
      this.#store?.setItem(this.#key, JSON.stringify(s));
    } catch {
      // Then a reload is a new player.
    }
  }

  forget(): void {
    try {
      this.#store?.removeItem(this.#key);
    } catch {
      // Then a reload finds it gone on the server.
    }
  }
}
