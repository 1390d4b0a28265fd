package service

import (
	"context"
	"crypto/rand"
	"errors"
	"math/big"
	"strings"
	"time"

	"connectrpc.com/connect"

	"github.com/tickroom/tickroom/matchmaking/internal/place"
	"github.com/tickroom/tickroom/matchmaking/internal/queue"
	"github.com/tickroom/tickroom/matchmaking/store"
)

const (
	// codeLetters are those of rooms' codes: none looks or sounds like another
	// one.
	codeLetters = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
	codeLength  = 6
	// tries is how many ids and codes are tried for a new match.
	tries = 8
	// noNode is when to try again when no node takes a room.
	noNode = 5 * time.Second
)

// NewCode returns a code that nobody can foresee.
func NewCode() string {
	out := make([]byte, codeLength)
	for i := range out {
		n, _ := rand.Int(rand.Reader, big.NewInt(int64(len(codeLetters)))) // it ends the program rather than fail
		out[i] = codeLetters[n.Int64()]
	}
	return string(out)
}

// readCode returns a code as people write it in the form in which it is kept, and
// whether it is one.
func readCode(s string) (string, bool) {
	s = strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(s))
	return s, len(s) == codeLength && strings.Trim(s, codeLetters) == ""
}

// Open opens a room of a kind, in a region, on the node that has the most to spare, for whoever
// comes. options are what clients chose it to be like.
func (s *Service) Open(ctx context.Context, kind string, options map[string]string, region string) error {
	w := &wish{kind: kind, options: options, alike: store.OptionsText(options), regions: []string{region}}
	_, err := s.newRoom(ctx, nil, w, store.Match{Open: true})
	return err
}

// newRoom keeps a match that no matcher has made, on the node that has the most to
// spare. m has who may come; with a Host it gets a code. If the match is open its room is
// listed, with a place for the caller; nil is nobody.
func (s *Service) newRoom(ctx context.Context, c *call, w *wish, m store.Match) (*store.Match, error) {
	if c != nil {
		if err := s.mayMake(c); err != nil {
			return nil, err
		}
	}
	if err := s.opens(ctx, c, w); err != nil {
		return nil, err
	}
	node, err := s.place(ctx, w)
	if err != nil {
		return nil, err
	}
	m.Mode, m.Kind, m.Node, m.URL, m.Region, m.Created = w.modeName, w.kind, node.ID, node.URL, node.Region, time.Now()
	m.Options = w.options
	if w.mode != nil {
		m.Options = w.mode.Room.Options
	}
	for range tries {
		if m.ID = queue.NewID(w.kind); m.Host != "" {
			m.Code = NewCode()
		}
		if err = do(ctx, func(ctx context.Context) error { return s.o.Tickets.Keep(ctx, m) }); !errors.Is(err, store.ErrExists) {
			break
		}
	}
	if err == nil && m.Open {
		err = s.list(ctx, c, &m)
	}
	return &m, err
}

// opens returns why a caller may not have a room made, or nil; a room of a mode is the operator's.
func (s *Service) opens(ctx context.Context, c *call, w *wish) error {
	k := s.o.Kinds[w.kind]
	if c == nil || w.mode != nil || k.Opens == nil {
		return nil
	}
	roles := c.Roles
	if roles == nil {
		roles = func(string) []string { return nil }
	}
	err := k.Opens(ctx, roles, w.options)
	var known *connect.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	return failed(connect.CodeNotFound, "%w", err)
}

// place chooses a node in the nearest region where one takes the room.
func (s *Service) place(ctx context.Context, w *wish) (store.Node, error) {
	for _, region := range w.regions {
		node, err := ask(ctx, func(ctx context.Context) (store.Node, error) {
			return s.o.Placer.Place(ctx, time.Now(), w.kind, region, 1)
		})
		if !errors.Is(err, place.ErrNoNode) {
			return node, err
		}
		s.o.Logger.WarnContext(ctx, "matchmaking: no node for a room", "kind", w.kind, "region", region, "error", err)
	}
	return store.Node{}, later(connect.CodeUnavailable, noNode, "no server has room for another %s at the moment; try again in %d s", w.kind, seconds(noNode))
}

// list puts the room of an open match on the list, and reserves the caller's place in it. The
// node that is to run it takes it off if nobody comes.
func (s *Service) list(ctx context.Context, c *call, m *store.Match) error {
	k := s.o.Kinds[m.Kind]
	if !s.watched(m.Mode) && m.Code == "" {
		k.MaxSpectators = 0
	}
	r := store.Report{Listing: store.Listing{
		ID: m.ID, Kind: m.Kind, Mode: m.Mode, Options: chosen(m), Secret: k.Secret, Node: m.Node, URL: m.URL, Region: m.Region, Created: m.Created,
		Spread: k.Spread, Show: k.show(m.Options),
		Occupancy: store.Occupancy{MaxPlayers: k.capacity(m.Mode), MaxSpectators: k.MaxSpectators},
	}}
	err := do(ctx, func(ctx context.Context) error {
		_, err := s.o.Directory.Report(ctx, m.Node, []store.Report{r})
		return err
	})
	if err != nil || c == nil {
		return err
	}
	_, err = s.reserve(ctx, c, store.Want{ID: m.ID})
	return err
}
