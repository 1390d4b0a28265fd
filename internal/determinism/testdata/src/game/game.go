// Package game has what games must not do.
package game

import (
	"context"
	crand "crypto/rand"
	"fmt"
	"math/rand"
	"os"
	"sync"
	"time"
	"unsafe"

	"github.com/tickroom/tickroom/world"
)

var joins int // of all rooms
var table = map[string]int{"a": 1}

func init() { table["b"] = 2 }

type game struct {
	r    *world.Room
	n    int
	done chan bool
}

func kind() world.Kind {
	return world.Kind{
		New:   func(r *world.Room) (world.Game, error) { return &game{r: r}, nil },
		Opens: func(context.Context, *world.Opening) error { _, err := os.ReadFile("shows"); return err },
	}
}

func (g *game) Join(p *world.Player, data []byte) error {
	joins++          // want `joins is a variable of the package`
	table["c"] = 3   // want `table is a variable of the package`
	_ = table["a"]   // read alone
	_ = p.Hash()     // want `world.Interest.Hash depends on when clients were sent something`
	_ = os.Args      // want `os.Args reads what is outside the room`
	_ = crand.Text() // want `rand.Text is not among the room's random numbers`
	return os.ErrInvalid
}

func (g *game) Leave(p *world.Player) {
	_ = fmt.Sprintf("%p", p) // want `%p tells where something is in memory`
	_ = fmt.Sprintf("100%%pure %v", 1)
	_ = uintptr(unsafe.Pointer(p)) // want `an address as a number`
}

func (g *game) Tick() {
	now := time.Now // want `time.Now reads a clock`
	_ = now
	_ = time.Second
	time.AfterFunc(1, func() {}) // want `time.AfterFunc reads a clock`
	g.n += rand.Intn(6)          // want `rand.Intn is not among the room's random numbers`
	g.n += g.r.Rand().IntN(6)
	g.n += rand.New(rand.NewSource(1)).Intn(6)
	go g.Leave(nil)          // want `a goroutine`
	g.done = make(chan bool) // want `a channel`
	g.done <- true           // want `a channel`
	<-g.done                 // want `a channel`
	select {                 // want `select`
	case <-g.done: // want `a channel`
	default:
	}
	for range g.done { // want `a channel`
	}
	var m sync.Map
	m.Range(nil)                                                // want `sync.Map.Range goes through a map`
	ctx, cancel := context.WithTimeout(context.Background(), 1) // want `context.WithTimeout reads a clock`
	_ = ctx
	cancel()
	g.work()
}

// work has work done beside the room, which may do all that.
func (g *game) work() {
	_ = world.Async(g.r, 1, func(ctx context.Context) (*int, error) {
		n := time.Now().Nanosecond()
		return &n, nil
	}, func(*int, error) {
		_ = time.Now() // want `time.Now reads a clock`
	})
	_ = world.Async(g.r, 1, g.outside, func(*int, error) {})
}

func (g *game) outside(context.Context) (*int, error) {
	read()
	return nil, nil
}

func read() { _ = os.Getenv("HOME") }

func marked() {
	_ = time.Now() //tickroom:deterministic what is measured is only logged
	_ = time.Now() // want `time.Now reads a clock`
	//tickroom:deterministic likewise
	_ = time.Now()
	_ = 1 //tickroom:deterministic for no reason // want `stands where nothing is found`
}

// measured is checked as a whole.
//
//tickroom:deterministic nothing of it comes into the room
func measured() {
	_ = time.Now()
	_ = time.Now()
}
