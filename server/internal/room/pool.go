package room

import (
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/panjf2000/ants/v2"

	"github.com/tickroom/tickroom/server/internal/metrics"
)

// chunk is how many clients one worker reads or writes at a time. Rooms no
// larger are served by their own goroutine, since handing work over costs more
// than a socket call.
const chunk = 64

// Pool runs the chunks of all rooms' reads and writes, and lends Workers.
type Pool struct {
	ants  *ants.Pool
	plain bool

	mu   sync.Mutex
	idle []*Worker // as many as ever worked at once
}

// NewPool makes a Pool of so many goroutines. If plain is set its workers do
// without io_uring.
func NewPool(size int, plain bool, log *slog.Logger) (*Pool, error) {
	p := &Pool{plain: plain}
	var err error
	p.ants, err = ants.NewPool(size, ants.WithNonblocking(true), ants.WithPanicHandler(func(v any) {
		// A chunk contains its own panics; this is the last resort.
		log.Error("a worker panicked", "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
	}))
	if err != nil {
		return nil, fmt.Errorf("room: worker pool: %w", err)
	}
	return p, nil
}

// Close ends the pool's goroutines. All loops must have ended.
func (p *Pool) Close(timeout time.Duration) error {
	p.mu.Lock()
	for _, w := range p.idle {
		w.Close()
	}
	p.idle = nil
	p.mu.Unlock()
	if err := p.ants.ReleaseTimeout(timeout); err != nil {
		return fmt.Errorf("room: worker pool: %w", err)
	}
	return nil
}

// borrow returns a worker, the one that came back last, whose memory is warm.
func (p *Pool) borrow() *Worker {
	p.mu.Lock()
	if n := len(p.idle); n > 0 {
		w := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		return w
	}
	p.mu.Unlock()
	return NewWorker(p.plain)
}

// giveBack takes a worker back, which keeps nothing of a room's.
func (p *Pool) giveBack(w *Worker) {
	w.world.Release()
	p.mu.Lock()
	p.idle = append(p.idle, w)
	p.mu.Unlock()
}

// each calls fn for all clients, in parallel where they are many.
func (l *Loop) each(fn func(*Engine, []*Client, *Worker)) {
	clients := l.engine.clients
	if len(clients) <= chunk {
		l.pool.giveBack(l.part(l.pool.borrow(), clients, fn, &l.stats.Counts))
		return
	}
	parts := (len(clients) + chunk - 1) / chunk
	counts := make([]metrics.Counts, parts)
	// The parts are handed out by a counter, so that the room's own goroutine
	// does all that the pool has no worker for.
	var taken atomic.Int32
	work := func() {
		// One worker for all parts that are done here: what it has put together for
		// some clients others need as well.
		w := l.pool.borrow()
		for {
			i := int(taken.Add(1)) - 1
			if i >= parts {
				break
			}
			w = l.part(w, clients[i*chunk:min((i+1)*chunk, len(clients))], fn, &counts[i])
		}
		l.pool.giveBack(w)
	}
	for range min(parts-1, l.pool.ants.Cap()) {
		l.parts.Add(1)
		if err := l.pool.ants.Submit(func() { defer l.parts.Done(); work() }); err != nil {
			l.parts.Done()
			break
		}
	}
	work()
	l.parts.Wait()
	for i := range counts {
		l.stats.Counts.Add(&counts[i])
	}
}

// part calls fn for some clients with a worker, and returns it, or another one in its place. A panic ends
// the room, not the process.
func (l *Loop) part(w *Worker, clients []*Client, fn func(*Engine, []*Client, *Worker), counts *metrics.Counts) (same *Worker) {
	defer func() {
		if p := recover(); p != nil {
			err := fmt.Errorf("room: panic while reading or writing: %v", p)
			l.partFailed.Store(&err)
			l.log.Error("reading or writing clients panicked; the room ends", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			w.Close() // its memory may be in any state
			same = l.pool.borrow()
		}
	}()
	w.counts = metrics.Counts{}
	fn(l.engine, clients, w)
	counts.Add(&w.counts)
	return w
}
