package walkers

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/tickroom/tickroom/world"
)

// savedSeat is what the game keeps for a player beside the walker's row.
type savedSeat struct {
	Player, Walker uint32
	Steered        uint32
	Stopped        bool
}

// Save returns the seats, in their order.
func (g *game) Save() ([]byte, error) {
	var b []byte
	for _, s := range g.seats {
		var err error
		if b, err = binary.Append(b, binary.LittleEndian, savedSeat{s.player.ID, uint32(s.walker), s.steered, s.stopped}); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// Restore seats the players again.
func (g *game) Restore(saved []byte) error {
	players := map[uint32]*world.Player{}
	for p := range g.r.Players() {
		players[p.ID] = p
	}
	g.seats = nil
	for r := bytes.NewReader(saved); r.Len() > 0; {
		var s savedSeat
		if err := binary.Read(r, binary.LittleEndian, &s); err != nil {
			return err
		}
		p, row := players[s.Player], g.table.Get(world.Entity(s.Walker))
		if p == nil || row == nil {
			return fmt.Errorf("the walker %d of player %d is not there", s.Walker, s.Player)
		}
		seat := &seat{player: p, walker: world.Entity(s.Walker), row: row, index: len(g.seats), steered: s.Steered, stopped: s.Stopped}
		g.seats = append(g.seats, seat)
		p.Data = seat
	}
	return nil
}
