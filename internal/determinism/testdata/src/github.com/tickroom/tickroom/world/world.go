// Package world is as much of the real one as the check knows.
package world

import (
	"context"
	"math/rand/v2"
)

type Player struct{ *Interest }

type Interest struct{}

func (in *Interest) Hash() uint64 { return 0 }

type Room struct{}

func (r *Room) Rand() *rand.Rand { return nil }

type Game interface {
	Join(p *Player, data []byte) error
	Leave(p *Player)
	Tick()
}

type Opening struct{}

type Kind struct {
	New   func(r *Room) (Game, error)
	Opens func(ctx context.Context, o *Opening) error
}

func Async[R any](r *Room, limit float64, work func(ctx context.Context) (*R, error), done func(res *R, err error)) error {
	return nil
}
