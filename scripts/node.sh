#!/usr/bin/env bash
# Sees whether there is a Node.js that can build the pages. If not, says on
# standard error what to do, and exits with 1.
set -euo pipefail
cd "$(dirname "$0")/.."

want=$(sed -n 's/.*"node": *">=\([0-9.]*\)".*/\1/p' web/package.json)

if ! command -v node >/dev/null; then
  echo "web: there is no Node.js; the pages are built with version $want or newer: https://nodejs.org" >&2
  exit 1
fi
have=$(node --version)
have=${have#v}
if [[ $(printf '%s\n%s\n' "$want" "$have" | sort -V | head -n 1) != "$want" ]]; then
  echo "web: Node.js $have is too old; the pages are built with version $want or newer: https://nodejs.org" >&2
  exit 1
fi
if ! command -v npm >/dev/null; then
  echo "web: there is Node.js $have, and no npm; install it as well" >&2
  exit 1
fi
