package server

import (
	"slices"
	"sync"

	"github.com/tickroom/tickroom/server/internal/room"
)

// people knows which rooms of this server the players have sessions in.
type people struct {
	mu sync.Mutex
	in map[string][]*room.Loop // by player's id
}

func newPeople() *people { return &people{in: map[string][]*room.Loop{}} }

func (p *people) joined(player string, l *room.Loop) {
	if player == "" {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.in[player] = append(p.in[player], l)
}

func (p *people) left(player string, l *room.Loop) {
	p.mu.Lock()
	defer p.mu.Unlock()
	rest := slices.DeleteFunc(p.in[player], func(o *room.Loop) bool { return o == l })
	if len(rest) == 0 {
		delete(p.in, player)
		return
	}
	p.in[player] = rest
}

// rooms gives the rooms that a player has sessions in, the newest first.
func (p *people) rooms(player string) []*room.Loop {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := slices.Clone(p.in[player])
	slices.Reverse(list)
	return list
}

// room gives the room with the id, or if that is empty the newest of the kind, if the
// player has a session there; else nil.
func (p *people) room(player, kind, id string) *room.Loop {
	if player == "" {
		return nil
	}
	for _, l := range p.rooms(player) {
		i := l.Info()
		if id != "" && i.ID == id && (kind == "" || kind == i.Kind) || id == "" && i.Kind == kind {
			return l
		}
	}
	return nil
}
