#!/usr/bin/env bash
# Checks that what the tests and the linters need is there, and installs what is
# missing from Debian's packages. Go and Node.js have to be there already.
#
#   scripts/setup.sh           check, and install what is missing
#   scripts/setup.sh lint      the same, only for `make lint`
#   scripts/setup.sh --check   check only; exits with 1 when something is missing
set -euo pipefail

check_only=no
all=yes
for arg; do
  case "$arg" in
    --check) check_only=yes ;;
    lint) all=no ;;
    *)
      echo "setup: unknown argument \"$arg\"; usage: scripts/setup.sh [--check] [lint]" >&2
      exit 2
      ;;
  esac
done

# A need is: the Debian package, what it is for, and how to see that it is there.
# Python is Debian's own, /usr/bin/python3, since its modules come as packages.
needs() {
  cat <<'EOF'
shellcheck|the linting of scripts|command -v shellcheck
EOF
  [[ $all == yes ]] || return 0
  cat <<'EOF'
gcc|the race detector and the floor program|command -v gcc
libc6-dev|the race detector and the floor program|test -e /usr/include/stdlib.h
protobuf-compiler|the example client in another language|command -v protoc
libprotobuf-dev|what protoc needs for schemas of games|test -f /usr/include/google/protobuf/descriptor.proto
python3|the example client in another language|test -x /usr/bin/python3
python3-protobuf|the example client in another language|/usr/bin/python3 -c "import google.protobuf"
python3-websockets|the example client in another language|/usr/bin/python3 -c "import websockets"
curl|the examples of the matchmaking service|command -v curl
jq|the examples of the matchmaking service|command -v jq
binutils|the examples of the matchmaking service|command -v strings
redis-server|the tests of what several servers share|command -v redis-server
nginx-light|the test of deploy/nginx.conf|PATH=$PATH:/usr/sbin command -v nginx
chromium|the tests that look at the pages|command -v chromium
fonts-wqy-zenhei|the pages in Chinese, in those tests|test -e /usr/share/fonts/truetype/wqy/wqy-zenhei.ttc
EOF
}

missing_packages() {
  local package purpose check
  while IFS='|' read -r package purpose check; do
    if ! bash -c "$check" >/dev/null 2>&1 </dev/null; then
      echo "setup: $package is missing; it is needed for $purpose" >&2
      echo "$package"
    fi
  done < <(needs)
}

check_go() {
  local want have
  want=$(sed -n 's/^go //p' go.mod)
  if ! command -v go >/dev/null; then
    echo "setup: there is no Go; install version $want or newer and put it in PATH" >&2
    exit 1
  fi
  have=$(go env GOVERSION)
  have=${have#go}
  if [[ $(printf '%s\n%s\n' "$want" "$have" | sort -V | head -n 1) != "$want" ]]; then
    echo "setup: Go $have is too old; install version $want or newer" >&2
    exit 1
  fi
}

cd "$(dirname "$0")/.."
check_go
scripts/node.sh

mapfile -t missing < <(missing_packages)
if ((${#missing[@]} == 0)); then
  echo "setup: everything is there"
  exit 0
fi
if [[ $check_only == yes ]]; then
  echo "setup: install with: apt-get install ${missing[*]}" >&2
  exit 1
fi

as_root=()
if ! command -v apt-get >/dev/null; then
  echo "setup: this is no Debian, so install what corresponds to these packages: ${missing[*]}" >&2
  exit 1
fi
if ((EUID != 0)); then
  if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null; then
    echo "setup: installing needs root; run this once: sudo apt-get install ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo -n)
fi

echo "setup: installing ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for step in update "install --yes --no-install-recommends ${missing[*]}"; do
  # shellcheck disable=SC2086 # the step is several words
  if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 $step >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "setup: apt-get ${step%% *} failed, see above; install these packages by hand: ${missing[*]}" >&2
    exit 1
  fi
done

mapfile -t missing < <(missing_packages)
if ((${#missing[@]} > 0)); then
  echo "setup: installed, and yet not found: ${missing[*]}; look at PATH and at /usr/bin/python3" >&2
  exit 1
fi
echo "setup: done"
