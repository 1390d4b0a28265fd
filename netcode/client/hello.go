package client

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tickroom/tickroom/netcode/replica"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/proto/schema"
)

// fingerprints holds the fingerprints of the programs' schemas, by the schema: they are asked for
// with each connection, of which some programs make thousands, and take long to work out.
var fingerprints sync.Map

// fingerprint returns the fingerprint of a program's schema, which does not change.
func fingerprint(s *schema.Schema) uint64 {
	if v, ok := fingerprints.Load(s); ok {
		return v.(uint64)
	}
	v := s.Fingerprint()
	fingerprints.Store(s, v)
	return v
}

// AppendHello appends the message that opens the session, or resumes it.
func (s *Session) AppendHello(b []byte) []byte {
	h := []byte{}
	str := func(num protowire.Number, v string) {
		if v != "" {
			h = protowire.AppendString(protowire.AppendTag(h, num, protowire.BytesType), v)
		}
	}
	num := func(num protowire.Number, v uint32) {
		if v != 0 {
			h = protowire.AppendVarint(protowire.AppendTag(h, num, protowire.VarintType), uint64(v))
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = s.opens
	kind, room := s.cfg.Kind, s.cfg.Room
	if used := s.welcome != nil && s.cfg.Seat != ""; s.asked != opensJoin || used {
		// Of a seat that was used the room is left: perhaps another one than the seat's.
		kind, room = s.welcome.GetKind(), s.welcome.GetRoom()
	}
	num(1, 1)
	str(2, kind)
	str(3, room)
	str(4, schema.ValidText(s.cfg.Name))
	if s.cfg.Schema != nil {
		h = protowire.AppendFixed64(protowire.AppendTag(h, 5, protowire.Fixed64Type), fingerprint(s.cfg.Schema))
	}
	num(6, s.cfg.HashEvery)
	num(7, s.wish)
	s.out.every = 0 // it is in the hello
	str(8, string(s.cfg.Data))
	if s.asked == opensResume {
		str(9, s.welcome.GetSession())
		num(10, s.seen.tick)
	}
	if s.cfg.Spectate {
		num(11, 1)
	}
	str(12, s.auth.token)
	s.auth.unsent = false // it is in the hello
	if s.welcome == nil {
		str(13, s.cfg.Seat)
	}
	num(14, 1) // long messages may come in parts
	if s.asked == opensResume && !s.cfg.certain() {
		num(15, 1)
	}
	for _, name := range slices.Sorted(maps.Keys(s.cfg.Options)) {
		o := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), schema.ValidText(name))
		o = protowire.AppendString(protowire.AppendTag(o, 2, protowire.BytesType), schema.ValidText(s.cfg.Options[name]))
		h = protowire.AppendBytes(protowire.AppendTag(h, 16, protowire.BytesType), o)
	}
	at := len(b)
	b = protowire.AppendBytes(protowire.AppendTag(b, 5, protowire.BytesType), h)
	s.countOut(len(b) - at)
	return b
}

// Lost notes that the session's connection has ended. It is for the goroutine
// that calls Receive, as is AppendHello. On a new connection AppendHello asks to resume
// the session, if there was ever a welcome: what the server may not have seen is sent
// again. Calls without an answer stay so until then; Fail ends them.
func (s *Session) Lost() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.greeted = false
	s.frame.Abandon()
	s.opens = opensJoin
	if s.welcome != nil {
		s.opens = opensResume
	}
	s.out.sent, s.out.asked, s.out.hasPing, s.out.mismatch = 0, 0, false, false
	s.desync.tick, s.desync.hashes = 0, 0
}

// open sets what the next hello asks for, in the place of what Lost has set.
func (s *Session) open(as opening) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opens = as
}

// EventsMissed reports whether, when the session was last resumed, the server had
// forgotten reliable events that it had not delivered.
func (s *Session) EventsMissed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.missed
}

func (s *Session) takeWelcome(w *tickroomv1.Welcome) error {
	resume := s.asked == opensResume
	if resume && !w.GetResumed() && !s.cfg.certain() {
		resume = false // the room is gone, and the server has found another one
	}
	switch {
	case s.greeted:
		return fmt.Errorf("%w: a second welcome", ErrProtocol)
	case resume != w.GetResumed():
		return fmt.Errorf("%w: a session is resumed: asked for %t, got %t", ErrProtocol, resume, w.GetResumed())
	case resume:
		return s.takeUp(w)
	}
	if !(w.GetTickRate() > 0 && w.GetTickRate() <= 1000) {
		return fmt.Errorf("%w: a tick rate of %g", ErrProtocol, w.GetTickRate())
	}
	used, err := s.schemaFor(w)
	if err != nil {
		return err
	}
	w.Schema = nil
	rep := replica.New(used)
	if s.cfg.Twins != nil {
		rep.Join(s.cfg.Twins)
	}
	s.begin(w, rep)
	if s.onWelcome != nil {
		s.onWelcome(rep)
	}
	return nil
}

// schemaFor returns the schema to read tables by: the program's, or the server's where
// that is another one of which the program knows enough.
func (s *Session) schemaFor(w *tickroomv1.Welcome) (*schema.Schema, error) {
	own := s.cfg.Schema
	if own != nil && fingerprint(own) == w.GetFingerprint() {
		return own, nil
	}
	if w.GetSchema() == nil {
		return nil, fmt.Errorf("%w: it differs (fingerprint %016x) and the server did not send it", ErrSchema, w.GetFingerprint())
	}
	got, err := schema.FromProto(w.GetSchema())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSchema, err)
	}
	if own != nil {
		if err := got.Compatible(own); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrSchema, err)
		}
		got.Package, got.Events, got.Commands, got.Input, got.NewInput = own.Package, own.Events, own.Commands, own.Input, own.NewInput
	}
	return got, nil
}

// begin begins a session. If there was one before, it is gone with all that it had to
// say.
func (s *Session) begin(w *tickroomv1.Welcome, rep *replica.Replica) {
	s.mu.Lock()
	again := s.welcome != nil
	s.welcome, s.rep, s.greeted, s.missed = w, rep, true, false
	s.auth.welcomed(w)
	s.clock = clock{perTick: time.Duration(float64(time.Second) / w.GetTickRate())}
	s.lead.restart()
	if again {
		s.seen, s.out = seen{}, outbox{}
		s.lastID = 0
	}
	s.mu.Unlock()
	if again {
		s.Fail(ErrSessionGone)
	}
}

// takeUp takes the welcome to a session that is resumed. The replica is what it
// was; the snapshot that comes with it builds on that, or is whole.
func (s *Session) takeUp(w *tickroomv1.Welcome) error {
	if w.GetFingerprint() != s.welcome.GetFingerprint() {
		return fmt.Errorf("%w: it has changed since the session began", ErrSchema)
	}
	w.Schema = nil
	s.mu.Lock()
	defer s.mu.Unlock()
	s.welcome, s.greeted, s.missed = w, true, w.GetEventsMissed()
	s.auth.welcomed(w)
	s.seen.ack = s.seen.tick   // the hello said so
	s.clock.tick = windowMin{} // the room may have stood still
	s.lead.restart()
	// What the server has need not be said again.
	o := &s.out
	for o.sent < len(o.inputs) && o.inputs[o.sent].Seq <= w.GetInputSeq() {
		o.sent++
	}
	for o.asked < len(s.calls) && s.calls[o.asked].id <= w.GetCommandId() {
		o.asked++
	}
	s.stats.Resumes++
	return nil
}
