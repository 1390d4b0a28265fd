package room

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/tickroom/tickroom/netcode/replica"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/world"
)

// stroll is the game of the scripts: each player has a walker, who takes a step of 1 to the
// east with each input, has health 100, and 1 while its player is away.
type stroll struct {
	s       *script
	group   *world.Group
	room    *world.Room
	table   *world.Table[walkersv1.Walker]
	walkers map[*world.Player]world.Entity
	broken  bool // it panics in the next tick
	round   bool // one is going on: nobody else may play
}

func (g *stroll) begin(r *world.Room) (world.Game, error) {
	g.room, g.group, g.table, g.walkers = r, r.NewGroup("all"), world.NewTable[walkersv1.Walker](r.World), map[*world.Player]world.Entity{}
	world.OnInput(r, func(p *world.Player, in *walkersv1.WalkerInput) {
		w := g.table.Get(g.walkers[p])
		if w.LastInput = p.InputSeq; !in.Stop {
			w.X++
		}
	})
	world.OnCommand(r, func(p *world.Player, c *walkersv1.Shout) (*walkersv1.ShoutReply, error) {
		if strings.Contains(c.Text, "!") {
			return nil, fmt.Errorf("no need to shout")
		}
		g.group.Emit(&walkersv1.Heard{Player: p.ID, Text: c.Text})
		return &walkersv1.ShoutReply{Count: uint32(len(g.walkers))}, nil
	})
	return g, nil
}

func (g *stroll) Join(p *world.Player, _ []byte) error {
	p.Subscribe(g.group)
	if p.Spectator {
		g.s.note("%d watches", p.ID)
		return nil
	}
	if g.round {
		return fmt.Errorf("a round is going on: %w", world.ErrFull)
	}
	g.walkers[p] = g.room.Spawn(g.group)
	g.table.Set(g.walkers[p], walkersv1.Walker{Health: 100, Player: p.ID})
	if p.InMatch {
		g.s.note("%d joins, in team %d", p.ID, p.Team)
	} else {
		g.s.note("%d joins", p.ID)
	}
	return nil
}

func (g *stroll) Leave(p *world.Player) {
	g.s.note("%d leaves; its session is over", p.ID)
	if e, ok := g.walkers[p]; ok {
		g.room.Destroy(e)
		delete(g.walkers, p)
	}
}

func (g *stroll) Away(p *world.Player) {
	for _, c := range g.s.loop.engine.held {
		if c.player == p {
			g.s.note("%d is away; its session is held until tick %d", p.ID, c.holdUntil)
		}
	}
	if e, ok := g.walkers[p]; ok {
		g.table.Get(e).Health = 1
	}
}

func (g *stroll) Back(p *world.Player) {
	g.s.note("%d is back", p.ID)
	if e, ok := g.walkers[p]; ok {
		g.table.Get(e).Health = 100
	}
}

func (g *stroll) Tick() {
	if g.broken {
		panic("the game is broken")
	}
}

// note shows what became of a player.
func (s *script) note(format string, args ...any) { s.say("  room: player "+format, args...) }

// shown is what one tick has shown.
type shown struct {
	tick  uint32
	lines string
	same  string // of a tick with nothing but snapshots without rows: to whom
}

// tick steps the room, once or as often as the script says. Ticks one after another with
// nothing but snapshots without rows are shown as one.
func (s *script) tick() {
	n := uint32(1)
	if len(s.d.CmdArgs) > 0 {
		n = s.number(s.arg(0))
	}
	var all []shown
	for range n {
		for _, d := range s.devices {
			if d.acks && d.wire != nil && d.replica.Tick() > 0 {
				d.wire.say(s.t, &tickroomv1.ClientFrame{Ack: d.replica.Tick()})
			}
		}
		s.out.Reset()
		s.loop.engine.fill(1)
		tick := s.loop.engine.tick + 1
		over := s.loop.tick(1, 0, s.now())
		if over != nil {
			s.loop.end(over)
		}
		same := s.show()
		all = append(all, shown{tick, s.out.String(), same})
		if over != nil {
			break
		}
	}
	s.out.Reset()
	for i := 0; i < len(all); {
		j := i + 1
		for j < len(all) && all[i].same != "" && all[j].same == all[i].same {
			j++
		}
		switch {
		case j-i == 1 && all[i].same == nobody:
			s.say("tick %d: nothing is sent", all[i].tick)
		case j-i == 1:
			s.say("tick %d", all[i].tick)
			s.out.WriteString(all[i].lines)
		case all[i].same == nobody:
			s.say("ticks %d to %d: nothing is sent", all[i].tick, all[j-1].tick)
		default:
			s.say("ticks %d to %d: snapshots without changes to %s", all[i].tick, all[j-1].tick, all[i].same)
		}
		i = j
	}
}

const nobody = "nobody"

// show shows what was sent and which connections were closed. If that is nothing but
// snapshots without rows, or nothing, it returns to whom, or nobody.
func (s *script) show() (same string) {
	to, more := []string{}, s.out.Len() > 0
	for _, d := range s.devices {
		for _, c := range d.wires {
			for _, b := range c.down {
				if c.broken {
					s.say("  %s < (does not arrive)", d.name)
					more = true
					continue
				}
				if s.message(d, b) {
					more = true
				}
				to = append(to, d.name)
			}
			c.down = nil
			if c.closed != 0 && !c.shown {
				c.shown, more = true, true
				s.ended(d, c)
			}
		}
	}
	if more {
		return ""
	}
	if len(to) == 0 {
		return nobody
	}
	return strings.Join(to, ", ")
}

// ended shows the end of a connection.
func (s *script) ended(d *device, c *wire) {
	line := fmt.Sprintf("  %s x %d", d.name, c.closed)
	if name, ok := tickroomv1.CloseCode_name[int32(c.closed)]; ok {
		line += " " + strings.TrimPrefix(name, "CLOSE_CODE_")
	}
	if c.reason != "" {
		line += fmt.Sprintf(" %q", c.reason)
	}
	if d.wire != c {
		line += " (the connection before)"
	}
	if d.wire == c {
		d.wire = nil
	}
	s.say("%s", line)
}

// message shows a message, after the device has applied it, and reports whether there is
// more in it than a snapshot without rows.
func (s *script) message(d *device, b []byte) (more bool) {
	f := &tickroomv1.ServerFrame{}
	if err := proto.Unmarshal(b, f); err != nil {
		s.t.Fatalf("%s is sent what is no message: %v", d.name, err)
	}
	if f.GetWelcome() != nil && !f.GetWelcome().GetResumed() {
		d.replica.Reset()
	}
	before := rows(d.replica)
	if err := d.replica.Apply(b); err != nil {
		s.t.Fatalf("%s can't apply its message: %v", d.name, err)
	}
	head := "no snapshot"
	if f.GetTick() != 0 {
		head = "tick=" + fmt.Sprint(f.GetTick())
		if f.GetSkip() != 0 {
			head += fmt.Sprintf(" skip=%d", f.GetSkip())
		}
		if f.GetFull() {
			head += " full"
			before = nil
		}
		if f.GetInputAck() != 0 {
			head += fmt.Sprintf(" input_ack=%d", f.GetInputAck())
		}
	}
	s.say("  %s < %s", d.name, head)
	n := s.out.Len()
	s.rest(f, before, rows(d.replica))
	return s.out.Len() > n || f.GetSkip() != 0 || f.GetFull()
}

// rest shows what else than a tick is in a message.
func (s *script) rest(f *tickroomv1.ServerFrame, before, after map[uint32]walkersv1.Walker) {
	if w := f.GetWelcome(); w != nil {
		s.say("      welcome%s", s.fields(w))
	}
	for _, e := range f.GetRemoved() {
		s.say("      removed=%d", e)
	}
	for _, e := range slices.Sorted(maps.Keys(after)) {
		was, now := before[e], after[e]
		if now != was {
			s.say("      Walker %d:%s", e, changes(&was, &now))
		}
	}
	for _, e := range f.GetEvents() {
		var h walkersv1.Heard
		if err := h.UnmarshalProto(e.GetData()); err != nil {
			s.t.Fatal(err)
		}
		line := fmt.Sprintf("      event Heard player=%d text=%q", h.Player, h.Text)
		if e.GetAge() != 0 {
			line += fmt.Sprintf(", age=%d", e.GetAge())
		}
		s.say("%s", line)
	}
	for _, r := range f.GetReplies() {
		line := fmt.Sprintf("      reply id=%d", r.GetId())
		if r.GetCode() != 0 {
			line += fmt.Sprintf(" code=%s error=%q", strings.TrimPrefix(r.GetCode().String(), "REPLY_CODE_"), r.GetError())
		} else {
			var reply walkersv1.ShoutReply
			if err := reply.UnmarshalProto(r.GetData()); err != nil {
				s.t.Fatal(err)
			}
			line += fmt.Sprintf(" ShoutReply count=%d", reply.Count)
		}
		s.say("%s", line)
	}
	for _, p := range f.GetPongs() {
		s.say("      pong%s", s.fields(p))
	}
	if f.GetAuth() != nil {
		s.say("      auth%s", s.fields(f.GetAuth()))
	}
}

// fields shows a message as its fields. What differs each time is shown as what it means:
// sessions' tokens as S1, S2, …, times as how far from now they are by the room's ticks.
func (s *script) fields(m proto.Message) string {
	var b strings.Builder
	r := m.ProtoReflect()
	for i := range r.Descriptor().Fields().Len() {
		fd := r.Descriptor().Fields().Get(i)
		if !r.Has(fd) {
			continue
		}
		v := r.Get(fd)
		switch fd.Name() {
		case "session":
			fmt.Fprintf(&b, " session=%s", s.alias(v.String()))
		case "server_time_us":
			b.WriteString(" server_time_us=now")
		case "expires_us":
			fmt.Fprintf(&b, " expires_us=now+%v", time.UnixMicro(v.Int()).Sub(s.now()))
		case "schema":
			b.WriteString(" schema={…}")
		case "fingerprint":
			b.WriteString(" fingerprint=…")
		default:
			if fd.Kind() == protoreflect.StringKind {
				fmt.Fprintf(&b, " %s=%q", fd.Name(), v.String())
			} else {
				fmt.Fprintf(&b, " %s=%v", fd.Name(), v)
			}
		}
	}
	return b.String()
}

// alias returns what a session's token is called.
func (s *script) alias(token string) string {
	i := slices.Index(s.tokens, token)
	if i < 0 {
		i = len(s.tokens)
		s.tokens = append(s.tokens, token)
	}
	return fmt.Sprint("S", i+1)
}

// token returns the token that is called so, or the name itself if none is.
func (s *script) token(alias string) string {
	for i, t := range s.tokens {
		if alias == fmt.Sprint("S", i+1) {
			return t
		}
	}
	return alias
}

// rows returns what a replica holds.
func rows(r *replica.Replica) map[uint32]walkersv1.Walker {
	m := map[uint32]walkersv1.Walker{}
	for e, w := range replica.All[walkersv1.Walker](r) {
		m[e] = *w
	}
	return m
}

// changes shows the fields that are no longer what they were.
func changes(was, now *walkersv1.Walker) string {
	var b strings.Builder
	if now.X != was.X {
		fmt.Fprintf(&b, " x=%g", now.X)
	}
	for _, f := range []struct {
		name     string
		was, now uint32
	}{{"health", was.Health, now.Health}, {"last_input", was.LastInput, now.LastInput}, {"player", was.Player, now.Player}} {
		if f.now != f.was {
			fmt.Fprintf(&b, " %s=%d", f.name, f.now)
		}
	}
	return b.String()
}
