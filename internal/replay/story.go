package replay

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tickroom/tickroom/internal/journal"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/world"
)

// Story is what happened in a room, for a timeline.
type Story struct {
	Rate    float64 // ticks a second
	First   uint32  // tick after which it begins: 0, or that of the state that the journal begins with
	Last    uint32  // newest tick that can be played
	Visits  []Visit
	Marks   []Mark // by tick
	Trouble string // why it can't be played further than that; empty: that is its end

	saved archive
}

// Visit is a player's stay in the room.
type Visit struct {
	Player    uint32 // number in the room
	Name      string
	ID        string // of the player in all rooms
	Spectator bool
	From, To  uint32 // first and last tick after which it was there; To is 0 if it was at the end
}

// Mark is something that happened in a tick.
type Mark struct {
	Tick uint32
	What string // "join", "leave", "away", "back", "differs", a journal's mark's reason, or an event's name
	Text string // for people: a name, a reason, or an event as JSON
}

const (
	// Events of a type that happened more often than rare are left out of a Story, so that what matters can be
	// seen; of those called Kill there may be more.
	rare, rareKills = 300, 5000
)

// Tell plays a journal once, and returns its story.
func Tell(j *journal.Journal, k world.Kind) (*Story, error) {
	r, err := Start(j, k, nil)
	if err != nil {
		return nil, err
	}
	t := &teller{run: r, kind: &k, story: &Story{Rate: r.Room().TickRate}, there: map[uint32]int{}, events: map[uint32][]Mark{}}
	r.seen = t.entry
	t.begin()
	for done := false; !done; {
		var want *tickroomv1.JournalHash
		want, done, err = r.Tick()
		var p *Panic
		if errors.As(err, &p) {
			t.story.Trouble = p.Error()
			t.mark("panic", p.Error())
			break
		}
		if err != nil {
			t.story.Trouble = fmt.Sprintf("after tick %d: %v", r.At(), err)
			break
		}
		t.story.Last = r.At()
		if want != nil && !t.differs && !equal(want, r.state()) {
			t.differs = true
			t.story.Marks = append(t.story.Marks, Mark{r.At(), "differs", differs(r.Room(), want, r.state())})
		}
		if !done {
			t.listen()
			if err := t.story.saved.add(r, k); err != nil {
				return nil, err
			}
		}
	}
	if err := t.journalMarks(j); err != nil {
		return nil, err
	}
	return t.end(), nil
}

// teller makes a Story of a run.
type teller struct {
	run     *Run
	kind    *world.Kind
	story   *Story
	there   map[uint32]int // visits that go on, by player
	events  map[uint32][]Mark
	differs bool
	scratch world.Scratch
	frame   []byte
}

// begin notes who is there at the beginning.
func (t *teller) begin() {
	s := t.story
	s.First, s.Last = t.run.At(), t.run.At()
	for _, all := range []iter.Seq[*world.Player]{t.run.Room().Players(), t.run.Room().Spectators()} {
		for p := range all {
			t.there[p.ID] = len(s.Visits)
			s.Visits = append(s.Visits, Visit{Player: p.ID, Name: p.Name, ID: p.PlayerID, Spectator: p.Spectator, From: s.First})
		}
	}
}

// mark notes something of the tick that is being played.
func (t *teller) mark(what, text string) {
	t.story.Marks = append(t.story.Marks, Mark{t.run.At() + 1, what, text})
}

// entry is told of each entry when it has been played.
func (t *teller) entry(e *tickroomv1.JournalEntry) {
	op, player := journal.Op(e.GetOp()), e.GetPlayer()
	switch op {
	case journal.OpJoin:
		p := t.run.Player(player)
		if p == nil {
			return // it was turned away
		}
		t.there[player] = len(t.story.Visits)
		t.story.Visits = append(t.story.Visits, Visit{Player: player, Name: p.Name, ID: p.PlayerID, Spectator: p.Spectator, From: t.run.At() + 1})
		if !p.Spectator {
			t.mark("join", p.Name)
		}
	case journal.OpLeave, journal.OpAway, journal.OpBack:
		i, ok := t.there[player]
		if !ok {
			return
		}
		v := &t.story.Visits[i]
		if op == journal.OpLeave {
			v.To = max(v.From, t.run.At())
			delete(t.there, player)
		}
		if !v.Spectator {
			t.mark(op.String(), v.Name)
		}
	}
}

// listen notes the events of the tick that has ended, as the first player has heard them.
func (t *teller) listen() {
	for p := range t.run.Room().Players() {
		now := t.run.At()
		t.frame = p.AppendSince(t.frame[:0], &t.scratch, now, now-1)
		t.hear(t.frame)
		return
	}
}

// hear takes the events out of the fields of a frame.
func (t *teller) hear(frame []byte) {
	for len(frame) > 0 {
		num, typ, n := protowire.ConsumeTag(frame)
		m := protowire.ConsumeFieldValue(num, typ, frame[max(n, 0):])
		if n < 0 || m < 0 {
			return
		}
		if num == 8 && typ == protowire.BytesType {
			b, _ := protowire.ConsumeBytes(frame[n:])
			t.event(b)
		}
		frame = frame[n+m:]
	}
}

// event notes an event, of which b is the EventData.
func (t *teller) event(b []byte) {
	var id uint64
	var data []byte
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		m := protowire.ConsumeFieldValue(num, typ, b[max(n, 0):])
		if n < 0 || m < 0 {
			return
		}
		switch num {
		case 1:
			id, _ = protowire.ConsumeVarint(b[n:])
		case 2:
			data, _ = protowire.ConsumeBytes(b[n:])
		}
		b = b[n+m:]
	}
	info := t.kind.Schema.Event(uint32(id))
	if info == nil || len(t.events[info.ID]) > rareKills {
		return
	}
	text := ""
	if ev := info.New(); ev.UnmarshalProto(data) == nil {
		if j, err := json.Marshal(ev); err == nil {
			text = string(j)
		}
	}
	t.events[info.ID] = append(t.events[info.ID], Mark{t.run.At(), info.Name, text})
}

// journalMarks notes why somebody has kept the journal.
func (t *teller) journalMarks(j *journal.Journal) error {
	for _, c := range j.Chunks {
		if c.Type != journal.TypeMark {
			continue
		}
		m, err := j.Mark(c)
		if err != nil {
			return err
		}
		t.story.Marks = append(t.story.Marks, Mark{m.GetTick(), m.GetReason(), m.GetText()})
	}
	return nil
}

func (t *teller) end() *Story {
	for id, all := range t.events {
		limit := rare
		if t.kind.Schema.Event(id).Name == "Kill" {
			limit = rareKills
		}
		if len(all) <= limit {
			t.story.Marks = append(t.story.Marks, all...)
		}
	}
	slices.SortStableFunc(t.story.Marks, func(a, b Mark) int {
		return cmp.Or(cmp.Compare(a.Tick, b.Tick), cmp.Compare(a.What, b.What))
	})
	return t.story
}
