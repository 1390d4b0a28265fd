package hooks

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// keptFor is for how long letters are kept that were put into the store: until then it may turn out that it has
	// forgotten them. maxKept and maxKeptBytes bound them; the oldest go first.
	keptFor      = 30 * time.Second
	maxKept      = 4096
	maxKeptBytes = 16 << 20
	// lookEvery is how often it is looked whether the store has what was put in.
	lookEvery = time.Second
)

// put puts letters into the store, in their order, and again those that it has forgotten: a Redis that takes over from
// another one may lack the newest. A letter that was sent to a webhook meanwhile is sent to it twice, with the same id.
type put struct {
	o       *Options
	writer  string // another one after each time that the store has forgotten something
	times   int    // that it has
	written uint64 // number of the last letter of the writer
	kept    []keptLetter
	bytes   int      // of their bodies
	again   []Letter // those that it has forgotten
}

type keptLetter struct {
	Letter
	number uint64
	at     time.Time
}

func newPut(o *Options) put { return put{o: o, writer: o.Owner} }

// append puts letters in. After an error they are to be put in again.
func (p *put) append(ctx context.Context, letters []Letter) error {
	if len(letters) == 0 {
		return nil
	}
	if err := p.call(ctx, letters); err != nil {
		return err
	}
	now := time.Now()
	for _, l := range letters {
		p.written++
		p.kept = append(p.kept, keptLetter{l, p.written, now})
		p.bytes += len(l.Body)
	}
	p.forget(now)
	return nil
}

func (p *put) call(ctx context.Context, letters []Letter) error {
	err := p.o.Store.Append(ctx, p.writer, p.written+1, letters)
	var forgotten *ForgottenError
	if errors.As(err, &forgotten) {
		p.recall(forgotten.Last)
	}
	return err
}

// recall has those letters put in again that the store does not have.
func (p *put) recall(last uint64) {
	var lacks []Letter
	for i := range p.kept {
		if p.kept[i].number > last {
			lacks = append(lacks, p.kept[i].Letter)
		}
	}
	if len(lacks) > 0 { // else all of them are too old to be missed
		p.o.Logger.Warn("what keeps events for backends has forgotten some; they are put in again", "events", len(lacks))
	}
	p.again = append(lacks, p.again...)
	p.times++
	p.writer, p.written = fmt.Sprintf("%s+%d", p.o.Owner, p.times), 0
	p.kept, p.bytes = nil, 0
}

// repeat puts some letters in again.
func (p *put) repeat(ctx context.Context) error {
	page := p.again[:min(len(p.again), maxBatch)]
	if err := p.append(ctx, page); err != nil {
		return err
	}
	if p.again = p.again[len(page):]; len(p.again) == 0 {
		p.again = nil
	}
	return nil
}

// look looks whether the store has what was put in lately.
func (p *put) look(ctx context.Context, now time.Time) {
	if p.forget(now); len(p.kept) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, moveTimeout)
	defer cancel()
	_ = p.call(ctx, nil) // an error of another kind is found where something is put in
}

// forget drops what was kept for long enough.
func (p *put) forget(now time.Time) {
	n := 0
	for n < len(p.kept) && (now.Sub(p.kept[n].at) > keptFor || len(p.kept)-n > maxKept || p.bytes > maxKeptBytes) {
		p.bytes -= len(p.kept[n].Body)
		n++
	}
	clear(p.kept[:n])
	if p.kept = p.kept[n:]; len(p.kept) == 0 {
		p.kept = nil
	}
}
