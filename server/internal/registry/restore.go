package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tickroom/tickroom/internal/journal"
	"github.com/tickroom/tickroom/matchmaking/store"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/server/internal/journalfile"
	"github.com/tickroom/tickroom/server/internal/room"
)

// known returns what is kept of the room beside what its game does.
func (p *plan) known() (*tickroomv1.JournalRoom, error) {
	m := &tickroomv1.JournalRoom{CreatedUs: time.Now().UnixMicro(), Chosen: p.chosen, Owner: p.owner, LingerUs: p.linger.Microseconds()}
	if p.match != nil {
		var err error
		if m.Match, err = json.Marshal(p.match); err != nil {
			return nil, fmt.Errorf("the match of room %s: %w", p.id, err)
		}
	}
	return m, nil
}

// restoring counts what becomes of the rooms that are to go on.
type restoring struct {
	rooms, done, aside atomic.Int64
	ticks              atomic.Int64 // that were played
}

// tellAfter is how long it may take to make rooms again until the log says how far it is, and how often then.
const tellAfter = 2 * time.Second

// Restore makes the rooms again whose journals the server's predecessor has left, before clients are let in. A journal
// by which a room can't go on is put aside, and logged.
func (r *Registry) Restore(ctx context.Context) error {
	if r.o.Journals == nil {
		return nil
	}
	found, err := r.o.Journals.Find()
	if err != nil || len(found) == 0 {
		return err
	}
	begun := time.Now()
	var n restoring
	n.rooms.Store(int64(len(found)))
	told, stop := context.WithCancel(ctx)
	var telling, all sync.WaitGroup
	telling.Go(func() { r.tellRestoring(told, &n) })
	work := make(chan *journalfile.Found)
	for range min(runtime.GOMAXPROCS(0), len(found)) {
		all.Go(func() {
			for f := range work {
				r.restoreOne(f, &n)
			}
		})
	}
	for _, f := range found {
		work <- f
	}
	close(work)
	all.Wait()
	stop()
	telling.Wait()
	r.o.Logger.Info("rooms go on", "rooms", n.done.Load(), "put_aside", n.aside.Load(), "ticks", n.ticks.Load(), "took", time.Since(begun).Round(time.Millisecond).String())
	_, _ = r.report(ctx, r.Entries(), true) // what fails is told again soon
	return nil
}

func (r *Registry) tellRestoring(ctx context.Context, n *restoring) {
	tick := time.NewTicker(tellAfter)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			r.o.Logger.Info("rooms are played again", "done", n.done.Load()+n.aside.Load(), "of", n.rooms.Load(), "ticks", n.ticks.Load())
		case <-ctx.Done():
			return
		}
	}
}

// restoreOne makes a room again, or puts its journal aside.
func (r *Registry) restoreOne(f *journalfile.Found, n *restoring) {
	e, err := r.goOn(f, n)
	if err != nil {
		n.aside.Add(1)
		r.o.Journals.PutAside(f, err)
		return
	}
	f.Close()
	n.done.Add(1)
	r.o.Metrics.Kind(e.Kind).Restored()
	in := e.Info()
	r.o.Logger.Info("room goes on", "room", e.ID, "kind", e.Kind, "tick", in.Tick, "epoch", in.Epoch, "sessions", in.Held, "durable", in.Durable)
}

// goOn makes a room again and starts its loop.
func (r *Registry) goOn(f *journalfile.Found, n *restoring) (*Entry, error) {
	k := r.kinds[f.Kind]
	if k == nil {
		return nil, fmt.Errorf("there is no kind %q any more", f.Kind)
	}
	known, err := f.Journal.Known()
	if err != nil {
		return nil, err
	}
	if known == nil {
		known = &tickroomv1.JournalRoom{}
	}
	p, err := r.planOf(k, f, known)
	if err != nil {
		return nil, err
	}
	made, err := r.number()
	if err != nil {
		return nil, err
	}
	disown, err := r.own(p)
	if err != nil {
		return nil, err
	}
	keep, err := r.o.Journals.GoOn(f)
	if err != nil {
		disown()
		return nil, err
	}
	cfg := r.configOf(p)
	cfg.Keep = keep
	var before uint32
	engine, fresh, err := room.Restore(k.Kind, room.Restoring{
		Journal: f.Journal, Build: r.o.Build, Try: r.o.Config.Journal.TryBuilds,
		Progress: func(done, _ uint32) {
			n.ticks.Add(int64(done) - int64(before))
			before = done
		},
	}, cfg, r.o.Logger)
	if err != nil {
		keep.Close()
		disown()
		return nil, err
	}
	engine.GoOn(known, fresh)
	e, err := r.run(p, engine, made, disown, true)
	if err != nil {
		disown()
	}
	return e, err
}

// planOf returns which room a journal is of.
func (r *Registry) planOf(k *kind, f *journalfile.Found, known *tickroomv1.JournalRoom) (*plan, error) {
	p := &plan{
		kind: k, id: f.Room, options: map[string]string{}, chosen: known.GetChosen(), owner: known.GetOwner(), linger: time.Duration(known.GetLingerUs()) * time.Microsecond,
	}
	own := r.o.Config.Options(k.Name)
	for _, o := range f.Journal.Header.GetOptions() {
		if o.GetValue() == journal.Hidden && k.SecretOption(o.GetName()) {
			o.Value = own[o.GetName()]
		}
		p.options[o.GetName()] = o.GetValue()
	}
	if len(known.GetMatch()) > 0 {
		p.match = &store.Match{}
		if err := json.Unmarshal(known.GetMatch(), p.match); err != nil {
			return nil, fmt.Errorf("its match: %w", err)
		}
		p.match.Node, p.match.URL = r.o.Node, r.o.Config.Matchmaking.URL
	}
	return p, nil
}

// seatAgain counts those who are in a room that was made again, before its loop begins.
func (r *Registry) seatAgain(e *Entry, engine *room.Engine) {
	for _, p := range engine.Sessions() {
		r.clients.Add(1)
		r.players.joined(p.PlayerID, stay{e, p.Spectator})
		if e.plays(p) {
			e.again = append(e.again, p.PlayerID)
		}
	}
}
