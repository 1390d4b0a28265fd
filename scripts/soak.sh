#!/usr/bin/env bash
# Plays for a while against a server of its own, with clients that leave, come
# back and read slowly: walkers in rooms of ten, then everybody in one arena.
# Fails on a desync or an unexpected error. Reports go to out/.
#
# SOAK_CLIENTS (1000) and SOAK_TIME (60s) say how many and for how long. With SOAK_TLS=1 they come by wss.
set -euo pipefail
cd "$(dirname "$0")/.."

clients=${SOAK_CLIENTS:-1000}
time=${SOAK_TIME:-60s}
listen=${SOAK_LISTEN:-127.0.0.1:7787}
admin=${SOAK_ADMIN:-127.0.0.1:7788}

mkdir -p bin out
url=http://$listen
server_tls=()
bots_tls=()
if [[ -n ${SOAK_TLS:-} ]]; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost -days 2 \
    -keyout out/soak.key -out out/soak.pem 2>/dev/null
  url=https://$listen
  server_tls=(--tls-cert out/soak.pem --tls-key out/soak.key)
  bots_tls=(--insecure)
fi
go build -o bin/tickroom ./cmd/tickroom

server=
stop_server() {
  if [[ -n $server ]]; then
    kill -TERM "$server" 2>/dev/null || true
    wait "$server" || true
    server=
  fi
}
trap stop_server EXIT

soak() {
  local kind=$1
  shift
  echo "soak: $clients $kind bots, $time"
  bin/tickroom serve --listen "$listen" --admin "$admin" "${server_tls[@]}" "$@" >"out/soak-$kind.log" 2>&1 &
  server=$!
  local tries=0
  until (exec 3<>"/dev/tcp/${admin%:*}/${admin##*:}") 2>/dev/null; do
    if ! kill -0 "$server" 2>/dev/null || ((++tries > 100)); then
      echo "soak: the server did not come up, see out/soak-$kind.log" >&2
      exit 1
    fi
    sleep 0.1
  done
  bin/tickroom bots --server "$url" "${bots_tls[@]}" --kind "$kind" --clients "$clients" --duration "$time" \
    --churn 0.02 --slow 0.05 --report "out/soak-$kind.json"
  stop_server
}

soak walkers --kind-option walkers.players=10
soak arena --kind-option "arena.players=$clients"
echo "soak: passed"
