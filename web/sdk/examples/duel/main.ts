// Finds a fair match and plays it: what the button "Play" of a game does.

import { type ClientOptions, connect, type Room } from '@tickroom/client';
import { arena } from '@tickroom/client/games/arena';
import { Matchmaker, MatchmakingError, NoMatchError } from '@tickroom/client/matchmaking';

/** Keep one for as long as the page lives: a guest stays the same player by it. */
export function newMatchmaker(url: string): Matchmaker {
  return new Matchmaker({
    url,
    // With accounts: token: () => fetch('/account/token').then((r) => r.text()),
  });
}

/**
 * Looks for a match until there is one, or the signal cancels; show tells the player how it goes.
 *
 * @returns the room, or undefined if there was no match.
 */
export async function play(
  matchmaker: Matchmaker,
  name: string,
  show: (text: string) => void,
  signal: AbortSignal,
  options: ClientOptions = {},
): Promise<Room<typeof arena> | undefined> {
  try {
    const assignment = await matchmaker.findMatch({ mode: 'duel', name }, { signal }, (e) => {
      if (e.state === 'waiting') show(`Looking for a match: ${e.waiting} wait.`);
      if (e.state === 'away') show(`${e.why}. Trying again.`);
    });
    const others = assignment.teams.flatMap((t) => t.seats).map((s) => s.name);
    show(assignment.rejoin ? 'Back to your match.' : `Found: ${others.join(' against ')}.`);
    return await connect(assignment, arena, { ...options, name, signal });
  } catch (err) {
    if (signal.aborted) show('Never mind.');
    else if (err instanceof NoMatchError) show('Nobody is there to play with. Try again later.');
    else if (err instanceof MatchmakingError)
      show(err.code === 'unauthenticated' ? 'Please sign in.' : `That did not work: ${err.message}.`);
    else throw err; // a JoinError says why there is no seat
    return undefined;
  }
}
