package limits

import (
	"sync"
	"time"
)

// firsts bounds what the first messages of connections have, by address: the state of a room, and
// what a client missed that has come back. A few hundred bytes buy one, and whoever does not
// read leaves it to us. So each counts twice: it is owed, which is forgiven with time; and
// it waits, until the network has taken it. An address that owes too much, or for which too
// much waits, is to come back later; what it was promised already it gets.
type firsts struct {
	most   float64 // that may be owed
	second float64 // by so much it becomes less in a second
	waits  int     // that may wait
	size   int     // most addresses

	mu   sync.Mutex
	tabs map[AddrKey]firstTab
}

// firstTab is what an address has had.
type firstTab struct {
	owed  float64
	at    time.Time // when it owed so much
	waits int
}

// firstSeconds is how long it takes until all is forgiven that an address may owe.
const firstSeconds = 32

func newFirsts(most, size int) *firsts {
	return &firsts{most: float64(most), second: float64(most) / firstSeconds, waits: most / 2, size: size, tabs: map[AddrKey]firstTab{}}
}

// wait returns how long an address is to wait for another first message; 0: it may have one.
func (f *firsts) wait(k AddrKey, now time.Time) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.now(k, now)
	switch {
	case t.owed > f.most:
		return time.Duration((t.owed-f.most)/f.second*float64(time.Second)).Round(time.Second) + time.Second
	case t.waits > f.waits:
		return time.Second
	}
	return 0
}

// now returns what an address owes now.
func (f *firsts) now(k AddrKey, now time.Time) firstTab {
	t := f.tabs[k]
	t.owed = max(0, t.owed-f.second*max(0, now.Sub(t.at).Seconds()))
	t.at = now
	return t
}

// sent counts a message that waits to be taken.
func (f *firsts) sent(k AddrKey, n int, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.now(k, now)
	t.owed += float64(n)
	t.waits += n
	if _, known := f.tabs[k]; !known && len(f.tabs) >= f.size {
		f.sweep(now)
	}
	f.tabs[k] = t
}

// taken notes that a message waits no more.
func (f *firsts) taken(k AddrKey, n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if t, known := f.tabs[k]; known {
		t.waits = max(0, t.waits-n)
		f.tabs[k] = t
	}
}

// sweep forgets the addresses that owe nothing, and for which nothing waits. When there are still
// too many, what they owe is forgiven: each of them has a connection, so they are bounded.
func (f *firsts) sweep(now time.Time) {
	for k := range f.tabs {
		if t := f.now(k, now); t.waits == 0 && (t.owed == 0 || len(f.tabs) >= f.size) {
			delete(f.tabs, k)
		}
	}
	if len(f.tabs) == 0 {
		f.tabs = map[AddrKey]firstTab{}
	}
}

// First returns why the client may not be sent a first message now, a *Denied, or nil.
func (l *Lease) First() error {
	g := l.guard
	if g.firsts == nil || l.exempt {
		return nil
	}
	if wait := g.firsts.wait(l.key, g.o.Now()); wait > 0 {
		return g.deny(&Denied{Reason: FirstBytes, RetryAfter: wait})
	}
	return nil
}

// FirstSent counts a first message of n bytes, which waits to be taken by the network until
// FirstTaken is called, or Release.
func (l *Lease) FirstSent(n int) {
	g := l.guard
	if g.firsts == nil || l.exempt {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.released {
		g.firsts.sent(l.key, n, g.o.Now())
		l.first += n
	}
}

// FirstTaken notes that the network has taken what was sent first.
func (l *Lease) FirstTaken() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.firstTaken()
}

func (l *Lease) firstTaken() {
	if l.first > 0 {
		l.guard.firsts.taken(l.key, l.first)
		l.first = 0
	}
}
