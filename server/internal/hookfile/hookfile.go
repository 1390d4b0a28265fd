// Package hookfile keeps letters of hooks in a file, for a server on its own: what waits is sent
// after a restart, too.
package hookfile

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/tickroom/tickroom/server/internal/hooks"
)

// Name is what the file is called.
const Name = "hooks.db"

// lockTimeout is how long another process may take to let go of the file.
const lockTimeout = time.Second

// The buckets of a webhook, below one with its name.
var (
	waitingBucket = []byte("waiting") // letters by place
	deadBucket    = []byte("dead")    // records of dead ones by place
	countKey      = []byte("counts")  // in the webhook's own bucket
)

// record is a letter as it is written.
type record struct {
	ID   string    `json:"id"`
	Type string    `json:"type"`
	Room []byte    `json:"room"`
	Kind string    `json:"kind"`
	Life string    `json:"life"`
	Time time.Time `json:"time"`
	Body []byte    `json:"body"`
	Why  string    `json:"why,omitempty"`
	At   time.Time `json:"at,omitzero"`
}

// counts are kept beside the letters, since to count them takes as long as to read them.
type counts struct {
	Waiting int    `json:"waiting"`
	Dead    int    `json:"dead"`
	Lost    uint64 `json:"lost"`
}

// Store is a hooks.Store in a file.
type Store struct {
	db     *bolt.DB
	bounds hooks.Bounds
}

var _ hooks.Store = (*Store)(nil)

// Open opens the file in a directory, which is made if it is not there. The error says so if
// another process has it open. The caller calls Close.
func Open(directory string, b hooks.Bounds) (*Store, error) {
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return nil, fmt.Errorf("hooks: %w", err)
	}
	path := filepath.Join(directory, Name)
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: lockTimeout, FreelistType: bolt.FreelistMapType})
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, fmt.Errorf("hooks: another process has %s open; give each server a directory of its own, or a Redis to all", path)
	case err != nil:
		return nil, fmt.Errorf("hooks: %s can't be opened: %w", path, err)
	}
	return &Store{db, b}, nil
}

// Close closes the file.
func (s *Store) Close() error { return s.db.Close() }

// webhook is what a transaction knows of one.
type webhook struct {
	top, waiting, dead *bolt.Bucket
	counts
	bounds hooks.Bounds
}

// change calls fn in a transaction.
func (s *Store) change(to string, fn func(w *webhook) error) error {
	err := s.db.Update(func(tx *bolt.Tx) error {
		w, err := s.open(tx, to)
		if err != nil {
			return err
		}
		if err := fn(w); err != nil {
			return err
		}
		return w.count()
	})
	if err != nil {
		return fmt.Errorf("hooks: %w", err)
	}
	return nil
}

// open returns a webhook in a transaction that may write.
func (s *Store) open(tx *bolt.Tx, to string) (*webhook, error) {
	w := &webhook{bounds: s.bounds}
	var err, err2, err3 error
	if w.top, err = tx.CreateBucketIfNotExists([]byte(to)); err != nil {
		return nil, err
	}
	w.waiting, err2 = w.top.CreateBucketIfNotExists(waitingBucket)
	w.dead, err3 = w.top.CreateBucketIfNotExists(deadBucket)
	return w, errors.Join(err2, err3, readCounts(w.top, &w.counts))
}

func readCounts(top *bolt.Bucket, c *counts) error {
	b := top.Get(countKey)
	if b == nil {
		return nil
	}
	return json.Unmarshal(b, c)
}

// count writes the counts down.
func (w *webhook) count() error {
	b, err := json.Marshal(w.counts)
	if err != nil {
		return err
	}
	return w.top.Put(countKey, b)
}

// put writes a record behind all others of a bucket.
func put(b *bolt.Bucket, r *record) error {
	n, err := b.NextSequence()
	if err != nil {
		return err
	}
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return b.Put(binary.BigEndian.AppendUint64(nil, n), text)
}

// wait puts a letter behind those that wait.
func (w *webhook) wait(r *record) error {
	if err := put(w.waiting, r); err != nil {
		return err
	}
	for w.Waiting++; w.Waiting > w.bounds.Waiting; {
		key, _ := w.waiting.Cursor().First()
		if err := w.bury(key, hooks.Overflow, time.Now()); err != nil {
			return err
		}
	}
	return nil
}

// bury makes a letter that waits a dead one. One that is not there is passed over.
func (w *webhook) bury(key []byte, why string, at time.Time) error {
	text := w.waiting.Get(key)
	if text == nil {
		return nil
	}
	var r record
	if err := json.Unmarshal(text, &r); err != nil {
		return err
	}
	r.Why, r.At = why, at
	if err := errors.Join(put(w.dead, &r), w.waiting.Delete(key)); err != nil {
		return err
	}
	w.Waiting--
	for w.Dead++; w.Dead > w.bounds.Dead; w.Dead-- {
		oldest, _ := w.dead.Cursor().First()
		if err := w.dead.Delete(oldest); err != nil {
			return err
		}
		w.Lost++
	}
	return nil
}

// Append implements hooks.Store. Whether a transaction had its effect is known, so that nothing is
// repeated that did.
func (s *Store) Append(_ context.Context, writer string, first uint64, letters []hooks.Letter) error {
	err := s.db.Update(func(tx *bolt.Tx) error {
		letters, err := unwritten(tx, writer, first, letters)
		if err != nil {
			return err
		}
		open := map[string]*webhook{}
		for i := range letters {
			l := &letters[i]
			r := record{ID: l.ID, Type: l.Type, Room: []byte(l.Room), Kind: l.Kind, Life: l.Life, Time: l.Time, Body: l.Body}
			for _, to := range l.To {
				if open[to] == nil {
					if open[to], err = s.open(tx, to); err != nil {
						return err
					}
				}
				if err := open[to].wait(&r); err != nil {
					return err
				}
			}
		}
		for _, w := range open {
			if err := w.count(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("hooks: %w", err)
	}
	return nil
}

// writersBucket has the number of the last letter of the newest writer: no name of a webhook has a
// space.
var writersBucket = []byte(" writers")

// unwritten returns those of the letters that are not there yet.
func unwritten(tx *bolt.Tx, writer string, first uint64, letters []hooks.Letter) ([]hooks.Letter, error) {
	b, err := tx.CreateBucketIfNotExists(writersBucket)
	if err != nil {
		return nil, err
	}
	var last uint64
	if v := b.Get([]byte(writer)); len(v) == 8 {
		last = binary.BigEndian.Uint64(v)
	} else if k, _ := b.Cursor().First(); k != nil && b.Stats().KeyN >= maxWriters {
		if err := b.Delete(k); err != nil { // those of processes that are gone need not be known
			return nil, err
		}
	}
	if end := first + uint64(len(letters)) - 1; end > last {
		skip := 0
		if last >= first {
			skip = int(last - first + 1)
		}
		return letters[skip:], b.Put([]byte(writer), binary.BigEndian.AppendUint64(nil, end))
	}
	return nil, nil
}

// maxWriters is how many writers are remembered. One writes at a time.
const maxWriters = 8

// place and key turn the key of a record into its place, and back. A place that is none has no key.
func place(key []byte) hooks.Place { return hooks.Place(hex.EncodeToString(key)) }

func keyOf(p hooks.Place) []byte {
	b, err := hex.DecodeString(string(p))
	if err != nil || len(b) != 8 {
		return nil
	}
	return b
}

// each calls fn with up to n records of a bucket behind a place.
func (s *Store) each(to string, bucket []byte, after hooks.Place, n int, fn func(p hooks.Place, r *record)) error {
	err := s.db.View(func(tx *bolt.Tx) error {
		top := tx.Bucket([]byte(to))
		if top == nil {
			return nil
		}
		c := top.Bucket(bucket).Cursor()
		k, v := c.First()
		if from := keyOf(after); from != nil {
			if k, v = c.Seek(from); k != nil && slices.Equal(k, from) {
				k, v = c.Next()
			}
		}
		for ; k != nil && n > 0; n-- {
			var r record
			if err := json.Unmarshal(v, &r); err != nil {
				return err
			}
			fn(place(k), &r)
			k, v = c.Next()
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("hooks: %w", err)
	}
	return nil
}

func (r *record) letter() hooks.Letter {
	return hooks.Letter{ID: r.ID, Type: r.Type, Room: string(r.Room), Kind: r.Kind, Life: r.Life, Time: r.Time, Body: r.Body}
}

// Waiting implements hooks.Store.
func (s *Store) Waiting(_ context.Context, to string, after hooks.Place, n int) (out []hooks.Waiting, err error) {
	err = s.each(to, waitingBucket, after, n, func(p hooks.Place, r *record) {
		out = append(out, hooks.Waiting{Place: p, Letter: r.letter()})
	})
	return out, err
}

// Dead implements hooks.Store.
func (s *Store) Dead(_ context.Context, to string, after hooks.Place, n int) (out []hooks.Dead, err error) {
	err = s.each(to, deadBucket, after, n, func(p hooks.Place, r *record) {
		out = append(out, hooks.Dead{Place: p, Letter: r.letter(), Why: r.Why, At: r.At})
	})
	return out, err
}

// Done implements hooks.Store.
func (s *Store) Done(_ context.Context, to string, places []hooks.Place) error {
	return s.change(to, func(w *webhook) error {
		for _, p := range places {
			if key := keyOf(p); key != nil && w.waiting.Get(key) != nil {
				if err := w.waiting.Delete(key); err != nil {
					return err
				}
				w.Waiting--
			}
		}
		return nil
	})
}

// Bury implements hooks.Store.
func (s *Store) Bury(_ context.Context, to string, p hooks.Place, why string, at time.Time) error {
	return s.change(to, func(w *webhook) error {
		if key := keyOf(p); key != nil {
			return w.bury(key, why, at)
		}
		return nil
	})
}

// Retry implements hooks.Store.
func (s *Store) Retry(_ context.Context, to string, places []hooks.Place) (int, error) {
	return s.take(to, places, func(w *webhook, r *record) error {
		r.Why, r.At = "", time.Time{}
		return w.wait(r)
	})
}

// Forget implements hooks.Store.
func (s *Store) Forget(_ context.Context, to string, places []hooks.Place) (int, error) {
	return s.take(to, places, func(*webhook, *record) error { return nil })
}

// take takes dead letters out, in the order of their places.
func (s *Store) take(to string, places []hooks.Place, then func(w *webhook, r *record) error) (n int, err error) {
	sorted := slices.Sorted(slices.Values(places))
	err = s.change(to, func(w *webhook) error {
		for _, p := range sorted {
			key := keyOf(p)
			if key == nil {
				continue
			}
			text := w.dead.Get(key)
			if text == nil {
				continue
			}
			var r record
			if err := json.Unmarshal(text, &r); err != nil {
				return err
			}
			if err := w.dead.Delete(key); err != nil {
				return err
			}
			w.counts.Dead--
			n++
			if err := then(w, &r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// Counts implements hooks.Store.
func (s *Store) Counts(_ context.Context, to string) (hooks.Counts, error) {
	var c counts
	err := s.db.View(func(tx *bolt.Tx) error {
		top := tx.Bucket([]byte(to))
		if top == nil {
			return nil
		}
		return readCounts(top, &c)
	})
	if err != nil {
		return hooks.Counts{}, fmt.Errorf("hooks: %w", err)
	}
	return hooks.Counts{Waiting: c.Waiting, Dead: c.Dead, Lost: c.Lost}, nil
}
