package journal

import "github.com/tickroom/tickroom/world"

// Caller makes all calls to a room's game. Those methods of world.Room by which something reaches
// the game are its own; the others, which only read, or take what the game gives away, are the room's.
// Its methods are called one at a time.
type Caller struct {
	*world.Room

	rec  Recorder // nil: nobody is told
	call Call     // used again for each
}

// New makes a room of a kind, and its game, as world.NewRoom does. rec may be nil.
func New(k world.Kind, with world.Setup, rec Recorder) (*Caller, error) {
	if rec != nil {
		rec.Begin(&k, &with)
	}
	r, _, err := world.NewRoom(k, with)
	if err != nil {
		return nil, err
	}
	return &Caller{Room: r, rec: rec}, nil
}

// Resume makes a room as New does, and puts it into the state of a checkpoint, as world.RestoreRoom does.
func Resume(k world.Kind, with world.Setup, saved []byte, rec Recorder) (*Caller, error) {
	if rec != nil {
		rec.Begin(&k, &with)
	}
	r, _, err := world.RestoreRoom(k, with, saved)
	if err != nil {
		return nil, err
	}
	return &Caller{Room: r, rec: rec}, nil
}

// Step is world.Room.Step.
func (c *Caller) Step() uint32 {
	if c.rec == nil {
		return c.Room.Step()
	}
	c.call = Call{Op: OpStep}
	c.rec.Record(&c.call)
	t := c.Room.Step()
	c.rec.Stepped(c.Room)
	return t
}

// SetNow is world.Room.SetNow.
func (c *Caller) SetNow(us int64) {
	if c.rec != nil {
		c.call = Call{Op: OpNow, Number: uint64(us)}
		c.rec.Record(&c.call)
	}
	c.Room.SetNow(us)
}

// SetHeard is world.Room.SetHeard.
func (c *Caller) SetHeard(since, until int64) {
	if c.rec != nil {
		c.call = Call{Op: OpHeard, Since: since, Number: uint64(until)}
		c.rec.Record(&c.call)
	}
	c.Room.SetHeard(since, until)
}

// Join is world.Room.Join.
func (c *Caller) Join(p *world.Player, data []byte) error {
	if c.rec != nil {
		c.call = Call{Op: OpJoin, Player: p, Data: data}
		c.rec.Record(&c.call)
	}
	return c.Room.Join(p, data)
}

// Leave is world.Room.Leave.
func (c *Caller) Leave(p *world.Player) {
	if c.rec != nil {
		c.call = Call{Op: OpLeave, Player: p}
		c.rec.Record(&c.call)
	}
	c.Room.Leave(p)
}

// SetAway is world.Room.SetAway.
func (c *Caller) SetAway(p *world.Player, away bool) {
	if c.rec != nil {
		op := OpBack
		if away {
			op = OpAway
		}
		c.call = Call{Op: op, Player: p}
		c.rec.Record(&c.call)
	}
	c.Room.SetAway(p, away)
}

// SetRoles gives a player roles from now on.
func (c *Caller) SetRoles(p *world.Player, roles []string) {
	if c.rec != nil {
		c.call = Call{Op: OpRoles, Player: p, Roles: roles}
		c.rec.Record(&c.call)
	}
	p.Roles = roles
}

// NumberAnew has the numbers of a player's inputs begin anew.
func (c *Caller) NumberAnew(p *world.Player) {
	if c.rec != nil {
		c.call = Call{Op: OpAnew, Player: p}
		c.rec.Record(&c.call)
	}
	p.InputSeq = 0
}

// SetRTT is world.Room.SetRTT.
func (c *Caller) SetRTT(p *world.Player, seconds float64) {
	if c.rec != nil {
		c.call = Call{Op: OpRTT, Player: p, Seconds: seconds}
		c.rec.Record(&c.call)
	}
	c.Room.SetRTT(p, seconds)
}

// HandleInput is world.Room.HandleInput.
func (c *Caller) HandleInput(p *world.Player, in world.Input) error {
	if c.rec != nil {
		c.rec.RecordInput(p, in)
	}
	return c.Room.HandleInput(p, in)
}

// HandleCommand is world.Room.HandleCommand. number is which command it is of the player's client, 0 if nobody
// counts.
func (c *Caller) HandleCommand(p *world.Player, number, id uint32, data, reply []byte) ([]byte, error) {
	if c.rec != nil {
		c.call = Call{Op: OpCommand, Player: p, Number: uint64(number), ID: id, Data: data}
		c.rec.Record(&c.call)
	}
	return c.Room.HandleCommand(p, id, data, reply)
}

// HandleMessage is world.Room.HandleMessage.
func (c *Caller) HandleMessage(from *world.Posting, id uint32, data []byte) (handed bool, err error) {
	if c.rec != nil {
		c.call = Call{Op: OpMessage, From: from, ID: id, Data: data}
		c.rec.Record(&c.call)
	}
	return c.Room.HandleMessage(from, id, data)
}

// HandleOutcome is world.Room.HandleOutcome.
func (c *Caller) HandleOutcome(o *world.Outcome) error {
	if c.rec != nil {
		c.call = Call{Op: OpOutcome, Outcome: o}
		c.rec.Record(&c.call)
	}
	return c.Room.HandleOutcome(o)
}

// HandleDeaf is world.Room.HandleDeaf.
func (c *Caller) HandleDeaf(topic string) {
	if c.rec != nil {
		c.call = Call{Op: OpDeaf, Topic: topic}
		c.rec.Record(&c.call)
	}
	c.Room.HandleDeaf(topic)
}

// HandleHears is world.Room.HandleHears.
func (c *Caller) HandleHears(topic string, missed bool) {
	if c.rec != nil {
		c.call = Call{Op: OpHears, Topic: topic, Flag: missed}
		c.rec.Record(&c.call)
	}
	c.Room.HandleHears(topic, missed)
}

// SetShowEpoch is world.Room.SetShowEpoch.
func (c *Caller) SetShowEpoch(epoch uint64) {
	if c.rec != nil {
		c.call = Call{Op: OpShowEpoch, Number: epoch}
		c.rec.Record(&c.call)
	}
	c.Room.SetShowEpoch(epoch)
}
