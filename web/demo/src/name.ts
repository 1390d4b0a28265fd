const characters = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const utf8 = new TextEncoder();

/** Most characters of a player's name, as a reader counts them, and most bytes of it in a hello. */
const most = { characters: 16, bytes: 64 };

/** Returns what a player typed as a name that fits, cut between characters. */
export function playerName(typed: string): string {
  let name = '';
  let count = 0;
  for (const { segment } of characters.segment(typed.trim())) {
    const longer = name + segment;
    if (++count > most.characters || utf8.encode(longer).length > most.bytes) break;
    name = longer;
  }
  return name.trimEnd();
}
