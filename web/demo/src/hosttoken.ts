// The token of a show's host. A page for hosts is opened by a link with the token in its fragment,
// /quiz/host#token=TOKEN, which no server gets to see and which is taken out of the address at
// once; or the host pastes the token. It is kept until the tab is closed.

const kept = 'tickroom.host.token';

/** Takes token=… out of an address's fragment. Returns the token, empty if there is none, and what is left of the fragment. */
export function takeToken(hash: string): { token: string; rest: string } {
  const params = new URLSearchParams(hash.replace(/^#/, ''));
  const token = params.get('token')?.trim() ?? '';
  params.delete('token');
  const rest = params.toString();
  return { token, rest: rest === '' ? '' : `#${rest}` };
}

/** Returns the token in the page's address, which it takes out of there, or the one of before; empty if there is none. */
export function hostToken(): string {
  const { token, rest } = takeToken(location.hash);
  if (token === '') return read();
  history.replaceState(history.state, '', `${location.pathname}${location.search}${rest}`);
  keepHostToken(token);
  return token;
}

/** Keeps a token until the tab is closed; an empty one forgets it. */
export function keepHostToken(token: string): void {
  try {
    if (token === '') sessionStorage.removeItem(kept);
    else sessionStorage.setItem(kept, token);
  } catch {
    // Storage may be forbidden. Then a page that is loaded again asks for the token.
  }
}

function read(): string {
  try {
    return sessionStorage.getItem(kept) ?? '';
  } catch {
    return '';
  }
}
