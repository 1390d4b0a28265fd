package room

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/tickroom/tickroom/internal/identity"
	"github.com/tickroom/tickroom/netcode/replica"
	"github.com/tickroom/tickroom/proto/gen/closecode"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/server/internal/metrics"
	"github.com/tickroom/tickroom/server/internal/seat"
	"github.com/tickroom/tickroom/server/internal/socket"
	"github.com/tickroom/tickroom/world"
)

// TestTranscripts plays the scripts in proto/vectors/sessions, which show to those who
// write clients what a session goes through, and compares what comes of them. With
// -rewrite it writes that anew. docs/protocol.md has the notation.
func TestTranscripts(t *testing.T) {
	t.Parallel()
	datadriven.Walk(t, filepath.Join("..", "..", "..", "proto", "vectors", "sessions"), func(t *testing.T, path string) {
		s := &script{t: t}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			s.t, s.d = t, d
			s.out.Reset()
			s.step()
			return s.out.String()
		})
		s.close()
	})
}

// epoch is when a script begins. Each tick takes 50 ms of its time.
var epoch = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

// script is one that is being played: a room, stepped by hand, and those who connect to it.
type script struct {
	t   *testing.T
	d   *datadriven.TestData
	out strings.Builder // what the step shows

	pool    *Pool
	loop    *Loop
	game    *stroll
	devices []*device
	tokens  []string          // of sessions, in the order in which they were seen
	banned  map[string]string // players, and why
	checks  map[string]func(identity.Identity, error)
}

// device is what a script calls by a name: a client, and its newest connection.
type device struct {
	name    string
	wire    *wire   // nil: none
	wires   []*wire // those that it had, too
	replica *replica.Replica
	acks    bool // it acknowledges by itself
}

// step does what the script says next.
func (s *script) step() {
	steps := map[string]func(){
		"room": s.open, "connect": s.connect, "send": s.send, "tick": s.tick, "acknowledge": s.acknowledge, "lose": s.lose, "close": s.bye,
		"break": func() { s.device().wire.broken = true },
		"stall": func() { s.device().wire.busy = true }, "unstall": func() { s.device().wire.busy = false },
		"checked": s.checked, "ban": s.ban, "kick": s.kick, "remove": s.remove, "panic": func() { s.game.broken = true }, "end": s.end,
		"lock": func() { s.loop.engine.room.Lock() }, "unlock": func() { s.loop.engine.room.Unlock() },
		"round": func() { s.game.round = true }, "round-over": func() { s.game.round = false },
	}
	do := steps[s.d.Cmd]
	if do == nil {
		s.d.Fatalf(s.t, "there is no step %s", s.d.Cmd)
	}
	do()
}

func (s *script) say(format string, args ...any) { fmt.Fprintf(&s.out, format+"\n", args...) }

// lines calls fn for each line of the step's input, as its first word and the others.
func (s *script) lines(fn func(key string, words []string)) {
	for line := range strings.Lines(s.d.Input) {
		if words := strings.Fields(line); len(words) > 0 {
			fn(words[0], words[1:])
		}
	}
}

func (s *script) number(text string) uint32 {
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		s.d.Fatalf(s.t, "%s: %q is no number", s.d.Cmd, text)
	}
	return uint32(n)
}

func (s *script) duration(text string) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil {
		s.d.Fatalf(s.t, "%s: %v", s.d.Cmd, err)
	}
	return d
}

// arg returns an argument that the step has by its place.
func (s *script) arg(i int) string {
	if i >= len(s.d.CmdArgs) {
		s.d.Fatalf(s.t, "%s: an argument is missing", s.d.Cmd)
	}
	return s.d.CmdArgs[i].Key
}

// text returns what stands below the step, as one line.
func (s *script) text() string { return strings.Join(strings.Fields(s.d.Input), " ") }

// device returns the one that the step names, new if it was not named before.
func (s *script) device() *device {
	name := s.arg(0)
	for _, d := range s.devices {
		if d.name == name {
			return d
		}
	}
	d := &device{name: name, replica: replica.New(walkersv1.Schema)}
	s.devices = append(s.devices, d)
	return d
}

func (s *script) now() time.Time {
	return epoch.Add(time.Duration(s.loop.engine.tick) * 50 * time.Millisecond)
}

// open makes the room.
func (s *script) open() {
	cfg := Config{Banned: func(player string, _ netip.Addr) (string, bool) { why, banned := s.banned[player]; return why, banned }}
	s.game = &stroll{s: s}
	kind := world.Kind{
		Name: "stroll", Schema: walkersv1.Schema, TickRate: 20, MaxPlayers: 3, Hold: 2, Spectators: true,
		New: func(r *world.Room) (world.Game, error) { return s.game.begin(r) },
	}
	s.lines(func(key string, words []string) {
		switch value := words[0]; key {
		case "places":
			kind.MaxPlayers = int(s.number(value))
		case "places_to_watch":
			kind.MaxSpectators = int(s.number(value))
		case "hold":
			if cfg.Hold = s.duration(value); cfg.Hold == 0 {
				cfg.Hold = -1
			}
		case "silence":
			cfg.IdleTimeout = s.duration(value)
		case "second_device":
			cfg.SecondDevice = value
		case "replies":
			cfg.MaxOutbox = int(s.number(value))
		default:
			s.d.Fatalf(s.t, "a room has no %s", key)
		}
	})
	log := slog.New(slog.DiscardHandler)
	e, err := New("hall", kind, 1, nil, cfg, log)
	if err != nil {
		s.d.Fatalf(s.t, "%v", err)
	}
	if s.pool, err = NewPool(1, true, log); err != nil {
		s.d.Fatalf(s.t, "%v", err)
	}
	s.banned, s.checks = map[string]string{}, map[string]func(identity.Identity, error){}
	s.loop = newLoop(e, s.pool, LoopConfig{
		PlaceFree: func() {}, Ended: func(string) {}, CloseEmpty: func() bool { return false }, Metrics: metrics.New("test").Kind(kind.Name),
		Renew: func(token identity.Token, _ identity.Identity, done func(identity.Identity, error)) bool {
			s.checks[string(token)] = done
			return true
		},
	})
}

// connect opens a connection and says hello. The room answers in its next tick.
func (s *script) connect() {
	d := s.device()
	d.wire = &wire{}
	d.wires = append(d.wires, d.wire)
	hello := &tickroomv1.Hello{Version: 1, Kind: "stroll", Fingerprint: walkersv1.Schema.Fingerprint()}
	j := Joiner{Hello: hello}
	s.lines(func(key string, words []string) {
		switch key {
		case "name":
			hello.Name = words[0]
		case "resume":
			hello.Resume = s.token(words[0])
		case "resume_tick":
			hello.ResumeTick = s.number(words[0])
		case "every":
			hello.Every = s.number(words[0])
		case "spectate":
			hello.Spectate = true
		case "no_schema":
			hello.Fingerprint = 0
		case "token": // of a player, and when it expires
			j.Identity = s.identity(words)
		case "seat": // of a match: team and role
			j.Seat = &seat.Seat{Mode: "duel", Team: uint8(s.number(words[0])), Role: strings.Join(words[1:], " ")}
		default:
			s.d.Fatalf(s.t, "a hello has no %s", key)
		}
	})
	if hello.GetResumeTick() == 0 {
		d.replica.Reset()
	}
	s.loop.Admit(d.wire, j)
}

// identity returns that of "ann" or "ann expires 10s".
func (s *script) identity(words []string) identity.Identity {
	who := identity.Identity{Player: words[0], Roles: identity.Player}
	if len(words) == 3 && words[1] == "expires" {
		who.Expires = s.now().Add(s.duration(words[2]))
	} else if len(words) != 1 {
		s.d.Fatalf(s.t, "a token is of a player, and expires, or not: %q", words)
	}
	return who
}

// send sends one message, which waits for the room's next tick.
func (s *script) send() {
	f := &tickroomv1.ClientFrame{}
	var raw []byte
	s.lines(func(key string, words []string) {
		rest := strings.Join(words[min(1, len(words)):], " ")
		switch key {
		case "ack":
			f.Ack = s.number(words[0])
		case "input":
			in := &walkersv1.WalkerInput{Stop: rest == "stop"}
			f.Inputs = append(f.Inputs, &tickroomv1.Input{Seq: s.number(words[0]), Data: in.AppendProto(nil)})
		case "shout":
			c := &walkersv1.Shout{Text: rest}
			f.Commands = append(f.Commands, &tickroomv1.CommandData{Id: s.number(words[0]), Command: c.CommandID(), Data: c.AppendProto(nil)})
		case "ping":
			f.Ping = &tickroomv1.Ping{ClientTimeUs: uint64(s.number(words[0]))}
		case "every":
			f.Every = s.number(words[0])
		case "token":
			f.Token = words[0]
		case "hello":
			f.Hello = &tickroomv1.Hello{Version: 1}
		case "garbage":
			raw = []byte{0xFF}
		default:
			s.d.Fatalf(s.t, "a message has no %s", key)
		}
	})
	w := s.device().wire
	if w.broken {
		return
	}
	if raw != nil {
		w.up = append(w.up, raw)
		return
	}
	w.say(s.t, f)
}

// acknowledge lets devices acknowledge each snapshot with the next tick, or no more.
func (s *script) acknowledge() { s.device().acks = !s.d.HasArg("no-more") }

// lose breaks a connection: what was under way is lost.
func (s *script) lose() {
	w := s.device().wire
	w.up, w.down = nil, nil
	w.over = &socket.CloseError{Code: closecode.Lost, Remote: true, Err: errors.New("reset")}
}

// bye lets a client close its connection.
func (s *script) bye() {
	s.device().wire.over = &socket.CloseError{Code: int(s.number(s.arg(1))), Remote: true}
}

// checked is the outcome of the check of a token that came within a session.
func (s *script) checked() {
	done := s.checks[s.arg(0)]
	if done == nil {
		s.d.Fatalf(s.t, "no token %s has come", s.arg(0))
	}
	delete(s.checks, s.arg(0))
	if words := strings.Fields(s.d.Input); words[0] == "refused" {
		done(identity.Identity{}, &identity.Error{Reason: strings.Join(words[1:], " ")})
	} else {
		done(s.identity(words), nil)
	}
}

func (s *script) ban() {
	s.banned[s.arg(0)] = s.text()
	s.loop.Expel()
}

func (s *script) kick() {
	if !s.loop.engine.Kick(s.arg(0), s.text()) {
		s.d.Fatalf(s.t, "there is no player %s", s.arg(0))
	}
}

// remove lets the game put a player out, by its number.
func (s *script) remove() {
	for p := range s.game.walkers {
		if p.ID == s.number(s.arg(0)) {
			p.Remove(s.text())
			return
		}
	}
	s.d.Fatalf(s.t, "there is no player %s", s.arg(0))
}

// end ends the room with a close code.
func (s *script) end() {
	s.loop.end(&socket.CloseError{Code: int(s.number(s.arg(0))), Reason: s.text()})
	s.show()
}

// close ends a room that the script has left.
func (s *script) close() {
	if s.loop == nil {
		return
	}
	if !s.loop.inbox.closed {
		s.loop.end(&socket.CloseError{Code: 1001, Reason: "the script is over"})
	}
	if err := s.pool.Close(time.Second); err != nil {
		s.t.Error(err)
	}
}
