package registry

import (
	"slices"
	"sync"
)

// players knows which rooms of this server the players have sessions in.
type players struct {
	mu sync.Mutex
	in map[string][]*Entry // by player's id, in the order of joining
}

func newPlayers() players { return players{in: map[string][]*Entry{}} }

func (p *players) joined(player string, e *Entry) {
	if player == "" {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.in[player] = append(p.in[player], e)
}

func (p *players) left(player string, e *Entry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	rest := slices.DeleteFunc(p.in[player], func(o *Entry) bool { return o == e })
	if len(rest) == 0 {
		delete(p.in, player)
		return
	}
	p.in[player] = rest
}

// of returns the rooms that a player has sessions in, the newest first.
func (p *players) of(player string) []*Entry {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := slices.Clone(p.in[player])
	slices.Reverse(list)
	return list
}

// find returns the room with the id, or if that is empty the newest of the kind, if the
// player has a session there; else nil.
func (p *players) find(player, kind, id string) *Entry {
	if player == "" {
		return nil
	}
	for _, e := range p.of(player) {
		if id != "" && e.ID == id && (kind == "" || kind == e.Kind) || id == "" && e.Kind == kind {
			return e
		}
	}
	return nil
}
