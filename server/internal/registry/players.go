package registry

import (
	"slices"
	"sync"
)

// players knows which rooms of this server the players have sessions in.
type players struct {
	mu sync.Mutex
	in map[string][]stay // by player's id, in the order of joining
}

// stay is a session: a player has one to play by and one to watch by in a room, at most.
type stay struct {
	in      *Entry
	watches bool
}

func newPlayers() players { return players{in: map[string][]stay{}} }

func (p *players) joined(player string, s stay) {
	if player == "" {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.in[player] = append(p.in[player], s)
}

func (p *players) left(player string, s stay) {
	p.mu.Lock()
	defer p.mu.Unlock()
	rest := slices.DeleteFunc(p.in[player], func(o stay) bool { return o == s })
	if len(rest) == 0 {
		delete(p.in, player)
		return
	}
	p.in[player] = rest
}

// of returns the rooms that a player has sessions in, each once, the newest first.
func (p *players) of(player string) []*Entry {
	var rooms []*Entry
	for _, s := range p.stays(player) {
		if !slices.Contains(rooms, s.in) {
			rooms = append(rooms, s.in)
		}
	}
	return rooms
}

// stays returns a player's sessions, the newest first.
func (p *players) stays(player string) []stay {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := slices.Clone(p.in[player])
	slices.Reverse(list)
	return list
}

// find returns the room with the id, or if that is empty the newest of the kind, if the
// player has a session there to play by, or to watch by; else nil. Among houses it is one of the show
// of that name.
func (p *players) find(player, kind, id, show string, watches bool) *Entry {
	if player == "" {
		return nil
	}
	for _, s := range p.stays(player) {
		e := s.in
		if s.watches == watches && (id != "" && e.ID == id && (kind == "" || kind == e.Kind) || id == "" && e.Kind == kind && (e.of == nil || e.of.Name == show)) {
			return e
		}
	}
	return nil
}
