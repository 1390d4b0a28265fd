package journal

import (
	"fmt"
	"log/slog"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/world"
)

// Replay makes the calls of a journal again. Its methods are called one at a time. A panic of the game
// is one of theirs.
type Replay struct {
	caller  *Caller
	players map[uint32]*world.Player
	last    times

	// OnReply is called with what the game replies to a command, and how it refuses it. It may be nil.
	OnReply func(e *tickroomv1.JournalEntry, reply []byte, err error)
}

// NewReplay makes the room again that a header is of. The kind is that of its name; what the game logs
// goes to log, nowhere if that is nil. rec may be nil.
func NewReplay(k world.Kind, h *tickroomv1.JournalHeader, log *slog.Logger, rec Recorder) (*Replay, error) {
	k, with := setup(k, h, log)
	c, err := New(k, with, rec)
	if err != nil {
		return nil, err
	}
	return &Replay{caller: c, players: map[uint32]*world.Player{}, last: times{h.GetNowUs(), h.GetNowUs()}}, nil
}

// ResumeReplay makes the room of a checkpoint, from which NewReplay goes on.
func ResumeReplay(k world.Kind, h *tickroomv1.JournalHeader, from *tickroomv1.JournalCheckpoint, log *slog.Logger, rec Recorder) (*Replay, error) {
	k, with := setup(k, h, log)
	c, err := Resume(k, with, from.GetRoom(), rec)
	if err != nil {
		return nil, err
	}
	r := &Replay{caller: c, players: map[uint32]*world.Player{}, last: times{from.GetNowUs(), from.GetHeardUs()}}
	for _, p := range c.RestoredPlayers() {
		r.players[p.ID] = p
	}
	return r, nil
}

// setup returns what the room of a header was made with.
func setup(k world.Kind, h *tickroomv1.JournalHeader, log *slog.Logger) (world.Kind, world.Setup) {
	options := map[string]string{}
	for _, o := range h.GetOptions() {
		options[o.GetName()] = o.GetValue()
	}
	k.Hold = h.GetHoldSeconds()
	return k, world.Setup{ID: h.GetRoom(), Seed: h.GetSeed(), Options: options, Now: h.GetNowUs(), MaxAsync: int(h.GetMaxAsync()), Log: log}
}

// Checkpoint returns the room between two ticks, for ResumeReplay. The error wraps world.ErrNoSaver if its game
// can't be saved.
func (r *Replay) Checkpoint() (*tickroomv1.JournalCheckpoint, error) {
	room, err := r.caller.Checkpoint()
	if err != nil {
		return nil, err
	}
	return &tickroomv1.JournalCheckpoint{Tick: r.caller.Committed(), Room: room, NowUs: r.last.now, HeardUs: r.last.heard}, nil
}

// Room returns the room.
func (r *Replay) Room() *world.Room { return r.caller.Room }

// Caller returns what makes the calls to the room: for whoever goes on where the journal ends.
func (r *Replay) Caller() *Caller { return r.caller }

// Player returns the player with a number who is in the room, or nil.
func (r *Replay) Player(number uint32) *world.Player { return r.players[number] }

// Apply makes the call that an entry is of. What the room posts, tells or wants to have done by that is
// dropped: what came of it is in the journal.
func (r *Replay) Apply(e *tickroomv1.JournalEntry) error {
	c := r.caller
	switch opOf(e) {
	case OpStep:
		c.Step()
		c.TakePosts()
		c.TakeTold()
		c.TakeJobs()
		c.TakeResult()
	case OpNow:
		r.last.now += e.GetNumber()
		c.SetNow(r.last.now)
	case OpHeard:
		since := r.last.heard + e.GetSince()
		r.last.heard += e.GetNumber()
		c.SetHeard(since, r.last.heard)
	case OpMessage:
		return r.message(e)
	case OpOutcome:
		o := e.GetOutcome()
		_ = c.HandleOutcome(&world.Outcome{Job: o.GetJob(), Data: o.GetData(), Err: o.GetError(), Late: o.GetLate()}) // as it was then
	case OpDeaf:
		c.HandleDeaf(e.GetTopic())
	case OpHears:
		c.HandleHears(e.GetTopic(), e.GetFlag())
	case OpShowEpoch:
		c.SetShowEpoch(uint64(e.GetNumber()))
	case OpJoin:
		return r.join(e)
	case opHash, opSession, opBarred:
	default:
		return r.ofPlayer(e)
	}
	return nil
}

func (r *Replay) join(e *tickroomv1.JournalEntry) error {
	if e.GetPlayer() == 0 || r.players[e.GetPlayer()] != nil {
		return fmt.Errorf("%w: player %d joins, and is there", ErrFormat, e.GetPlayer())
	}
	w := e.GetWho()
	p := &world.Player{
		Interest: world.NewInterest(r.caller.World), ID: e.GetPlayer(), Name: w.GetName(), Spectator: w.GetSpectator(),
		PlayerID: w.GetPlayerId(), Roles: w.GetRoles(), Team: int(w.GetTeam()), Role: w.GetRole(), InMatch: w.GetInMatch(), Network: w.GetNetwork(),
	}
	if r.caller.Join(p, e.GetData()) == nil {
		r.players[p.ID] = p
	}
	return nil
}

func (r *Replay) message(e *tickroomv1.JournalEntry) error {
	p := e.GetFrom()
	from := world.Posting{Topic: p.GetTopic(), From: p.GetFrom(), Number: p.GetNumber(), Type: p.GetType(), Key: p.GetKey(), At: p.GetAtUs()}
	if e.GetPlayer() != 0 {
		var err error
		if from.Player, err = r.player(e); err != nil {
			return err
		}
	}
	_, _ = r.caller.HandleMessage(&from, e.GetId(), e.GetData()) // as it was then
	return nil
}

// ofPlayer makes a call that is of a player who is there.
func (r *Replay) ofPlayer(e *tickroomv1.JournalEntry) error {
	c := r.caller
	p, err := r.player(e)
	if err != nil {
		return err
	}
	switch opOf(e) {
	case OpInput:
		in := world.Input{Seq: uint32(int64(p.InputSeq) + 1 + e.GetNumber()), Back: e.GetBack(), Data: e.GetData()}
		_ = c.HandleInput(p, in) // as it was then
	case OpCommand:
		reply, err := c.HandleCommand(p, uint32(e.GetNumber()), e.GetId(), e.GetData(), nil)
		if r.OnReply != nil {
			r.OnReply(e, reply, err)
		}
	case OpLeave:
		delete(r.players, p.ID)
		c.Leave(p)
	case OpAway, OpBack:
		c.SetAway(p, opOf(e) == OpAway)
	case OpRTT:
		c.SetRTT(p, e.GetSeconds())
	case OpRoles:
		c.SetRoles(p, e.GetRoles())
	case OpAnew:
		c.NumberAnew(p)
	default:
		return fmt.Errorf("%w: a call %d, which this program does not know", ErrFormat, e.GetOp())
	}
	return nil
}

func (r *Replay) player(e *tickroomv1.JournalEntry) (*world.Player, error) {
	if p := r.players[e.GetPlayer()]; p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("%w: a call of %s of player %d, who is not there", ErrFormat, opOf(e), e.GetPlayer())
}

// opOf returns which call an entry is of.
func opOf(e *tickroomv1.JournalEntry) Op {
	if o := e.GetOp(); o >= 0 && o < tickroomv1.JournalOp(allOps) {
		return Op(o)
	}
	return allOps
}
