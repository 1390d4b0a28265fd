package redisbus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tickroom/tickroom/server/internal/bus"
)

const (
	// A batch has so many messages at most, and so many bytes if it has more than one.
	maxBatch, maxBatchBytes = 200, 1 << 20
	// Batches that Redis has are kept for so long, and no more than so many bytes of them: a
	// fail-over that loses them is over by then.
	keepBatches, keepBatchBytes = 30 * time.Second, 16 << 20
	// checkEvery is how often it is looked whether Redis still has them, while they are kept.
	checkEvery = 5 * time.Second
)

// writer posts the messages of one part. Its methods but run may be called from any goroutine.
type writer struct {
	part *part
	kick chan struct{} // holds one: there is something to do
	away atomic.Bool   // Redis is

	mu    sync.Mutex
	queue []*item // bounded by bus.waits
	ended bool    // nothing is posted any more

	wake  atomic.Bool // the reader is to be woken
	check atomic.Bool // a fail-over may have lost something

	// run's own.
	next uint64  // number of the next message
	kept []batch // the oldest first
	size int     // bytes of kept
	wait backoff
	// failures is how many calls have failed since one succeeded.
	failures int
}

// item is a message that is posted.
type item struct {
	topic, from, key string
	id               uint32
	typ              string
	data             []byte
	done             chan posted // of a backend's, holds one; else nil
}

type posted struct {
	number uint64
	err    error
}

// batch is what is posted by one call.
type batch struct {
	first uint64 // number
	items []*item
	size  int
	at    time.Time // when Redis had it
}

func newWriter(p *part) writer { return writer{part: p, kick: make(chan struct{}, 1), next: 1} }

// add puts a message into the queue, and reports whether there was a place.
func (w *writer) add(it *item) bool {
	if !w.part.bus.waits.take(len(it.data)) {
		return false
	}
	w.mu.Lock()
	ended := w.ended
	if !ended {
		w.queue = append(w.queue, it)
	}
	w.mu.Unlock()
	if ended {
		w.part.bus.waits.give(len(it.data))
		return false
	}
	w.stir()
	return true
}

// withdraw takes a message out of the queue, and reports whether it was there still.
func (w *writer) withdraw(it *item) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := slices.Index(w.queue, it)
	if i < 0 {
		return false
	}
	w.queue = slices.Delete(w.queue, i, i+1)
	w.part.bus.waits.give(len(it.data))
	return true
}

func (w *writer) stir() {
	select {
	case w.kick <- struct{}{}:
	default:
	}
}

// wakeReader has the reader's blocked call end.
func (w *writer) wakeReader() {
	w.wake.Store(true)
	w.stir()
}

// suspect has it looked whether Redis still has what it had.
func (w *writer) suspect() {
	w.check.Store(true)
	w.stir()
}

// run posts until ctx is done, and what is left then.
func (w *writer) run(ctx context.Context) {
	defer w.end()
	tick := time.NewTicker(checkEvery)
	defer tick.Stop()
	for {
		select {
		case <-w.kick:
		case <-tick.C:
			w.check.Store(true)
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeGrace)
			defer cancel()
			w.wakeNow(last) // a call that waits is not ended by ctx
			w.drain(last)
			return
		}
		if w.wake.Swap(false) {
			w.wakeNow(ctx)
		}
		if w.check.Swap(false) || w.away.Load() {
			w.checkNow(ctx)
		}
		w.drain(ctx)
	}
}

// drain posts what is in the queue, until ctx is done.
func (w *writer) drain(ctx context.Context) {
	for {
		b := w.take()
		if len(b.items) == 0 {
			return
		}
		if !w.insist(ctx, &b) {
			w.giveUp(b.items)
			return
		}
		if w.wake.Swap(false) {
			w.wakeNow(ctx)
		}
	}
}

// take returns the next batch.
func (w *writer) take() batch {
	w.mu.Lock()
	defer w.mu.Unlock()
	b := batch{first: w.next}
	n := 0
	for ; n < min(len(w.queue), maxBatch); n++ {
		if size := len(w.queue[n].data); n > 0 && b.size+size > maxBatchBytes {
			break
		}
		b.size += len(w.queue[n].data)
	}
	b.items = slices.Clone(w.queue[:n])
	w.queue = slices.Delete(w.queue, 0, n)
	w.next += uint64(n)
	return b
}

// insist posts a batch, in as many attempts as it takes. It reports false if ctx is done before one
// succeeds.
func (w *writer) insist(ctx context.Context, b *batch) bool {
	defer w.part.bus.waits.count()
	for attempt := 1; ; attempt++ {
		ids, err := w.post(ctx, b)
		if err == nil {
			w.answered()
			w.finish(b, ids)
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		w.part.bus.waits.count()
		if w.failed(ctx, err); attempt >= patience {
			w.refuse(b, err)
		}
		if !w.wait.wait(ctx) {
			return false
		}
	}
}

// patience is after how many attempts backends are told that Redis is away.
const patience = 3

// refuse tells the backends that wait that Redis is away: of what is in the queue, which is taken
// out of it; and of a batch, which goes on being tried.
func (w *writer) refuse(b *batch, err error) {
	for _, it := range b.items {
		it.tell(posted{err: fmt.Errorf("%w, and the message may be posted yet: %w", bus.ErrAway, err)})
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.queue = slices.DeleteFunc(w.queue, func(it *item) bool {
		if it.done != nil {
			it.tell(posted{err: fmt.Errorf("%w: the message was not posted: %w", bus.ErrAway, err)})
			w.part.bus.waits.give(len(it.data))
		}
		return it.done != nil
	})
}

// tell tells the backend that waits, if one does and was not told.
func (it *item) tell(p posted) {
	select {
	case it.done <- p:
	default: // nil, too
	}
}

// failed notes that a call has failed: once may be a connection that was cut, twice is Redis away.
func (w *writer) failed(ctx context.Context, err error) {
	if w.failures++; w.failures == 2 {
		w.away.Store(true)
		w.part.bus.health.lost(err)
	}
	w.part.failed(ctx)
}

func (w *writer) answered() {
	w.wait.reset()
	w.failures = 0
	if w.away.Swap(false) {
		w.part.bus.health.found()
	}
}

// post makes one attempt, and returns the ids of the messages.
func (w *writer) post(ctx context.Context, b *batch) ([]string, error) {
	ids, behind, err := w.call(ctx, b, false)
	if err != nil || behind == nil {
		return ids, err
	}
	// A fail-over has lost what Redis had.
	if err := w.restore(ctx, *behind); err != nil {
		return nil, err
	}
	ids, behind, err = w.call(ctx, b, len(w.kept) == 0)
	if behind != nil {
		err = errLostAgain
	}
	return ids, err
}

// errLostAgain means that messages were lost while they were posted again.
var errLostAgain = errors.New("bus: redis: it has lost messages once more")

// restore posts those kept batches again that come after a number.
func (w *writer) restore(ctx context.Context, last uint64) error {
	n := 0
	for i := range w.kept {
		b := &w.kept[i]
		if b.first <= last {
			continue
		}
		gap := n == 0 && b.first > last+1
		if gap {
			w.part.bus.o.Log.Error("messages are lost that Redis does not have any more, and that are too old to be posted again", "messages", b.first-last-1)
		}
		_, behind, err := w.call(ctx, b, gap)
		if behind != nil {
			err = errLostAgain
		}
		if err != nil {
			return err
		}
		n += len(b.items)
	}
	if n == 0 {
		return nil // the sender was not heard of for long
	}
	w.part.bus.o.Log.Warn("messages were posted again that Redis did not have any more", "messages", n)
	if m := w.part.bus.o.Metrics; m != nil {
		m.BusAgain(n)
	}
	return nil
}

// call calls the script. behind is the number up to which it has messages, if it lacks some before
// the batch and is not forced to go on without.
func (w *writer) call(ctx context.Context, b *batch, force bool) (ids []string, behind *uint64, err error) {
	o := &w.part.bus.o
	args := []any{
		w.part.bus.name, b.first, b2i(force), o.Keep.Age.Milliseconds(), o.Keep.Messages, directFactor * o.Keep.Messages, o.Keep.Keys.Milliseconds(),
	}
	for _, it := range b.items {
		kind := "t"
		if bus.Direct(it.topic) {
			kind = "d"
		}
		args = append(args, kind, it.topic, it.from, it.key, it.id, it.typ, it.data)
	}
	list, err := texts(w.part.write(ctx, "post", args...))
	switch {
	case err != nil:
		return nil, nil, err
	case len(list) == 2 && list[0] == "behind":
		last, err := strconv.ParseUint(list[1], 10, 64)
		return nil, &last, err
	case len(list) == 1 && list[0] == "old":
		return nil, nil, nil
	case len(list) == 1+len(b.items) && list[0] == "done":
		return list[1:], nil, nil
	}
	return nil, nil, fmt.Errorf("bus: redis: an answer that is none: %.100v", list)
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// otherBody is what the script returns for a message whose key was used for another one.
const otherBody = "other"

// finish tells those who wait, and keeps a batch that Redis has.
func (w *writer) finish(b *batch, ids []string) {
	for i, it := range b.items {
		w.part.bus.waits.give(len(it.data))
		if it.done == nil {
			continue
		}
		p := posted{}
		switch {
		case i < len(ids) && ids[i] == otherBody:
			p.err = bus.ErrKey
		case i < len(ids):
			p.number, p.err = number(ids[i])
		}
		it.tell(p)
	}
	for _, id := range slices.Backward(ids) {
		if n, err := number(id); err == nil {
			w.part.reader.raise(n)
			break
		}
	}
	b.at = time.Now()
	w.kept = append(w.kept, *b)
	w.size += b.size
	w.forget()
}

// forget keeps no more batches than it must.
func (w *writer) forget() {
	n := 0
	for n < len(w.kept) && (w.size > keepBatchBytes || time.Since(w.kept[n].at) > keepBatches) {
		w.size -= w.kept[n].size
		n++
	}
	w.kept = slices.Delete(w.kept, 0, n)
}

// wakeNow adds to the stream that the reader waits for. If that fails the reader's call fails too,
// or ends after a while.
func (w *writer) wakeNow(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, w.part.bus.o.Timeout)
	defer cancel()
	if err := w.part.reader.addWake(ctx); err != nil {
		w.part.failed(ctx)
	}
}

// checkNow sees whether Redis has the messages that are kept, and posts again what it lacks.
func (w *writer) checkNow(ctx context.Context) {
	w.forget()
	for len(w.kept) > 0 || w.away.Load() {
		err := w.checkOnce(ctx)
		if err == nil {
			w.answered()
			return
		}
		if w.failed(ctx, err); !w.wait.wait(ctx) {
			return
		}
	}
}

func (w *writer) checkOnce(ctx context.Context) error {
	v, err := w.part.call(ctx, "check", w.part.bus.name)
	if err != nil {
		return err
	}
	text, _ := v.(string)
	last, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return fmt.Errorf("bus: redis: an answer that is none: %.100v", v)
	}
	if last < w.next-1 {
		return w.restore(ctx, last)
	}
	return nil
}

// giveUp tells those whose messages may not be posted.
func (w *writer) giveUp(items []*item) {
	for _, it := range items {
		w.part.bus.waits.give(len(it.data))
		it.tell(posted{err: fmt.Errorf("%w: the server ends", bus.ErrAway)})
	}
	if len(items) > 0 {
		w.part.bus.o.Log.Error("messages may be lost: the server ends before they were posted", "messages", len(items))
	}
}

// end lets go of all that waits.
func (w *writer) end() {
	w.mu.Lock()
	left := w.queue
	w.queue, w.ended = nil, true
	w.mu.Unlock()
	w.giveUp(left)
}
