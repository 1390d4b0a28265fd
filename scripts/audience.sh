#!/usr/bin/env bash
# Plays a live room with an audience of bots, and holds what they report to what is required:
#
#   scripts/audience.sh danmaku [RUN...]    viewers who write comments, and a backend that posts gifts
#   scripts/audience.sh quiz [RUN...]       contestants who answer all questions of a show
#
# Runs are: one (one server), two (two servers and a Redis, one of which is killed in the middle and
# started again), redis (the Redis is killed in the middle and started again), failover (its master is
# killed, and a replica takes over). Without any, all of them. Reports go to out/, as text, JSON and a page with
# plots; a line for each run at the end says what it came to.
#
# CLIENTS (10000), TIME (60s; seconds), COMMENTS (500 a second), GIFTS (34 a second), QUESTIONS (12),
# ANSWER (10, seconds to answer), PAUSE (5, seconds between questions), RAMP (500 a second), BOTFLAGS.
# shellcheck disable=SC2317 # some functions are called by others, by their names
set -euo pipefail
cd "$(dirname "$0")/.."

kind=${1:?"danmaku or quiz"}
shift
clients=${CLIENTS:-10000}
time=${TIME:-60}
time=${time%s}
ramp=${RAMP:-500}
comments=${COMMENTS:-500}
gifts=${GIFTS:-34}
questions=${QUESTIONS:-12}
answer=${ANSWER:-10}
pause=${PAUSE:-5}
port=${PORT:-18800} # and some above it

mkdir -p bin out
[[ -n ${NOBUILD:-} ]] || go build -o bin/tickroom ./cmd/tickroom
work=$(mktemp -d)
pids=()
declare -A pid # by what it is

stop_all() {
  for p in "${pids[@]}"; do kill -TERM "$p" 2>/dev/null || true; done
  for p in "${pids[@]}"; do wait "$p" 2>/dev/null || true; done
  pids=()
  pid=()
  rm -rf "$work"/redis "$work"/replica* "$work"/sentinel # the next run begins with nothing
}
trap 'stop_all; rm -rf "$work"' EXIT

# until_open PORT PID: waits until something listens.
until_open() {
  local tries=0
  until (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; do
    if ! kill -0 "$2" 2>/dev/null || ((++tries > 200)); then
      echo "audience: what should listen on port $1 did not come up; see $work and out/" >&2
      exit 1
    fi
    sleep 0.1
  done
}

run_as() { # NAME COMMAND...: starts it, and remembers it as NAME
  local name=$1
  shift
  "$@" &
  pid[$name]=$!
  pids+=($!)
}

redis() { # NAME PORT ARGS...
  local name=$1 at=$2
  shift 2
  mkdir -p "$work/$name"
  run_as "$name" redis-server --port "$at" --bind 127.0.0.1 --dir "$work/$name" --save '' --appendonly yes --appendfsync everysec --daemonize no --logfile "$work/$name/log" "$@"
  until_open "$at" "${pid[$name]}"
}

sentinel() { # PORT MASTER_PORT
  mkdir -p "$work/sentinel"
  cat >"$work/sentinel/conf" <<CONF
port $1
bind 127.0.0.1
dir $work/sentinel
sentinel monitor live 127.0.0.1 $2 1
sentinel down-after-milliseconds live 1500
sentinel failover-timeout live 5000
CONF
  run_as sentinel redis-server "$work/sentinel/conf" --sentinel --logfile "$work/sentinel/log"
  until_open "$1" "${pid[sentinel]}"
}

node() { # NAME PORT FLAGS...: a server for players on PORT, its admin address above it
  local name=$1 at=$2
  shift 2
  run_as "$name" bin/tickroom serve --listen "127.0.0.1:$at" --admin "127.0.0.1:$((at + 1))" "${rules[@]}" "$@" >>"out/live-$kind-$run-$name.log" 2>&1
  until_open "$at" "${pid[$name]}"
}

later() { # SECONDS WHAT...: does what is to happen in the middle
  (sleep "$1"; shift; "$@") &
  pids+=($!)
}

# in_the_middle WHAT: when the bots have joined and a third of their time is over
in_the_middle() { later "$(awk "BEGIN { print $clients / $ramp + 3 + $time / 3 }")" "$@"; }

kill_hard() { kill -KILL "$1" && echo "audience: killed $2 at $(date +%T)"; }

head -c 32 /dev/urandom | base64 >"$work/service.secret"
head -c 32 /dev/urandom | base64 >"$work/seats.secret"
bin/tickroom token --new-key "$work/players.key" >/dev/null
rules=(--seats-secret-files "$work/seats.secret" --service-secret-files "$work/service.secret" --log-level warn --max-pending 10000)
if [[ $kind == quiz ]]; then
  {
    printf 'title: Bots\nmode: points\nseconds: %s\npause: %s\nstart_with: %s\nlead: 0.5\nquestions:\n' "$answer" "$pause" "$clients"
    for ((i = 1; i <= questions; i++)); do
      printf '  - text: Question %d\n    options: [One, Two ✓, Three, Four]\n    answer: B\n' "$i"
    done
  } >"$work/show.yaml"
  rules+=(--kind-option "quiz-show.file=$work/show.yaml" --identity-key-files "$work/players.key.pub")
  time=$((questions * (answer + pause + 2)))
fi

bots() { # SERVERS FLAGS...
  local servers=$1
  shift
  local flags=(--server "$servers" --kind "$kind" --clients "$clients" --ramp "$ramp" --houses --report "out/live-$kind-$run.json" --html "out/live-$kind-$run.html")
  if [[ $kind == danmaku ]]; then
    flags+=(--duration "${time}s" --comments "$comments" --gifts "$gifts" --service-token "$work/token")
  else
    # With tokens, so that whoever loses a house comes to another one as itself.
    flags+=(--duration "$((2 * time + 60))s" --cut 0.02 --slow 0.02 --key-file "$work/players.key")
  fi
  # shellcheck disable=SC2086 # they are words
  bin/tickroom bots "${flags[@]}" "$@" ${BOTFLAGS:-} | tee "out/live-$kind-$run.txt"
}

memory() { # says what each server holds and has used
  for name in "${!pid[@]}"; do
    [[ $name == node* && -r /proc/${pid[$name]}/status ]] || continue
    awk -v n="$name" -v c="$clients" '/VmHWM/ { printf "audience: %s held up to %d MB, %.1f KB for each of %d clients\n", n, $2 / 1024, $2 / c, c }' "/proc/${pid[$name]}/status"
    awk -v n="$name" -v hz="$(getconf CLK_TCK)" '{ printf "audience: %s used %.1f s of processor time\n", n, ($14 + $15) / hz }' "/proc/${pid[$name]}/stat"
  done
}

token() { bin/tickroom token --service --key-file "$work/service.secret" --player bots --scopes post --ttl 2h >"$work/token" 2>/dev/null; }

required=(--require 'failed == 0')
if [[ $kind == danmaku ]]; then
  [[ $gifts == 0 ]] || token
  required+=(--require 'gifts_lost == 0' --require 'gifts_doubled == 0' --require 'gifts_unposted == 0' --require 'over_tier == 0')
  quick=(--require 'comment_ms.p50 <= 300' --require 'comment_ms.p99 <= 700' --require 'own_echo_ms.p99 <= 400')
else
  required+=(--require "questions == $questions" --require 'answers_lost == 0' --require 'answers_doubled == 0' --require 'late_wrongly == 0'
    --require 'rank_errors == 0' --require 'ranks_missing == 0' --require 'count_errors == 0')
  quick=(--require 'reveal_spread_ms.p99 <= 50')
fi

a=$port b=$((port + 2)) r=$((port + 4)) r2=$((port + 5)) r3=$((port + 6)) s=$((port + 7))
both="http://127.0.0.1:$a,http://127.0.0.1:$b"

run_one() {
  node node1 "$a"
  bots "http://127.0.0.1:$a" "${required[@]}" "${quick[@]}"
}

again() { # what happens to the second server
  kill_hard "${pid[node2]}" "the second server"
  sleep 5
  exec bin/tickroom serve --listen "127.0.0.1:$b" --admin "127.0.0.1:$((b + 1))" "${rules[@]}" --redis-addresses "127.0.0.1:$r" >>"out/live-$kind-$run-node2.log" 2>&1
}

run_two() {
  redis redis "$r"
  node node1 "$a" --redis-addresses "127.0.0.1:$r"
  node node2 "$b" --redis-addresses "127.0.0.1:$r"
  in_the_middle again
  bots "$both" --reconnect "${required[@]}"
}

redis_again() {
  kill_hard "${pid[redis]}" Redis
  sleep 5
  echo "audience: Redis is started again at $(date +%T)"
  exec redis-server --port "$r" --bind 127.0.0.1 --dir "$work/redis" --save '' --appendonly yes --appendfsync everysec --daemonize no --logfile "$work/redis/log"
}

run_redis() {
  redis redis "$r"
  node node1 "$a" --redis-addresses "127.0.0.1:$r"
  node node2 "$b" --redis-addresses "127.0.0.1:$r"
  in_the_middle redis_again
  bots "$both" --reconnect "${required[@]}"
}

run_failover() {
  redis redis "$r"
  redis replica "$r2" --replicaof "127.0.0.1 $r"
  redis replica2 "$r3" --replicaof "127.0.0.1 $r" # that of the next master
  sentinel "$s" "$r"
  local there=(--redis-addresses "127.0.0.1:$s" --redis-master live --redis-replicas 1)
  node node1 "$a" "${there[@]}"
  node node2 "$b" "${there[@]}"
  in_the_middle kill_hard "${pid[redis]}" "Redis's master"
  bots "$both" --reconnect "${required[@]}"
}

play() {
  case $run in
    one) run_one ;;
    two) run_two ;;
    redis) run_redis ;;
    failover) run_failover ;;
    *)
      echo "audience: there is no run $run; there are one, two, redis and failover" >&2
      return 1
      ;;
  esac
}

runs=("$@")
if ((${#runs[@]} == 0)); then
  runs=(one two redis failover)
fi
said=()
failed=0
for run in "${runs[@]}"; do
  echo "audience: $kind, $clients clients: $run; load of the machine: $(cut -d ' ' -f 1-3 /proc/loadavg)"
  rm -f out/live-"$kind"-"$run"*
  if play; then said+=("$run: passed"); else said+=("$run: FAILED"); failed=1; fi
  memory | tee -a "out/live-$kind-$run.txt"
  stop_all
done
printf 'audience: %s\n' "${said[@]}"
exit $failed
