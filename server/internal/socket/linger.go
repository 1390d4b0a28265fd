package socket

import (
	"sync"
	"sync/atomic"
	"time"
)

const (
	maxLinger  = 4096 // over it a connection that has ended is closed at once
	lingerStep = 20 * time.Millisecond
)

// linger sees connections off that have ended: their last bytes, the close frame among them,
// are written, the sending side is shut, and what the peer still sends is thrown away until
// it closes too, or for two seconds. Its goroutine lives while there is one to see off.
type linger struct {
	all     *sync.WaitGroup
	count   atomic.Int64 // of guests; over maxLinger none is taken
	cutting atomic.Bool  // those who are left are to be closed

	// Guarded by mu, which is never held during a system call: those who end connections
	// are ticks.
	mu      sync.Mutex
	arrived []guest // whom the goroutine has not taken in yet
	running bool    // there is a goroutine
}

// guest is a connection that has ended.
type guest struct {
	fd    detached
	rest  []byte    // not written yet
	shut  bool      // the sending side is shut
	until time.Time // when it is closed in any case
}

// len returns the number of guests.
func (l *linger) len() int { return int(l.count.Load()) }

// seeOff takes a descriptor over. The caller holds a place in all.
func (l *linger) seeOff(g guest) {
	if g.step(nil) {
		g.fd.close()
		return
	}
	if l.count.Add(1) > maxLinger || l.cutting.Load() {
		l.count.Add(-1)
		g.fd.close()
		return
	}
	g.until = time.Now().Add(farewell)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.arrived = append(l.arrived, g)
	if !l.running {
		l.running = true
		l.all.Add(1)
		go l.run()
	}
}

// cut makes the goroutine close what is left.
func (l *linger) cut() { l.cutting.Store(true) }

func (l *linger) run() {
	defer l.all.Done()
	var guests []guest
	trash := make([]byte, 16<<10)
	tick := time.NewTicker(lingerStep)
	defer tick.Stop()
	for {
		l.mu.Lock()
		guests = append(guests, l.arrived...)
		l.arrived = nil
		if len(guests) == 0 {
			l.running = false
			l.mu.Unlock()
			return
		}
		l.mu.Unlock()
		now := <-tick.C
		stay := guests[:0]
		for _, g := range guests {
			if g.step(trash) || l.cutting.Load() || now.After(g.until) {
				g.fd.close()
				l.count.Add(-1)
				continue
			}
			stay = append(stay, g)
		}
		clear(guests[len(stay):])
		guests = stay
	}
}

// step goes as far as the kernel lets it and reports whether the descriptor can be closed.
func (g *guest) step(trash []byte) bool {
	if len(g.rest) > 0 {
		n, err := g.fd.send(g.rest)
		if err != nil {
			return true
		}
		if g.rest = g.rest[n:]; len(g.rest) > 0 {
			return false
		}
		g.rest = nil
	}
	if !g.shut {
		g.shut = true
		if g.fd.shutdown() != nil {
			return true
		}
	}
	var small [256]byte
	if trash == nil {
		trash = small[:]
	}
	for range 4 {
		n, again, err := g.fd.recv(trash)
		if again {
			return false
		}
		if err != nil || n == 0 {
			return true
		}
	}
	return false
}
