package operator

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/tickroom/tickroom/server/internal/admin"
	"github.com/tickroom/tickroom/server/internal/limits"
	"github.com/tickroom/tickroom/server/internal/registry"
	"github.com/tickroom/tickroom/server/internal/room"
)

const (
	// answerTimeout bounds how long an operator waits for a room's next tick.
	answerTimeout = 5 * time.Second
	// kickedFor is for how long a player is kept out who is kicked on another server.
	kickedFor = 15 * time.Second
	// maxAsked is how many rooms are asked at once.
	maxAsked = 256
)

// Players implements admin.Players.
type Players struct {
	Registry *registry.Registry
	// Bans are those of the server, and Shared is set if other servers hear of them.
	Bans   limits.Bans
	Shared bool
}

// Players returns the players in a room, or all.
func (o Players) Players(ctx context.Context, id string) ([]admin.PlayerInfo, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	rooms := o.Registry.Entries()
	if id != "" {
		e := o.Registry.Get(id)
		if e == nil {
			return nil, admin.ErrNoRoom
		}
		rooms = []*registry.Entry{e}
	}
	// All at once: each answers with its next tick.
	lists, errs := make([][]admin.PlayerInfo, len(rooms)), make([]error, len(rooms))
	var wg sync.WaitGroup
	places := make(chan struct{}, maxAsked)
	for i, e := range rooms {
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			lists[i], errs[i] = playersOf(ctx, e)
		})
	}
	wg.Wait()
	return slices.Concat(lists...), errors.Join(errs...)
}

func playersOf(ctx context.Context, e *registry.Entry) ([]admin.PlayerInfo, error) {
	info := e.Info()
	if info.Clients+info.Held == 0 {
		return nil, nil
	}
	answer := make(chan []room.PlayerInfo, 1)
	err := e.Do(ctx, func(r *room.Engine) { answer <- r.Players() })
	if errors.Is(err, room.ErrEnded) {
		return nil, nil
	}
	if err != nil {
		return nil, noAnswer(e, err)
	}
	var out []admin.PlayerInfo
	for _, p := range <-answer {
		out = append(out, playerInfo(info, &p))
	}
	return out, nil
}

func noAnswer(e *registry.Entry, err error) error {
	return fmt.Errorf("server: room %s does not answer: %w", e.ID, err)
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

// Kick ends the sessions of a player, wherever it is.
func (o Players) Kick(ctx context.Context, player, reason string) (rooms []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	for _, e := range o.Registry.Of(player) {
		kicked := false
		err := e.Do(ctx, func(r *room.Engine) { kicked = r.Kick(player, reason) })
		if err != nil && !errors.Is(err, room.ErrEnded) {
			return rooms, noAnswer(e, err)
		}
		if kicked {
			rooms = append(rooms, e.ID)
		}
	}
	if len(rooms) > 0 {
		return rooms, nil
	}
	if !o.Shared {
		return nil, admin.ErrNoPlayer
	}
	return nil, o.kickElsewhere(ctx, player, reason)
}

// kickElsewhere kicks a player on whichever server it is: those that share a Redis hear of
// bans, and this one is over in a moment.
func (o Players) kickElsewhere(ctx context.Context, player, reason string) error {
	now := time.Now()
	if b, banned := o.Bans.Check(player, netip.Addr{}, now); banned && b.Player != "" {
		return nil // it is out for longer than that
	}
	if cut := limits.MaxReason; len(reason) > cut { // a ban says until when it holds before that
		for cut > 0 && !utf8.RuneStart(reason[cut]) {
			cut--
		}
		reason = reason[:cut]
	}
	if err := o.Bans.Add(ctx, limits.Ban{Player: player, Since: now, Until: now.Add(kickedFor), Reason: reason, By: "kick"}); err != nil {
		return fmt.Errorf("server: the other servers can't be told: %w", err)
	}
	return nil
}
