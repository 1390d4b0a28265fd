package server

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/tickroom/tickroom/server/internal/admin"
	"github.com/tickroom/tickroom/server/internal/limits"
	"github.com/tickroom/tickroom/server/internal/room"
)

// crowdTimeout bounds how long an operator waits for a room's next tick.
const crowdTimeout = 5 * time.Second

// kickedFor is for how long a player is kept out who is kicked on another server.
const kickedFor = 15 * time.Second

// maxAsked is how many rooms are asked at once.
const maxAsked = 256

// crowd is the players of the server as an operator sees them.
type crowd struct{ s *Server }

func (c crowd) Players(ctx context.Context, id string) ([]admin.PlayerInfo, error) {
	ctx, cancel := context.WithTimeout(ctx, crowdTimeout)
	defer cancel()
	loops := c.s.rooms.loops()
	if id != "" {
		l := c.s.rooms.find(id)
		if l == nil {
			return nil, admin.ErrNoRoom
		}
		loops = []*room.Loop{l}
	}
	// All at once: each answers with its next tick.
	lists, errs := make([][]admin.PlayerInfo, len(loops)), make([]error, len(loops))
	var wg sync.WaitGroup
	places := make(chan struct{}, maxAsked)
	for i, l := range loops {
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			lists[i], errs[i] = playersOf(ctx, l)
		})
	}
	wg.Wait()
	return slices.Concat(lists...), errors.Join(errs...)
}

func playersOf(ctx context.Context, l *room.Loop) ([]admin.PlayerInfo, error) {
	info := l.Info()
	if info.Clients+info.Held == 0 {
		return nil, nil
	}
	answer := make(chan []room.PlayerInfo, 1)
	err := l.Do(ctx, func(r *room.Engine) { answer <- r.Players() })
	if errors.Is(err, room.ErrEnded) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("server: room %s does not answer: %w", info.ID, err)
	}
	var out []admin.PlayerInfo
	for _, p := range <-answer {
		out = append(out, playerInfo(info, &p))
	}
	return out, nil
}

func playerInfo(in room.Info, p *room.PlayerInfo) admin.PlayerInfo {
	i := admin.PlayerInfo{
		ID: p.Player, Name: p.Name, Room: in.ID, Kind: in.Kind, Number: p.Number, Roles: p.Roles, Guest: p.Guest, Spectator: p.Spectator,
		Away: p.Away, Address: p.Address, RTTMillis: math.Round(float64(p.RTT)/float64(time.Microsecond)) / 1000,
	}
	if !p.Expires.IsZero() {
		i.Expires = &p.Expires
	}
	return i
}

func (c crowd) Kick(ctx context.Context, player, reason string) (rooms []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, crowdTimeout)
	defer cancel()
	for _, l := range c.s.people.rooms(player) {
		kicked := false
		err := l.Do(ctx, func(r *room.Engine) { kicked = r.Kick(player, reason) })
		if err != nil && !errors.Is(err, room.ErrEnded) {
			return rooms, fmt.Errorf("server: room %s does not answer: %w", l.Info().ID, err)
		}
		if kicked {
			rooms = append(rooms, l.Info().ID)
		}
	}
	if len(rooms) > 0 {
		return rooms, nil
	}
	if !c.s.cfg.Redis.Enabled() {
		return nil, admin.ErrNoPlayer
	}
	// Wherever the player is: the servers that share a Redis hear of bans, and this one
	// is over in a moment.
	if b, banned := c.s.bans.Check(player, netip.Addr{}, time.Now()); banned && b.Player != "" {
		return nil, nil // it is out for longer than that
	}
	now := time.Now()
	if err := c.s.bans.Add(ctx, limits.Ban{Player: player, Since: now, Until: now.Add(kickedFor), Reason: reason, By: "kick"}); err != nil {
		return nil, fmt.Errorf("server: the other servers can't be told: %w", err)
	}
	return nil, nil
}
