// Package pressure says when the server is short of memory: when its control group (that of a
// container, or of a systemd unit with MemoryMax=) is about to be full, after which the kernel would kill
// it. Until then new work is refused, and what runs goes on.
package pressure

import (
	"context"
	"log/slog"
	"math"
	"os"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// Of the limit.
const (
	// High is which part must be used for new work to be refused.
	High = 0.90
	// Low is the part below which it is taken again.
	Low = 0.80
	// Heap is the part from which Go's garbage collector works harder rather than take more.
	Heap = 0.85
)

// every is how often memory is looked at: three small files.
const every = 250 * time.Millisecond

// freeEvery is how often at most memory is given back to the kernel at once, which costs a
// collection.
const freeEvery = 10 * time.Second

// Options of a Gauge. The zero value of a field means its default.
type Options struct {
	// Read returns how much memory there is. Default: there is no limit.
	Read func() (Memory, error)
	// OnChange is called when pressure begins and ends. It must not block.
	OnChange func(under bool)
	// Free gives memory back to the kernel. Default: debug.FreeOSMemory.
	Free   func()
	Logger *slog.Logger
}

// Gauge knows whether there is pressure. Under may be called from any goroutine, the rest by
// one.
type Gauge struct {
	o      Options
	under  atomic.Bool
	limit  atomic.Uint64
	used   atomic.Uint64
	freed  time.Time
	failed bool
}

// New returns a gauge.
func New(o Options) *Gauge {
	if o.OnChange == nil {
		o.OnChange = func(bool) {}
	}
	if o.Free == nil {
		o.Free = debug.FreeOSMemory
	}
	return &Gauge{o: o}
}

// Under reports whether the server is short of memory. That of a nil gauge is not.
func (g *Gauge) Under() bool { return g != nil && g.under.Load() }

// Memory returns what was read last.
func (g *Gauge) Memory() Memory { return Memory{Limit: g.limit.Load(), Used: g.used.Load()} }

// LimitHeap has Go's garbage collector keep below the limit, unless GOMEMLIMIT says something
// else. It returns false if there is no limit.
func (g *Gauge) LimitHeap() bool {
	m, err := g.read()
	if err != nil || m.Limit == 0 {
		return false
	}
	heap := int64(float64(min(m.Limit, math.MaxInt64)) * Heap)
	by := "GOMEMLIMIT"
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(heap)
		by = "the control group"
	}
	g.o.Logger.Info("memory is limited", "limit_mb", m.Limit>>20, "used_mb", m.Used>>20, "go_memory_limit_mb", debug.SetMemoryLimit(-1)>>20, "set_by", by,
		"new_work_refused_at_mb", uint64(float64(m.Limit)*High)>>20)
	return true
}

// Run looks at the memory until ctx is done.
func (g *Gauge) Run(ctx context.Context) {
	if g.o.Read == nil {
		return
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			g.Look(time.Now())
		case <-ctx.Done():
			return
		}
	}
}

func (g *Gauge) read() (Memory, error) {
	if g.o.Read == nil {
		return Memory{}, nil
	}
	m, err := g.o.Read()
	if err == nil {
		g.limit.Store(m.Limit)
		g.used.Store(m.Used)
	}
	return m, err
}

// Look looks at the memory once.
func (g *Gauge) Look(now time.Time) {
	m, err := g.read()
	if err != nil {
		if !g.failed {
			g.o.Logger.Warn("how much memory there is can't be read; nobody is refused for lack of it", "error", err)
		}
		g.failed = true
		m = Memory{}
	} else {
		g.failed = false
	}
	switch share := m.share(); {
	case share >= High:
		if !g.under.Swap(true) {
			g.o.Logger.Warn("short of memory: new players, rooms and tickets are refused until there is some again",
				"used_mb", m.Used>>20, "limit_mb", m.Limit>>20,
				"what_to_do", "see /top and /rooms of the admin address for who takes it; allow more (MemoryMax= of systemd, --memory of containers), or lower max_connections and max_rooms")
			g.o.OnChange(true)
		}
		// What is used may be what the heap has not given back.
		if now.Sub(g.freed) >= freeEvery {
			g.freed = now
			g.o.Free()
		}
	case share < Low && g.under.Swap(false):
		g.o.Logger.Info("there is memory again", "used_mb", m.Used>>20, "limit_mb", m.Limit>>20)
		g.o.OnChange(false)
	}
}
