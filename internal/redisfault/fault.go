// Package redisfault is a proxy before a redis-server that does harm on purpose: calls and
// answers are lost, late or repeated, connections break, and the whole line hangs. So tests
// see what a network and a Redis in trouble do to whoever relies on them.
//
//	fault.go  the faults, and plans of them: which call suffers which
//	resp.go   where calls and answers begin and end
//	proxy.go  the Proxy, with what concerns all lines
//	line.go   one connection
//
// It speaks RESP2 and RESP3, with pipelines, pushes and subscriptions. A line on which a
// client sends SUBSCRIBE or the like passes everything on from then on; it can still hang and
// be cut. CLIENT REPLY and replication are not understood.
package redisfault

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"sync"
	"time"
)

// Kind is what happens to a call.
type Kind uint8

// The kinds of faults. TCP loses nothing from the middle of a connection, and neither does a
// Proxy: what is lost is lost with all that comes after it on that connection.
const (
	// None does no harm.
	None Kind = iota
	// LoseCall has the call never arrive. Nothing more does on this line, and nothing is
	// answered, until the client gives up.
	LoseCall
	// LoseAnswer has the call done, and its answer never arrive, nor any after it.
	LoseAnswer
	// Repeat has the call done once more, After the first time. The second answer is
	// swallowed. With a delay, other calls may come in between, and the client may be gone:
	// so it is when a client tries again and what it sent first was only late.
	Repeat
	// DelayCall holds the call back, with those behind it. It is done even if the client has
	// given up meanwhile.
	DelayCall
	// DelayAnswer has the call done, and holds the answer back, with those behind it.
	DelayAnswer
	// CutCall breaks the connection before the call has arrived.
	CutCall
	// CutAnswer has the call done, and breaks the connection in the middle of the answer.
	CutAnswer

	kinds
)

var names = [kinds]string{"none", "call lost", "answer lost", "repeated", "call late", "answer late", "cut before the call", "cut in the answer"}

func (k Kind) String() string { return names[k] }

// Kinds returns all that do harm.
func Kinds() []Kind {
	return []Kind{LoseCall, LoseAnswer, Repeat, DelayCall, DelayAnswer, CutCall, CutAnswer}
}

// Fault is a fault that a call suffers.
type Fault struct {
	Kind Kind
	// After is how long what is late waits.
	After time.Duration
}

// Call is a call as a Plan sees it.
type Call struct {
	// Name is the command, in capitals.
	Name string
	// Args are the command and its arguments. They are good until the Plan returns.
	Args [][]byte
	// bound means that the call is part of what its connection is in the middle of.
	bound bool
}

// Has reports whether one of the arguments is, or begins with, a text: a key, or the name of a
// script's function.
func (c *Call) Has(text string) bool {
	for _, a := range c.Args[1:] {
		if bytes.HasPrefix(a, []byte(text)) {
			return true
		}
	}
	return false
}

// Plain reports whether the call stands for itself. Others set a connection up, belong to a
// transaction or a subscription, or wait for something; to repeat one of them would be an
// error that no network makes.
func (c *Call) Plain() bool { return !c.bound && !setup[c.Name] && !subscribes[c.Name] }

var setup = set("HELLO AUTH SELECT CLIENT RESET QUIT READONLY READWRITE ASKING MULTI EXEC DISCARD WATCH UNWATCH WAIT WAITAOF " +
	"BLPOP BRPOP BRPOPLPUSH BLMOVE BLMPOP BZPOPMIN BZPOPMAX BZMPOP XREAD XREADGROUP")

var subscribes = set("SUBSCRIBE PSUBSCRIBE SSUBSCRIBE MONITOR")

func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

// Plan says what happens to a call. It is called from several goroutines.
type Plan func(c *Call) Fault

// Odds are how likely a call suffers each fault, from 0 to 1 in all.
type Odds struct {
	LoseCall, LoseAnswer, Repeat, DelayCall, DelayAnswer, CutCall, CutAnswer float64
	// Late is the longest that something is late; the shortest is none.
	Late time.Duration
}

// Plan returns a plan that harms plain calls at random. A call for which only returns false
// is spared; nil: none is. The same calls in the same order suffer the same with the same seed.
func (o Odds) Plan(seed uint64, only func(*Call) bool) Plan {
	var mu sync.Mutex
	rnd := rand.New(rand.NewPCG(seed, 0x7265646973)) //nolint:gosec // to be repeated
	return func(c *Call) Fault {
		if !c.Plain() || only != nil && !only(c) {
			return Fault{}
		}
		mu.Lock()
		defer mu.Unlock()
		drawn, late := rnd.Float64(), time.Duration(rnd.Float64()*float64(o.Late))
		for i, p := range []float64{o.LoseCall, o.LoseAnswer, o.Repeat, o.DelayCall, o.DelayAnswer, o.CutCall, o.CutAnswer} {
			if drawn < p {
				return Fault{Kinds()[i], late}
			}
			drawn -= p
		}
		return Fault{}
	}
}
