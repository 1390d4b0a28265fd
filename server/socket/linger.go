package socket

import (
	"sync"
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
	all *sync.WaitGroup

	mu      sync.Mutex
	guests  []guest
	running bool
	cutting bool
}

type guest struct {
	fd    detached
	rest  []byte // not written yet
	shut  bool   // the sending side is
	until time.Time
}

func (l *linger) len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.guests)
}

// see takes a descriptor over. The caller holds a place in all.
func (l *linger) see(g guest) {
	if g.step(nil) {
		g.fd.close()
		return
	}
	g.until = time.Now().Add(farewell)
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.guests) >= maxLinger || l.cutting {
		g.fd.close()
		return
	}
	l.guests = append(l.guests, g)
	if !l.running {
		l.running = true
		l.all.Add(1)
		go l.run()
	}
}

// cut makes the goroutine close what is left.
func (l *linger) cut() {
	l.mu.Lock()
	l.cutting = true
	l.mu.Unlock()
}

func (l *linger) run() {
	defer l.all.Done()
	trash := make([]byte, 16<<10)
	tick := time.NewTicker(lingerStep)
	defer tick.Stop()
	for {
		<-tick.C
		now := time.Now()
		l.mu.Lock()
		stay := l.guests[:0]
		for _, g := range l.guests {
			if g.step(trash) || l.cutting || now.After(g.until) {
				g.fd.close()
				continue
			}
			stay = append(stay, g)
		}
		clear(l.guests[len(stay):])
		l.guests = stay
		if len(stay) == 0 {
			l.guests, l.running = nil, false
			l.mu.Unlock()
			return
		}
		l.mu.Unlock()
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
