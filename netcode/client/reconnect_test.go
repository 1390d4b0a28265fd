package client

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tickroom/tickroom/proto/gen/closecode"
)

var update = flag.Bool("update", false, "write the decisions of proto/vectors/reconnect.txt anew")

const reconnectFile = "../../proto/vectors/reconnect.txt"

// player plays the lines of reconnect.txt, which explains them at its head.
type player struct {
	t     *testing.T
	state reconnect
	codes map[int]bool // of the "each" lines of the case
}

// client begins a case: "any room, a token that can be fetched".
func (p *player) client(text string) error {
	p.state = reconnect{}
	for what := range strings.SplitSeq(text, ", ") {
		switch what {
		case "any room":
		case "a certain room":
			p.state.certain = true
		case "a token that can be fetched":
			p.state.renewable = true
		case "a seat":
			p.state.seat, p.state.certain = true, true
		case "a saved session":
			p.state.opens = opensResume
		default:
			return fmt.Errorf("what is %q?", what)
		}
	}
	return nil
}

// event plays one event, and returns the decision; empty for a welcome.
func (p *player) event(r *reconnect, at time.Duration, what string) (string, error) {
	name, code, _ := strings.Cut(what, " ")
	switch {
	case what == "welcome":
		r.welcome(at)
		return "", nil
	case what == "refused":
		return r.refused(at).String(), nil
	case what == "no token":
		return r.noToken().String(), nil
	case name == "closed":
		n, err := strconv.ParseUint(code, 10, 16)
		return r.closed(uint16(n), at).String(), err
	}
	return "", fmt.Errorf("what is %q?", what)
}

// line plays one line, and returns it with the decision that was made.
func (p *player) line(text string) (string, error) {
	key, value, ok := strings.Cut(text, ": ")
	switch {
	case text == "" || text[0] == '#' || key == "about":
		return text, nil
	case key == "case":
		p.codes = nil
		return text, nil
	case key == "client":
		return text, p.client(value)
	case !ok:
		return text, fmt.Errorf("%q has no key", text)
	}
	when, each := strings.CutPrefix(key, "each ")
	at, err := time.ParseDuration(strings.ReplaceAll(when, " ", ""))
	if err != nil {
		return text, err
	}
	what, _, _ := strings.Cut(value, " -> ")
	r := p.state
	d, err := p.event(&r, at, what)
	if !each {
		p.state = r
	} else if n, err := strconv.Atoi(strings.TrimPrefix(what, "closed ")); err == nil {
		if p.codes == nil {
			p.codes = map[int]bool{}
		}
		p.codes[n] = true
	}
	if d != "" {
		d = " -> " + d
	}
	return key + ": " + what + d, err
}

// known returns the codes that "each" lines must have: those that are listed, and some
// that are not.
func known() (codes []int) {
	for code := range 5000 {
		if closecode.Name(code) != "" || code == 1004 || code == 3000 || code == 4999 {
			codes = append(codes, code)
		}
	}
	return codes
}

// complete writes the "each" lines of all codes in the place of those that are there.
func complete(lines []string) (out []string) {
	for i, l := range lines {
		key, _, _ := strings.Cut(l, ": ")
		if !strings.HasPrefix(key, "each ") {
			out = append(out, l)
		} else if !strings.HasPrefix(lines[i-1], "each ") {
			for _, code := range known() {
				out = append(out, fmt.Sprintf("%s: closed %d", key, code))
			}
		}
	}
	return out
}

// TestReconnectVectors plays proto/vectors/reconnect.txt, as the TypeScript client does.
func TestReconnectVectors(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile(reconnectFile)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(file), "\n")
	if *update {
		lines = complete(lines)
	}
	p := &player{t: t}
	cases := 0
	for i, l := range lines {
		got, err := p.line(l)
		if err != nil {
			t.Fatalf("line %d: %v", i+1, err)
		}
		if !*update && got != l {
			t.Errorf("line %d:\nhave %s\nwant %s", i+1, got, l)
		}
		lines[i] = got
		if strings.HasPrefix(l, "case: ") {
			cases++
		}
		if strings.HasPrefix(l, "each ") && (i+1 == len(lines) || !strings.HasPrefix(lines[i+1], "each ")) && len(p.codes) != len(known()) {
			t.Errorf("line %d: the case has %d codes of %d; run: make generate", i+1, len(p.codes), len(known()))
		}
	}
	if cases < 10 {
		t.Errorf("there are %d cases", cases)
	}
	if *update {
		if err := os.WriteFile(reconnectFile, []byte(strings.Join(lines, "\n")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestBackWithinASecond holds the pauses to what docs/protocol.md says of them: whenever in
// the first two seconds a server is back, no client is without an attempt for long,
// however unlucky it is with its pauses.
func TestBackWithinASecond(t *testing.T) {
	t.Parallel()
	r := reconnect{}
	r.welcome(0)
	d := r.closed(CloseLost, time.Minute)
	for earliest := time.Duration(0); earliest < 2*time.Second; d = r.closed(CloseLost, time.Minute+earliest) {
		if d.max > 900*time.Millisecond {
			t.Errorf("%v after the loss a client may wait for %v", earliest, d.max)
		}
		earliest += d.min
	}
}

// TestARestartInVirtualTime has 5,000 clients lose a server that is started again, and again
// when all are back: when are they, and how often do they knock in vain?
func TestARestartInVirtualTime(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	const clients, trip = 5000, 50 * time.Millisecond
	all := make([]reconnect, clients)
	now := time.Minute
	for _, first := range []uint16{closecode.GoingAway, CloseLost, closecode.GoingAway} {
		down := time.Duration(rnd.Int64N(int64(1500 * time.Millisecond)))
		var late []time.Duration
		knocks := map[time.Duration]int{} // in vain, by the second
		last := now
		for i := range all {
			r := &all[i]
			r.welcome(now - time.Second)
			at := now
			for d := r.closed(first, at); ; {
				if d.max > 0 {
					at += d.min + time.Duration(rnd.Int64N(int64(d.max-d.min)))
				}
				if at < now+down {
					knocks[(at-now).Truncate(time.Second)]++
					d = r.closed(CloseLost, at)
					continue
				}
				at += trip
				if d.opens == opensJoin {
					break
				}
				d = r.closed(map[opening]uint16{opensResume: closecode.SessionGone, opensSame: closecode.NoSuchRoom}[d.opens], at)
			}
			late = append(late, at-now-down)
			last = max(last, at)
		}
		slices.Sort(late)
		if p99 := late[clients*99/100]; p99 > 900*time.Millisecond {
			t.Errorf("down for %v: 99 of 100 are back after %v", down, p99)
		}
		for second, n := range knocks {
			if n > 5*clients {
				t.Errorf("second %v: %d clients knock %d times in vain", second, clients, n)
			}
		}
		now = last + time.Second
	}
}
