package room

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"

	"github.com/tickroom/tickroom/internal/journal"
	"github.com/tickroom/tickroom/netcode"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/server/internal/metrics"
	"github.com/tickroom/tickroom/world"
)

// A room goes on when its server is started again: the calls of its journal are made once more. Who sat where, the
// last input and command of each player, and the answers that its client may not have, follow from them. So does
// what a client has that names the last tick that it was sent, for the last ticks.

// Errors of Restore, why a journal is of no use for going on.
var (
	// ErrOtherBuild is wrapped if another build of the program has written it, and it has no checkpoint.
	ErrOtherBuild = errors.New("another build of the program has written the journal, which may simulate otherwise, and there is no checkpoint to go on from")
	// ErrDiffers is wrapped if the room that comes of it is another one.
	ErrDiffers = errors.New("the room is another one when it is played again")
)

// Restoring says how a room is made again.
type Restoring struct {
	Journal *journal.Journal
	// Build is that of this program. Only a journal of the same build is played; others are gone on from
	// at their newest checkpoint. Try has those of other builds tried: if what comes of it is not what was
	// played, it is the checkpoint still.
	Build string
	Try   bool
	// Progress is called now and then with how many ticks were played, of how many. It may be nil.
	Progress func(done, of uint32)
}

// backSeconds is for how many seconds before the end of its journal what a client was sent is known, if it sees
// groups through views.
const backSeconds = 5

// Restore makes a room again. The sessions in it are held from now on. What cfg keeps the journal with goes on where
// it ends; fresh reports that it is to begin anew, since the journal was not played to its end.
func Restore(kind world.Kind, with Restoring, cfg Config, log *slog.Logger) (e *Engine, fresh bool, err error) {
	h := with.Journal.Header
	if own := kind.Schema.Fingerprint(); own != h.GetSchema() {
		return nil, false, fmt.Errorf("the schema of kind %s is another one (%016x, and it was %016x)", kind.Name, own, h.GetSchema())
	}
	same := h.GetBuild() == with.Build
	if same || with.Try {
		e, err = restore(kind, &with, cfg, log, false)
		if err == nil {
			return e, false, nil
		}
		if same {
			return nil, false, err
		}
		log.Warn("the room can't be played again by this build; is there a checkpoint?", "room", h.GetRoom(), "error", err)
	}
	from, nerr := with.Journal.Newest()
	if nerr != nil || from == nil {
		return nil, false, errors.Join(fmt.Errorf("%w (it was %q, and this is %q)", ErrOtherBuild, h.GetBuild(), with.Build), err, nerr)
	}
	e, err = restore(kind, &with, cfg, log, true)
	return e, true, err
}

// restorer is an engine whose journal is being played.
type restorer struct {
	*Engine
	replay   *journal.Replay
	sessions map[uint32]*Client // by number of the player
	answered []*Client          // in this tick
	counts   metrics.Counts     // nobody's
	last     uint32             // tick with which the journal ends, about
	seconds  uint32             // ticks in one
}

func restore(kind world.Kind, with *Restoring, cfg Config, log *slog.Logger, newest bool) (*Engine, error) {
	h := with.Journal.Header
	e, kind := prepare(h.GetRoom(), kind, cfg, log)
	r := &restorer{Engine: e, sessions: map[uint32]*Client{}}
	if err := r.start(kind, with.Journal, cfg, newest); err != nil {
		return nil, err
	}
	if !newest {
		if err := r.play(with); err != nil {
			return nil, err
		}
	}
	r.settle()
	return e, nil
}

// start makes the room as the journal begins, or as its newest checkpoint has it.
func (r *restorer) start(kind world.Kind, j *journal.Journal, cfg Config, newest bool) error {
	from, ok, err := j.Start()
	if newest {
		from, err = j.Newest()
		ok = true
	}
	switch {
	case err != nil:
		return err
	case !ok:
		return errors.New("the journal has no beginning")
	}
	options := map[string]string{}
	for _, o := range j.Header.GetOptions() {
		options[o.GetName()] = o.GetValue()
	}
	err = r.safely("New", func() (err error) {
		if from == nil {
			r.replay, err = journal.NewReplay(kind, j.Header, r.log, r.recording.recorder())
		} else {
			r.replay, err = journal.ResumeReplay(kind, j.Header, from, r.log, r.recording.recorder())
		}
		return err
	})
	if err != nil {
		return err
	}
	r.room = r.replay.Caller()
	r.Engine.made(kind, options, cfg)
	r.replay.OnReply = r.onReply
	r.tick = r.room.Committed()
	r.seconds = r.room.Ticks(1)
	if from != nil {
		r.resume(from)
	}
	for i := len(j.Chunks) - 1; i >= 0 && r.last == 0; i-- {
		if j.Chunks[i].Type == journal.TypeBlock {
			r.last = j.Chunks[i].Tick
		}
	}
	return nil
}

// resume takes in the sessions of a checkpoint.
func (r *restorer) resume(from *tickroomv1.JournalCheckpoint) {
	r.Engine.last, r.barred = from.GetLastPlayer(), from.GetBarred()
	r.showing.epoch = r.room.ShowEpoch()
	for _, topic := range from.GetHeard() {
		r.showing.heard[topic] = hearing{told: hears}
	}
	for _, s := range from.GetSeats() {
		p := r.replay.Player(s.GetPlayer())
		if p == nil {
			continue
		}
		c := &Client{player: p, lastCommand: s.GetCommand(), stayed: s.GetStayed(), arrived: s.GetArrived()}
		c.identified(s.GetSession())
		for _, a := range s.GetAnswers() {
			c.kept.add(a.GetData(), min(a.GetTick(), r.tick+1), r.cfg.MaxOutbox)
		}
		r.sessions[p.ID] = c
	}
	if w := r.recording.writer; w != nil {
		if err := w.Resumed(from); err != nil {
			r.log.Error("the checkpoint is not in the journal in memory", "error", err)
		}
	}
}

// safely does what calls game code. A panic is an error.
func (r *restorer) safely(where string, fn func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			r.log.Error("the game panicked while its room was played again", "in", where, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = fmt.Errorf("panic in %s: %v", where, p)
		}
	}()
	return fn()
}

// play makes the calls of the journal.
func (r *restorer) play(with *Restoring) error {
	for _, chunk := range with.Journal.Chunks {
		if chunk.Type != journal.TypeBlock {
			continue
		}
		b, err := with.Journal.Block(chunk)
		if err != nil {
			return err
		}
		err = r.safely("a replay", func() error {
			for _, e := range b.GetEntries() {
				if err := r.apply(e); err != nil {
					return fmt.Errorf("after tick %d: %w", r.tick, err)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if with.Progress != nil {
			with.Progress(r.tick, r.last)
		}
	}
	return nil
}

// apply makes the call of an entry, and takes in what it means for the sessions.
func (r *restorer) apply(e *tickroomv1.JournalEntry) error {
	c := r.sessions[e.GetPlayer()]
	if e.GetOp() == tickroomv1.JournalOp_JOURNAL_OP_COMMAND && c != nil {
		c.lastCommand = max(c.lastCommand, uint32(e.GetNumber()))
	}
	if err := r.replay.Apply(e); err != nil {
		return err
	}
	switch e.GetOp() {
	case tickroomv1.JournalOp_JOURNAL_OP_STEP:
		r.stepped()
	case tickroomv1.JournalOp_JOURNAL_OP_HASH:
		return r.compare(e.GetHash())
	case tickroomv1.JournalOp_JOURNAL_OP_JOIN:
		r.Engine.last = max(r.Engine.last, e.GetPlayer())
		if p := r.replay.Player(e.GetPlayer()); p != nil {
			r.sessions[p.ID] = &Client{player: p, arrived: r.tick}
		}
	case tickroomv1.JournalOp_JOURNAL_OP_LEAVE:
		delete(r.sessions, e.GetPlayer())
	case tickroomv1.JournalOp_JOURNAL_OP_BARRED:
		r.barred = e.GetFlag()
		r.rewrite(func(w *journal.Writer) { w.Barred(e.GetFlag()) })
	case tickroomv1.JournalOp_JOURNAL_OP_DEAF, tickroomv1.JournalOp_JOURNAL_OP_HEARS:
		r.hears(e)
	case tickroomv1.JournalOp_JOURNAL_OP_SHOW_EPOCH:
		r.showing.epoch = r.room.ShowEpoch()
	}
	if c != nil {
		r.session(c, e)
	}
	return nil
}

// rewrite writes down again what is no call, in the journal in memory.
func (r *restorer) rewrite(fn func(w *journal.Writer)) {
	if w := r.recording.writer; w != nil {
		fn(w)
	}
}

// session takes in what an entry means for the session of its player.
func (r *restorer) session(c *Client, e *tickroomv1.JournalEntry) {
	switch e.GetOp() {
	case tickroomv1.JournalOp_JOURNAL_OP_SESSION:
		c.identified(e.GetSession())
		r.rewrite(func(w *journal.Writer) { w.Session(c.player.ID, e.GetSession()) })
	case tickroomv1.JournalOp_JOURNAL_OP_AWAY:
		c.stayed += r.tick - c.arrived
		c.arrived = r.tick
	case tickroomv1.JournalOp_JOURNAL_OP_BACK:
		c.arrived = r.tick
	case tickroomv1.JournalOp_JOURNAL_OP_ANEW:
		c.lastCommand, c.answers, c.kept = 0, nil, kept{}
	}
}

// hears takes in what a house's game was told of a topic.
func (r *restorer) hears(e *tickroomv1.JournalEntry) {
	if !slices.Contains(r.showing.topics, e.GetTopic()) {
		return
	}
	h := hearing{told: deaf}
	if e.GetOp() == tickroomv1.JournalOp_JOURNAL_OP_HEARS {
		h.told = hears
	}
	r.showing.heard[e.GetTopic()] = h
}

// onReply keeps an answer for the client that may not have it.
func (r *restorer) onReply(e *tickroomv1.JournalEntry, reply []byte, err error) {
	c := r.sessions[e.GetPlayer()]
	if c == nil || e.GetNumber() == 0 {
		return
	}
	if len(c.answers) == 0 {
		r.answered = append(r.answered, c)
	}
	c.answer(uint32(e.GetNumber()), reply, err, &r.counts)
}

// stepped notes what clients could have been sent in the tick that has ended.
func (r *restorer) stepped() {
	r.tick = r.room.Committed()
	for _, c := range r.answered {
		c.kept.add(c.answers, r.tick, r.cfg.MaxOutbox)
		c.answers = nil
	}
	r.answered = r.answered[:0]
	back := backSeconds * r.seconds
	if r.tick+back > r.last {
		for _, c := range r.sessions {
			c.player.Note()
		}
	}
	if r.tick%r.seconds == 0 && r.tick > back {
		for _, c := range r.sessions {
			c.player.Acked(r.tick - back)
			c.kept.acked(r.tick - back)
		}
	}
}

// compare reports as an error if the room is another one than the journal says.
func (r *restorer) compare(h *tickroomv1.JournalHash) error {
	if got := r.room.Hash(); got != h.GetRows() {
		return fmt.Errorf("%w: in tick %d the hash of its state is %016x, and it was %016x", ErrDiffers, r.tick, got, h.GetRows())
	}
	if !slices.Equal(r.room.AppendRandom(nil), h.GetRandom()) {
		return fmt.Errorf("%w: in tick %d the random numbers differ", ErrDiffers, r.tick)
	}
	return nil
}

// settle seats the sessions, for those who come back.
func (r *restorer) settle() {
	e := r.Engine
	e.tick, e.written = r.room.Committed(), r.room.Committed()
	for _, p := range r.room.RestoredPlayers() {
		c := r.sessions[p.ID]
		if c == nil {
			c = &Client{player: p, arrived: e.tick}
		}
		e.bound(c)
		if n := len(c.answers); n > 0 { // of a tick that has not ended
			c.kept.add(c.answers, e.tick+1, e.cfg.MaxOutbox)
			c.answers = nil
		}
		c.remade = true
		c.in = netcode.RestoredInputs(&e.rules, p.InputSeq)
		c.down = netcode.RestoredDownlink(p.Interest, uint32(e.cfg.AckWindow), e.tick)
		c.down.LimitEvery(e.maxEvery)
		if !p.Away() {
			c.stayed += e.tick - c.arrived
		}
		e.seat(c)
		e.sessions[c.hash] = c
		e.held = append(e.held, c)
	}
}

// GoOn has a room go on that was made again, before its first tick: its journal is kept from here on, under an epoch
// that is higher than before. Players whose sessions can't be taken up leave; the others are away.
func (e *Engine) GoOn(known *tickroomv1.JournalRoom, fresh bool) {
	e.epoch = known.GetEpoch() + 1
	e.cfg.Known = known
	e.keepOn(fresh)
	all := e.held
	e.held = nil
	for _, c := range all {
		if !c.player.Away() {
			if e.guard("Away", func() error { e.room.SetAway(c.player, true); return nil }) != nil {
				return
			}
		}
		c.holdUntil = e.clock() + e.earned(c)
		if e.holdTicks == 0 || c.hash == (tokenHash{}) || !e.share(c) {
			e.leave(c)
			continue
		}
		e.held = append(e.held, c)
	}
	for _, job := range e.room.Jobs() {
		e.mail.outcomes = append(e.mail.outcomes, world.Outcome{Job: job, Err: "the server has ended before the work was done"})
	}
	for _, topic := range e.showing.topics {
		h := e.showing.heard[topic]
		if h.told == hears {
			h.told = deaf
			e.room.HandleDeaf(topic)
		}
		e.showing.heard[topic] = h
	}
	e.showing.epoch = 0
}

// Sessions returns the players who have a session, by number.
func (e *Engine) Sessions() (players []*world.Player) {
	for _, list := range [][]*Client{e.clients, e.held} {
		for _, c := range list {
			players = append(players, c.player)
		}
	}
	slices.SortFunc(players, func(a, b *world.Player) int { return int(a.ID) - int(b.ID) })
	return players
}
