package journalfile

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	"github.com/tickroom/tickroom/internal/journal"
)

// File keeps the journal of one room. Its methods are called by the room's goroutine, and do not block.
type File struct {
	store *Store
	base  string // of the file's name
	lost  atomic.Pointer[error]
	size  atomic.Int64 // bytes of the journal, those included that wait
	begun atomic.Bool  // what the last Restart began with is kept

	mu      sync.Mutex
	waiting batch
	listed  bool // the store knows that something waits

	// Store.Run's own.
	spare batch
	seq   int      // number of the file
	path  string   // empty: there is none
	prev  string   // of the file that path is about to take the place of; empty: none
	file  Writable // nil: there is none
}

// batch is what waits to be written.
type batch struct {
	content []byte // of all parts
	parts   []part
}

// part is a piece that waits, or something to be done between two pieces.
type part struct {
	do   action
	gap  bool // of a restart: what was before has one
	typ  journal.Type
	size int // of the piece in content
}

type action uint8

const (
	put     action = iota // write the piece
	restart               // begin another file
	settle                // the pieces since restart are all that the file begins with
	end                   // remove the file
	finish                // close the file
)

func (b *batch) add(p *journal.Piece) {
	b.content = append(b.content, p.Content...)
	b.parts = append(b.parts, part{do: put, typ: p.Type, size: len(p.Content)})
}

func (b *batch) reset() { b.content, b.parts = b.content[:0], b.parts[:0] }

// keepBatch bounds the memory for what waits that is kept for later.
const keepBatch = 64 << 10

// overhead is about what a piece costs in a file besides its content.
const overhead = 24

// errClosed is why a file takes nothing that has ended.
var errClosed = errors.New("the journal is closed")

// Lost returns why the journal has a gap, or nil.
func (f *File) Lost() error {
	if err := f.lost.Load(); err != nil {
		return *err
	}
	return nil
}

// Size returns how many bytes the journal has, about, those included that are not written yet.
func (f *File) Size() int64 { return f.size.Load() }

// fail notes that what was taken is lost.
func (f *File) fail(err error) { f.lost.CompareAndSwap(nil, &err) }

// Take is that of journal.Sink.
func (f *File) Take(p journal.Piece) {
	if f.lost.Load() != nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fits(len(p.Content)) {
		f.waiting.add(&p)
		f.list()
	}
}

// fits counts bytes that are about to wait, and reports whether there is a place for them. f.mu is held.
func (f *File) fits(n int) bool {
	n += overhead
	s := f.store
	switch {
	case len(f.waiting.content)+n > maxPending && len(f.waiting.content) > 0:
		f.fail(fmt.Errorf("the disk is too slow: %d bytes of the journal wait to be written", len(f.waiting.content)))
	case s.pending.Load() > maxAllPending:
		f.fail(fmt.Errorf("the disk is too slow: %d bytes of all journals wait to be written", s.pending.Load()))
	case s.size.Load()+int64(n) > s.o.MaxBytes:
		f.fail(fmt.Errorf("all journals have %d bytes, and journal.rooms_bytes is %d", s.size.Load(), s.o.MaxBytes))
	default:
		s.pending.Add(int64(n))
		s.size.Add(int64(n))
		f.size.Add(int64(n))
		return true
	}
	return false
}

// list has what waits written. f.mu is held.
func (f *File) list() {
	if !f.listed {
		f.listed = true
		f.store.soon(f)
	}
}

// Restart begins another journal, with pieces; it takes the place of the one before as soon as it is kept.
func (f *File) Restart(pieces ...journal.Piece) {
	f.mu.Lock()
	defer f.mu.Unlock()
	gap := f.lost.Swap(nil) != nil
	f.begun.Store(false)
	if gap {
		f.drop()
	}
	f.store.size.Add(-f.size.Swap(0))
	f.waiting.parts = append(f.waiting.parts, part{do: restart, gap: gap})
	for i := range pieces {
		if !f.fits(len(pieces[i].Content)) {
			return
		}
		f.waiting.add(&pieces[i])
	}
	f.waiting.parts = append(f.waiting.parts, part{do: settle})
	f.list()
}

// Restarted reports whether what the last Restart began with is kept.
func (f *File) Restarted() bool { return f.begun.Load() }

// drop forgets what waits. f.mu is held.
func (f *File) drop() {
	f.store.pending.Add(-f.waiting.bytes())
	f.waiting.reset()
}

// bytes returns what the batch was counted with.
func (b *batch) bytes() int64 {
	n := int64(len(b.content))
	for i := range b.parts {
		if b.parts[i].do == put {
			n += overhead
		}
	}
	return n
}

// End removes the journal: the room has ended.
func (f *File) End() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.drop()
	f.last(end)
	f.store.size.Add(-f.size.Swap(0))
}

// Close ends the writing, once all that was taken is written. The room is to go on.
func (f *File) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last(finish)
}

// last adds what is done last. f.mu is held.
func (f *File) last(do action) {
	f.fail(errClosed)
	f.waiting.parts = append(f.waiting.parts, part{do: do})
	f.list()
}

// write writes what waits, and reports whether something was. Store.Run calls it.
func (f *File) write() bool {
	f.mu.Lock()
	b := f.waiting
	f.waiting, f.spare = f.spare, batch{}
	f.listed = false
	f.mu.Unlock()
	f.store.pending.Add(-b.bytes())
	if err := f.writeBatch(&b); err != nil {
		f.fail(err)
	}
	if cap(b.content) <= keepBatch {
		b.reset()
		f.spare = b
	}
	return f.file != nil
}

func (f *File) writeBatch(b *batch) error {
	content := b.content
	out := f.store.out[:0]
	defer func() {
		if f.store.out = out; cap(out) > maxPending {
			f.store.out = nil
		}
	}()
	flush := func() (err error) {
		if len(out) > 0 {
			err = f.put(out)
			out = out[:0]
		}
		return err
	}
	for _, p := range b.parts {
		piece := journal.Piece{Type: p.typ, Content: content[:p.size]}
		content = content[p.size:]
		if p.do == put {
			out = piece.Append(out)
			continue
		}
		if err := flush(); err != nil && !p.gap && p.do != end {
			return err // what is behind a gap is of no use
		}
		if err := f.act(&p); err != nil {
			return err
		}
	}
	return flush()
}

// act does what is no piece.
func (f *File) act(p *part) (err error) {
	switch p.do {
	case restart:
		if p.gap {
			f.removeAll()
		}
		return f.next(true)
	case settle:
		return f.settled()
	case end:
		f.removeAll()
	case finish:
		if f.store.o.Fsync > 0 {
			err = f.sync()
		}
		f.close()
	}
	return err
}

// removeAll removes the files of the room.
func (f *File) removeAll() {
	f.close()
	for _, path := range []string{f.path, f.prev} {
		if path != "" {
			f.store.remove(path)
		}
	}
	f.path, f.prev = "", ""
}

// put writes bytes.
func (f *File) put(b []byte) error {
	if f.file == nil {
		if err := f.next(false); err != nil {
			return err
		}
	}
	_, err := f.file.Write(b)
	return err
}

// fresh is what the name of a file ends with that does not have all yet that it begins with.
const fresh = ".new"

// next begins the next file of the room. One that is to begin with a checkpoint has another name until it has
// that: nobody is to take it for the journal from the room's beginning.
func (f *File) next(begun bool) error {
	f.close()
	if f.prev == "" {
		f.prev = f.path
	} else if f.path != "" {
		f.store.remove(f.path) // it was never settled
	}
	f.seq++
	path := f.store.path(f.base, f.seq)
	if begun {
		path += fresh
	}
	f.path = path
	file, err := f.store.o.Create(path)
	if err != nil {
		return err
	}
	f.file = file
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err = file.Write([]byte(journal.Magic))
	return err
}

// settled gives the file its name that has what it begins with, and removes the one before.
func (f *File) settled() error {
	if f.store.o.Fsync > 0 {
		if err := f.sync(); err != nil {
			return err
		}
	}
	path := f.store.path(f.base, f.seq)
	if err := os.Rename(f.path, path); err != nil {
		return err
	}
	f.path = path
	if f.prev != "" {
		f.store.remove(f.prev)
		f.prev = ""
	}
	f.begun.Store(true)
	return nil
}

// sync has the file put on the disk.
func (f *File) sync() error {
	if f.file == nil {
		return nil
	}
	err := f.file.Sync()
	if err != nil {
		f.fail(err)
	}
	return err
}

// close closes the file, if there is one.
func (f *File) close() {
	if f.file == nil {
		return
	}
	if err := f.file.Close(); err != nil {
		f.fail(err)
	}
	f.file = nil
}
