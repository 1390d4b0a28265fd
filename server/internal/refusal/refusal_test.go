package refusal

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tickroom/tickroom/proto/gen/closecode"
	"github.com/tickroom/tickroom/server/internal/socket"
)

// counts is a Counter.
type counts struct {
	mu sync.Mutex
	n  map[string]int
}

func (c *counts) Refused(stage, why string, code int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == nil {
		c.n = map[string]int{}
	}
	c.n[fmt.Sprint(stage, " ", why, " ", code)]++
}

// journal returns one whose lines have no time.
func journal() (*Journal, *counts, *bytes.Buffer) {
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	c := &counts{}
	return NewJournal(log, c, nil), c, &out
}

func TestARefusalSaysWhyToBoth(t *testing.T) {
	t.Parallel()
	j, counted, out := journal()
	full := New(closecode.RoomFull, "the room is full")
	j.Record(Hello, full, Subject{Player: "ann", Room: "arena-1", Kind: "arena", Client: netip.MustParseAddr("192.0.2.1")})
	j.Record(Hello, New(closecode.SeatRefused, "it has expired").Because("seat_expired").CausedBy(errors.New("10 s ago")), Subject{Player: "bob"})
	j.Record(Hello, TryLater(errors.New("redis: EOF"), "the rooms can't be looked up now"), Subject{})
	j.Record(Hello, Of(errors.New("a bug")), Subject{})
	j.Record(Call, &Refusal{Why: "call_rate", Reason: "slow down"}, Subject{Player: "eve\nlevel=ERROR"})
	j.Record(Session, New(closecode.Kicked, "spam"), Subject{Player: "eve", Room: "arena-1"})
	const want = `
level=INFO msg=refused stage=hello why=room_full code=4003 reason="the room is full" player=ann room=arena-1 kind=arena client=192.0.2.1
level=INFO msg=refused stage=hello why=seat_expired code=4018 reason="it has expired" player=bob cause="10 s ago"
level=WARN msg=refused stage=hello why=try_later code=1013 reason="the rooms can't be looked up now" cause="redis: EOF"
level=ERROR msg=refused stage=hello why=server_fault code=1011 reason="internal error" cause="a bug"
level=INFO msg=refused stage=call why=call_rate reason="slow down" player="eve\nlevel=ERROR"
level=INFO msg="put out" stage=session why=kicked code=4011 reason=spam player=eve room=arena-1
`
	if got := "\n" + out.String(); got != want {
		t.Errorf("logged:%s\nwant:%s", got, want)
	}
	if n := counted.n["hello room_full 4003"]; n != 1 || len(counted.n) != 6 {
		t.Errorf("counted: %v", counted.n)
	}
}

// TestAFloodDoesNotFillTheLog sees that one kind of refusals does not hide another, and
// that none is forgotten.
func TestAFloodDoesNotFillTheLog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		j, counted, out := journal()
		bad := New(closecode.BadHello, "no hello")
		for range 1000 {
			j.Record(Hello, bad, Subject{})
		}
		j.Record(Hello, New(closecode.RoomFull, "full"), Subject{Player: "ann"})
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if len(lines) != linesAtOnce+1 || !strings.Contains(lines[linesAtOnce], "player=ann") {
			t.Errorf("%d lines, the last: %s", len(lines), lines[len(lines)-1])
		}
		out.Reset()
		<-time.After(time.Second)
		j.Record(Hello, bad, Subject{})
		if want := fmt.Sprint("left_out=", 1000-linesAtOnce); !strings.Contains(out.String(), want) {
			t.Errorf("%s; want %s", out, want)
		}
		for range 7 {
			j.Record(Hello, bad, Subject{})
		}
		for range 5 {
			j.Record(Hello, bad, Subject{Player: "eve", Client: netip.MustParseAddr("192.0.2.7")})
		}
		out.Reset()
		j.Flush()
		j.Flush()
		want := fmt.Sprintf("level=WARN msg=\"many refusals\" stage=hello why=bad_hello refused=1013 left_out=%d most_from=192.0.2.7 from_there=5 most_of=eve of_that_player=5 what_to_do=", 1012-linesAtOnce)
		if !strings.HasPrefix(out.String(), want) || strings.Count(out.String(), "\n") != 1 {
			t.Errorf("%s; want %s", out, want)
		}
		if n := counted.n["hello bad_hello 4001"]; n != 1013 {
			t.Errorf("%d are counted", n)
		}
	})
}

func TestOf(t *testing.T) {
	t.Parallel()
	cause := errors.New("cause")
	full := New(closecode.RoomFull, "the %s is full", "room").CausedBy(cause)
	for _, c := range []struct {
		err  error
		want Refusal
	}{
		{full, Refusal{4003, "room_full", "the room is full", cause, 0}},
		{fmt.Errorf("join: %w", full), Refusal{4003, "room_full", "the room is full", cause, 0}},
		{full.Close(), Refusal{4003, "room_full", "the room is full", cause, 0}},
		{GoingAway(), Refusal{1001, "going_away", "the server is going away", nil, 0}},
		{&socket.CloseError{Code: 4999}, Refusal{4999, "other", "", nil, 0}},
		{cause, Refusal{1011, "server_fault", "internal error", cause, slog.LevelError}},
	} {
		if got := Of(c.err); *got != c.want {
			t.Errorf("%v: %+v, want %+v", c.err, *got, c.want)
		}
	}
	if !errors.Is(full, cause) || full.Because("other").Why != "other" || full.Why != "room_full" {
		t.Errorf("%+v", full)
	}
}
