#!/usr/bin/env bash
# Runs every fuzz target of the module, one after another.
#
#   scripts/fuzz.sh [PATTERN]   only targets whose name matches the regular expression
#
# FUZZTIME says how long each runs; default 5m.
set -euo pipefail
cd "$(dirname "$0")/.."

pattern=${1:-.}
count=0
failed=()
while read -r package; do
  targets=$(go test -list '^Fuzz' "$package" | grep '^Fuzz' || true)
  for target in $targets; do
    [[ $target =~ $pattern ]] || continue
    count=$((count + 1))
    echo "fuzz: $target of $package, ${FUZZTIME:-5m}"
    if ! go test -run '^$' -fuzz "^${target}\$" -fuzztime "${FUZZTIME:-5m}" "$package"; then
      failed+=("$package $target")
    fi
  done
done < <(go list ./...)

if ((count == 0)); then
  echo "fuzz: no target matches \"$pattern\"" >&2
  exit 1
fi
if ((${#failed[@]} > 0)); then
  printf 'fuzz: %s failed; its input is under testdata/fuzz of its package\n' "${failed[@]}" >&2
  exit 1
fi
echo "fuzz: $count targets, no finding"
