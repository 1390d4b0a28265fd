/** The texts that pages have of a kind of room, by keys that begin with the kind's name. */
export type Texts<Name extends string> = Readonly<Record<`${Name}.title` | `${Name}.doc` | `${Name}.join`, string>> &
  Readonly<Record<`${Name}.${string}`, string>>;

/** A kind of room that has a page. */
export interface Kind<Name extends string, En extends Texts<Name>> {
  /** The kind's name on the server. */
  readonly name: Name;
  /** The folder of its page. Default: the kind's name. */
  readonly page?: string;
  /** Whether its rooms can be watched. */
  readonly watchable: boolean;
  /** Its texts in English: title, doc, which says what it is, join, which leads in, and any that its page needs. */
  readonly en: En;
  /** The same in Chinese. */
  readonly zh: Readonly<Record<keyof En, string>>;
}

/** Describes a kind of room for kinds.ts. */
export function kind<const Name extends string, En extends Texts<Name>>(k: Kind<Name, En>): Kind<Name, En> {
  return k;
}
