package faults

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"time"
)

const (
	// polls, pollEvery apart, are how long the directory may take to tell the truth: five
	// seconds. On a busy machine each takes longer, and so has everything else.
	polls     = 100
	pollEvery = 50 * time.Millisecond
)

// inside is who is in a room, those whose session is held included.
type inside struct {
	node              string
	players, watchers int
}

// truth returns what the servers know of their rooms.
func (s *site) truth(ctx context.Context) (map[string]inside, error) {
	all := map[string]inside{}
	for i, srv := range s.servers {
		node := string(rune('a' + i))
		var rooms struct {
			Rooms []struct{ ID string }
		}
		var players struct {
			Players []struct {
				Room      string
				Spectator bool
			}
		}
		base := "http://" + srv.AdminAddr().String()
		if err := errors.Join(s.get(ctx, base+"/players?limit=100000", &players), s.get(ctx, base+"/rooms", &rooms)); err != nil {
			return nil, err
		}
		for _, r := range rooms.Rooms {
			all[r.ID] = inside{node: node}
		}
		for _, p := range players.Players {
			in, ok := all[p.Room]
			if !ok {
				continue // it has ended in between
			}
			if p.Spectator {
				in.watchers++
			} else {
				in.players++
			}
			all[p.Room] = in
		}
	}
	return all, nil
}

func (s *site) get(ctx context.Context, url string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := s.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(into)
}

// compare returns what is wrong in the directory. It asks Redis straight.
func (s *site) compare(ctx context.Context) error {
	before, err := s.truth(ctx)
	if err != nil {
		return err
	}
	list, err := s.redis[0].directory.Rooms(ctx, "", "")
	if err != nil {
		return err
	}
	after, err := s.truth(ctx)
	if err != nil {
		return err
	}
	if !maps.Equal(before, after) {
		return errors.New("rooms have changed in between")
	}
	var errs []error
	for _, l := range list {
		in, runs := after[l.ID]
		delete(after, l.ID)
		switch is := (inside{l.Node, l.Players, l.Spectators}); {
		case l.ReservedPlayers+l.ReservedSpectators > 0:
			errs = append(errs, fmt.Errorf("%s: %d places are reserved to play and %d to watch", l.ID, l.ReservedPlayers, l.ReservedSpectators))
		case !runs && l.Revision == 0:
			// One that a quick join has listed, and to which nobody has come, is good for
			// the next one who looks for a room.
		case !runs:
			errs = append(errs, fmt.Errorf("%s is listed as %+v, and runs nowhere", l.ID, is))
		case in != is:
			errs = append(errs, fmt.Errorf("%s is listed as %+v, and is %+v", l.ID, is, in))
		}
	}
	for id, in := range after {
		errs = append(errs, fmt.Errorf("%s is %+v, and is not listed", id, in))
	}
	return errors.Join(errs...)
}

// empty returns what is wrong if nobody is in a room, and the last one left a while ago.
func (s *site) empty(ctx context.Context) error {
	rooms, err := s.truth(ctx)
	if err != nil {
		return err
	}
	if len(rooms) > 0 {
		return fmt.Errorf("rooms live on: %v", rooms)
	}
	return s.compare(ctx)
}

// soon waits until something holds, and returns how long it took. The error is why it does
// not hold in time.
func soon(ctx context.Context, holds func(context.Context) error) (took time.Duration, err error) {
	begun := time.Now()
	for range polls {
		if err = holds(ctx); err == nil {
			return time.Since(begun), nil
		}
		sleep(ctx, pollEvery)
	}
	return time.Since(begun), err
}
