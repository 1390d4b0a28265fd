#!/bin/sh
# Measures the server of this checkout in turns with that of another revision, under the
# same load: make bench-vs REV=main~20 BENCHFLAGS='-rows small,map -rounds 5'
set -eu

if [ -z "${1:-}" ] || ! rev=$(git rev-parse --verify --quiet "$1^{commit}"); then
	echo "bench-vs: REV='${1:-}' is no revision of this repository; for example: make bench-vs REV=main~20" >&2
	exit 2
fi
shift

earlier=bin/vs/$rev
if [ ! -x "$earlier/tickroom" ]; then
	echo "bench-vs: building the server of $rev"
	mkdir -p "$earlier"
	source=$(mktemp -d)
	trap 'rm -rf "$source"' EXIT
	git archive "$rev" | tar -x -C "$source"
	binary=$(pwd)/$earlier/tickroom
	(cd "$source" && go build -o "$binary" ./cmd/tickroom)
fi
echo "bench-vs: building the server of this checkout"
go build -o bin/vs/ ./cmd/tickroom ./cmd/tickload ./cmd/tickbench
exec bin/vs/tickbench -tickroom bin/vs/tickroom -load bin/vs/tickload -before "$earlier/tickroom" "$@"
