// Package redishooks keeps letters of hooks in Redis, for several servers, and the stream of events
// for consumer groups of others.
//
// Each webhook has a stream of those that wait and one of dead letters. A letter that has arrived
// is taken out, so that what is there is what waits, and its number has a bound.
package redishooks

import (
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/tickroom/tickroom/internal/redisdata"
	"github.com/tickroom/tickroom/server/internal/hooks"
)

//go:embed hooks.lua
var hooksLua string

var script = redisdata.Hooks.Script(hooksLua)

const (
	// callTimeout bounds a call.
	callTimeout = 2 * time.Second
	// maxPage is how many letters one script is about: it must not keep Redis for long, and Lua
	// takes some thousand arguments at once.
	maxPage = 64
)

// Options are those of New.
type Options struct {
	// Prefix begins the names of all keys, such as "tickroom:".
	Prefix string
	hooks.Bounds
	// StreamLength is how many events the stream has, about; 0: there is none.
	StreamLength int
	// Replicas must have what is put in.
	Replicas redisdata.Replicas
}

// Store is a hooks.Store in Redis.
type Store struct {
	c redis.UniversalClient
	o Options
}

var _ hooks.Store = (*Store)(nil)

// New returns a store. c must end calls with their contexts.
func New(c redis.UniversalClient, o Options) *Store { return &Store{c, o} }

// run calls a function of the script that changes something.
func (s *Store) run(ctx context.Context, fn string, args ...any) (any, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	keys, argv := redisdata.Call(redisdata.Hooks.Prefix(s.o.Prefix), fn, args)
	v, err := s.o.Replicas.Run(ctx, s.c, script, keys, argv)
	if err != nil {
		return nil, fmt.Errorf("hooks: redis: %w", err)
	}
	return v, nil
}

func (s *Store) key(name, to string) string { return redisdata.Hooks.Key(s.o.Prefix, name, to) }

// Append implements hooks.Store.
func (s *Store) Append(ctx context.Context, writer string, first uint64, letters []hooks.Letter) error {
	for more := true; more; more = len(letters) > 0 {
		page := letters[:min(len(letters), maxPage)]
		letters = letters[len(page):]
		args := []any{writer, first, s.o.Waiting, s.o.Bounds.Dead, hooks.Overflow, s.o.StreamLength}
		for i := range page {
			l := &page[i]
			args = append(args, strings.Join(l.To, ","), l.ID, l.Type, l.Room, l.Kind, l.Life, l.Time.UnixNano(), l.Body)
		}
		first += uint64(len(page))
		v, err := s.run(ctx, "append", args...)
		if err != nil {
			return err
		}
		if said := text(v); said != "ok" {
			last, err := strconv.ParseUint(said, 10, 64)
			if err != nil {
				return fmt.Errorf("hooks: redis: %.40q is no number of a letter", said)
			}
			return &hooks.ForgottenError{Last: last}
		}
	}
	return nil
}

// Waiting implements hooks.Store.
func (s *Store) Waiting(ctx context.Context, to string, after hooks.Place, n int) (out []hooks.Waiting, err error) {
	err = s.each(ctx, s.key("queue", to), after, n, func(p hooks.Place, l hooks.Letter, _ map[string]any) {
		out = append(out, hooks.Waiting{Place: p, Letter: l})
	})
	return out, err
}

// Dead implements hooks.Store.
func (s *Store) Dead(ctx context.Context, to string, after hooks.Place, n int) (out []hooks.Dead, err error) {
	err = s.each(ctx, s.key("dead", to), after, n, func(p hooks.Place, l hooks.Letter, fields map[string]any) {
		ms, _ := strconv.ParseInt(text(fields["at"]), 10, 64) // it was written so
		out = append(out, hooks.Dead{Place: p, Letter: l, Why: text(fields["why"]), At: time.UnixMilli(ms)})
	})
	return out, err
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

// each calls fn with up to n letters of a stream behind a place.
func (s *Store) each(ctx context.Context, key string, after hooks.Place, n int, fn func(p hooks.Place, l hooks.Letter, fields map[string]any)) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	from := "-"
	if _, ok := parse(after); ok {
		from = "(" + string(after)
	}
	entries, err := s.c.XRangeN(ctx, key, from, "+", int64(n)).Result()
	if err != nil {
		return fmt.Errorf("hooks: redis: %w", err)
	}
	for _, e := range entries {
		ns, err := strconv.ParseInt(text(e.Values["time"]), 10, 64)
		if err != nil {
			return fmt.Errorf("hooks: redis: entry %s of %s is no letter: run the same version everywhere", e.ID, key)
		}
		fn(hooks.Place(e.ID), hooks.Letter{
			ID: text(e.Values["id"]), Type: text(e.Values["type"]), Room: text(e.Values["room"]), Kind: text(e.Values["kind"]), Life: text(e.Values["life"]),
			Time: time.Unix(0, ns), Body: []byte(text(e.Values["body"])),
		}, e.Values)
	}
	return nil
}

// parse reads a place: the id of an entry of a stream.
func parse(p hooks.Place) (id [2]uint64, ok bool) {
	ms, n, ok := strings.Cut(string(p), "-")
	a, err := strconv.ParseUint(ms, 10, 64)
	b, err2 := strconv.ParseUint(n, 10, 64)
	return [2]uint64{a, b}, ok && err == nil && err2 == nil
}

// sorted returns those of the places that are some, in order.
func sorted(places []hooks.Place) []string {
	type at struct {
		id   [2]uint64
		text string
	}
	var all []at
	for _, p := range places {
		if id, ok := parse(p); ok {
			all = append(all, at{id, string(p)})
		}
	}
	slices.SortFunc(all, func(a, b at) int { return cmp.Or(cmp.Compare(a.id[0], b.id[0]), cmp.Compare(a.id[1], b.id[1])) })
	var out []string
	for _, a := range all {
		out = append(out, a.text)
	}
	return out
}

// Done implements hooks.Store.
func (s *Store) Done(ctx context.Context, to string, places []hooks.Place) error {
	_, err := s.remove(ctx, s.key("queue", to), places)
	return err
}

// Forget implements hooks.Store.
func (s *Store) Forget(ctx context.Context, to string, places []hooks.Place) (int, error) {
	return s.remove(ctx, s.key("dead", to), places)
}

func (s *Store) remove(ctx context.Context, key string, places []hooks.Place) (int, error) {
	ids := sorted(places)
	if len(ids) == 0 {
		return 0, nil
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	n, err := s.c.XDel(ctx, key, ids...).Result()
	if err != nil {
		return 0, fmt.Errorf("hooks: redis: %w", err)
	}
	return int(n), nil
}

// Bury implements hooks.Store.
func (s *Store) Bury(ctx context.Context, to string, place hooks.Place, why string, at time.Time) error {
	if _, ok := parse(place); !ok {
		return nil
	}
	_, err := s.run(ctx, "bury", to, string(place), why, at.UnixMilli(), s.o.Bounds.Dead)
	return err
}

// Retry implements hooks.Store. After an error some may have been put back; the number is theirs.
func (s *Store) Retry(ctx context.Context, to string, places []hooks.Place) (n int, err error) {
	for ids := sorted(places); len(ids) > 0; {
		page := ids[:min(len(ids), maxPage)]
		ids = ids[len(page):]
		args := []any{to, s.o.Waiting, s.o.Bounds.Dead, hooks.Overflow}
		for _, id := range page {
			args = append(args, id)
		}
		v, err := s.run(ctx, "retry", args...)
		if err != nil {
			return n, err
		}
		put, _ := v.(int64)
		n += int(put)
	}
	return n, nil
}

// Counts implements hooks.Store.
func (s *Store) Counts(ctx context.Context, to string) (hooks.Counts, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	keys, argv := redisdata.Call(redisdata.Hooks.Prefix(s.o.Prefix), "counts", []any{to})
	v, err := script.Run(ctx, s.c, keys, argv...).Result()
	if err != nil {
		return hooks.Counts{}, fmt.Errorf("hooks: redis: %w", err)
	}
	list, _ := v.([]any)
	var n [3]int64
	for i := range min(len(list), len(n)) {
		n[i], _ = list[i].(int64)
	}
	return hooks.Counts{Waiting: int(n[0]), Dead: int(n[1]), Lost: uint64(n[2])}, nil
}
