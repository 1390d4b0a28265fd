package client

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tickroom/tickroom/netcode/replica"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/proto/schema"
)

// Bounds of a session.
const (
	// MaxPending is how many inputs may wait to be sent, or for their
	// acknowledgement; the oldest is forgotten when there is one more.
	MaxPending = 128
	// MaxCommands is how many commands may be without an answer.
	MaxCommands = 64
	// MaxName is the most bytes that a player's name may have.
	MaxName = 64

	// A server takes no more than so much in one message.
	frameInputs   = 32
	frameCommands = 16

	// ackLag is how many ticks may be applied before an acknowledgement goes out
	// on its own. Usually the next input takes it along.
	ackLag = 3
	// After so many hashes without the explanation asked for a desync is reported
	// with none.
	explainPatience = 5
)

// Errors of a session.
var (
	// ErrProtocol is wrapped by errors about a server that breaks the protocol.
	ErrProtocol = errors.New("client: the server broke the protocol")
	// ErrSchema is wrapped by errors about a server whose schema can't be used
	// with the program's.
	ErrSchema = errors.New("client: the server's schema does not fit this program")
	// ErrTooMany is returned for a command when MaxCommands wait for their answer.
	ErrTooMany = errors.New("client: too many commands without an answer")
	// ErrTooLarge is returned for a message that the server would not take.
	ErrTooLarge = errors.New("client: message is larger than the server takes")
)

// Config is what a session is to say and to expect.
type Config struct {
	// Kind is the kind of room to join.
	Kind string
	// Room is a certain room's id. Empty: any of the kind.
	Room string
	// Name is what the player wants to be called; at most MaxName bytes.
	Name string
	// Schema is the generated schema of the game. Nil: the program has none and
	// takes the server's, for reading cells.
	Schema *schema.Schema
	// HashEvery is how many ticks lie between two checks of the state's hash. 0:
	// no checks.
	HashEvery uint32
	// Every is how many ticks should lie between two snapshots. 0 and 1: none
	// between.
	Every uint32
	// Data is what the game asks of a joiner, encoded as the game says.
	Data []byte
	// Spectate asks to watch, without a part in the game.
	Spectate bool
	// Token says who the player is: one that the game's account service has signed.
	// Empty: a guest, where the server takes those. It is a secret. SetToken replaces
	// it.
	Token string
	// Seat is one from the matchmaker. It is good once, so it goes with the first
	// hello only; Kind and Room may be left out with it.
	Seat string
}

// Desync tells that the replica did not hold what the server said it should.
type Desync struct {
	Tick uint32 // of the hash that was wrong
	// Mismatches names what is wrong as of the snapshot after that. It is empty if
	// the server did not explain, or nothing was wrong any more.
	Mismatches []replica.Mismatch
}

// Error names the tick and the first entities that differ.
func (d *Desync) Error() string {
	s := fmt.Sprintf("client: desync: the state hash of tick %d is wrong", d.Tick)
	for i, m := range d.Mismatches {
		if i == 4 {
			return s + fmt.Sprintf("; and %d more", len(d.Mismatches)-i)
		}
		s += "; " + m.String()
	}
	return s
}

// Stats counts what a session has seen and done. Bytes include the headers of
// WebSocket frames.
type Stats struct {
	MessagesIn, BytesIn   uint64
	MessagesOut, BytesOut uint64
	Snapshots             uint64
	FullSnapshots         uint64
	SkippedTicks          uint64 // ticks that had no snapshot of their own
	RowsChanged           uint64 // rows created, changed or removed
	Events                uint64
	HashChecks            uint64
	Desyncs               uint64
	InputsSent            uint64
	InputsDropped         uint64 // forgotten since too many were waiting
	Resumes               uint64 // new connections that took the session up again
	RTT                   time.Duration
	MinRTT                time.Duration // of the last seconds
}

// Session is the client's side of the protocol. Receive, and whatever uses the
// replica, is for one goroutine at a time; the other methods may be called by
// any, also from within callbacks. Times are readings of any one clock that
// never goes back.
type Session struct {
	cfg Config

	// For the goroutine that receives.
	frame     replica.Frame
	onAuth    func(Auth) // may be nil
	events    map[uint32]func(ev replica.Event, tick uint32) error
	onWelcome func(*replica.Replica) // may be nil

	mu sync.Mutex
	// Guarded by mu.
	rep     *replica.Replica // nil before the welcome; its content isn't guarded
	welcome *tickroomv1.Welcome
	greeted bool // on this connection
	resume  bool // the hello asked to take up the session
	missed  bool // when it was taken up reliable events had been forgotten
	clock   clock
	stats   Stats
	auth    auth
	seen    seen
	out     outbox
	calls   []call // commands without an answer
	lastID  uint32 // of commands
	desync  struct {
		tick   uint32 // of the wrong hash; 0: none
		hashes int    // that came since
	}
}

// seen is how far the state has come.
type seen struct {
	tick, ack uint32 // applied, and acknowledged
	inputAck  uint32
}

// outbox is what waits to be sent.
type outbox struct {
	seq      uint32         // of the newest input
	inputs   []PendingInput // not acknowledged yet, oldest first
	sent     int            // of inputs
	asked    int            // of the session's calls, those that were sent
	ping     time.Duration
	hasPing  bool
	every    uint32
	mismatch bool
}

// PendingInput is an input that the state doesn't include yet.
type PendingInput struct {
	Seq, Tick uint32
	Data      []byte
}

type call struct {
	id   uint32
	data []byte // encoded CommandData
	done func(r replica.Reply, err error)
}

// NewSession checks the configuration and makes a session that has not said
// hello yet.
func NewSession(cfg Config) (*Session, error) {
	if cfg.Kind == "" && cfg.Room == "" && cfg.Seat == "" {
		return nil, errors.New("client: neither a kind nor a room nor a seat to join with")
	}
	if len(cfg.Name) > MaxName {
		return nil, fmt.Errorf("client: the name %q has %d bytes, more than %d", cfg.Name, len(cfg.Name), MaxName)
	}
	if len(cfg.Token) > MaxToken {
		return nil, fmt.Errorf("client: %w", tokenTooLong(cfg.Token))
	}
	return &Session{cfg: cfg, auth: auth{token: cfg.Token}, events: map[uint32]func(replica.Event, uint32) error{}}, nil
}

// AppendHello appends the message that opens the session, or takes it up again.
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
	kind, room := s.cfg.Kind, s.cfg.Room
	if s.resume = s.welcome != nil; s.resume {
		kind, room = s.welcome.GetKind(), s.welcome.GetRoom()
	}
	num(1, 1)
	str(2, kind)
	str(3, room)
	str(4, schema.ValidText(s.cfg.Name))
	if s.cfg.Schema != nil {
		h = protowire.AppendFixed64(protowire.AppendTag(h, 5, protowire.Fixed64Type), s.cfg.Schema.Fingerprint())
	}
	num(6, s.cfg.HashEvery)
	num(7, s.cfg.Every)
	str(8, string(s.cfg.Data))
	if s.resume {
		str(9, s.welcome.GetSession())
		num(10, s.seen.tick)
	} else if s.cfg.Spectate {
		num(11, 1)
	}
	str(12, s.auth.token)
	s.auth.unsent = false // it is in the hello
	if !s.resume {
		str(13, s.cfg.Seat)
	}
	at := len(b)
	b = protowire.AppendBytes(protowire.AppendTag(b, 5, protowire.BytesType), h)
	s.countOut(len(b) - at)
	return b
}

// Lost tells the session that its connection has ended. It is for the goroutine
// that calls Receive, as is AppendHello. On a new one AppendHello
// asks to take up the session where it was, if it ever got a welcome: what the
// server may not have seen is sent again. Calls without an answer stay so until
// then; Fail ends them.
func (s *Session) Lost() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.greeted = false
	s.out.sent, s.out.asked, s.out.hasPing, s.out.mismatch = 0, 0, false, false
	s.desync.tick, s.desync.hashes = 0, 0
}

// EventsMissed tells whether, when the session was last taken up again, the server
// had forgotten reliable events that it had not delivered.
func (s *Session) EventsMissed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.missed
}

// Receive takes one binary message from the server. The bytes are not kept. An
// error is the end of the session: the connection should be closed with the code
// that CloseCodeFor gives.
func (s *Session) Receive(msg []byte, now time.Duration) error {
	f := &s.frame
	if err := f.Parse(msg); err != nil {
		return fmt.Errorf("%w: %w", ErrProtocol, err)
	}
	s.mu.Lock()
	s.stats.MessagesIn++
	s.stats.BytesIn += uint64(len(msg) + HeaderLen(len(msg), false))
	s.mu.Unlock()
	if f.Welcome != nil {
		if err := s.takeWelcome(f.Welcome); err != nil {
			return err
		}
		f.Welcome = nil
	}
	if !s.greeted {
		return fmt.Errorf("%w: the first message has no welcome", ErrProtocol)
	}
	if f.Tick != 0 {
		if err := s.rep.ApplyFrame(f); err != nil {
			return fmt.Errorf("%w: %w", ErrProtocol, err)
		}
	}
	for i := range f.Events {
		ev := f.Events[i]
		if fn := s.events[ev.ID]; fn != nil {
			if err := fn(ev, f.Tick-ev.Age); err != nil {
				return fmt.Errorf("%w: event %d: %w", ErrProtocol, ev.ID, err)
			}
		}
	}
	if f.Auth != nil {
		s.takeAuth(f.Auth)
	}
	desync := s.note(f, now)
	for i := range f.Replies {
		if done := s.answered(f.Replies[i].ID); done != nil {
			done(f.Replies[i], nil)
		}
	}
	return desync
}

// note takes over what a frame that was applied says besides the state.
func (s *Session) note(f *replica.Frame, now time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Events += uint64(len(f.Events))
	for i := range f.Pongs {
		p := &f.Pongs[i]
		if sent := time.Duration(p.ClientTimeUS) * time.Microsecond; sent <= now {
			s.clock.sawPong(sent, p.ServerTimeUS, now)
		}
	}
	if f.Tick == 0 {
		return nil
	}
	s.stats.Snapshots++
	s.stats.RowsChanged += uint64(s.rep.Touched())
	if f.Full {
		s.stats.FullSnapshots++
	} else {
		s.stats.SkippedTicks += uint64(f.Skip)
	}
	s.seen.tick = f.Tick
	s.clock.sawTick(f.Tick, now)
	if f.InputAck > s.seen.inputAck {
		s.seen.inputAck = f.InputAck
		s.out.acked(f.InputAck)
	}
	return s.verify(f)
}

// verify holds the replica against the server's hashes.
func (s *Session) verify(f *replica.Frame) error {
	if f.HasHash {
		s.stats.HashChecks++
		if d := &s.desync; d.tick != 0 {
			d.hashes++
		} else if s.rep.Hash() != f.Hash {
			s.stats.Desyncs++
			d.tick = f.Tick
			s.out.mismatch = true
		}
	}
	if d := &s.desync; d.tick != 0 && (len(f.EntityHashes) > 0 || d.hashes >= explainPatience) {
		err := &Desync{Tick: d.tick}
		if len(f.EntityHashes) > 0 {
			err.Mismatches = s.rep.Compare(f.EntityHashes)
		}
		return err
	}
	return nil
}

func (s *Session) takeWelcome(w *tickroomv1.Welcome) error {
	switch {
	case s.greeted:
		return fmt.Errorf("%w: a second welcome", ErrProtocol)
	case s.resume != w.GetResumed():
		return fmt.Errorf("%w: a session is resumed: asked for %t, got %t", ErrProtocol, s.resume, w.GetResumed())
	case s.resume:
		return s.takeUp(w)
	}
	if !(w.GetTickRate() > 0 && w.GetTickRate() <= 1000) {
		return fmt.Errorf("%w: a tick rate of %g", ErrProtocol, w.GetTickRate())
	}
	used := s.cfg.Schema
	if used == nil || used.Fingerprint() != w.GetFingerprint() {
		if w.GetSchema() == nil {
			return fmt.Errorf("%w: it differs (fingerprint %016x) and the server did not send it", ErrSchema, w.GetFingerprint())
		}
		got, err := schema.FromProto(w.GetSchema())
		if err != nil {
			return fmt.Errorf("%w: %w", ErrSchema, err)
		}
		if used != nil {
			if err := got.Compatible(used); err != nil {
				return fmt.Errorf("%w: %w", ErrSchema, err)
			}
			got.Package, got.Events, got.Commands, got.Input, got.NewInput = used.Package, used.Events, used.Commands, used.Input, used.NewInput
		}
		used = got
	}
	w.Schema = nil
	rep := replica.New(used)
	s.mu.Lock()
	s.welcome, s.rep, s.greeted = w, rep, true
	s.auth.welcomed(w)
	s.clock.perTick = time.Duration(float64(time.Second) / w.GetTickRate())
	s.mu.Unlock()
	if s.onWelcome != nil {
		s.onWelcome(rep)
	}
	return nil
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
	s.seen.ack = s.seen.tick // the hello said so
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

// Welcome gives what the server said when it let the session in, nil before
// that. It is not to be changed. Its schema is left out: see Replica.
func (s *Session) Welcome() *tickroomv1.Welcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.welcome
}

// OnWelcome calls fn when the replica is there and still empty, so that change
// callbacks can be set. It must be set before the first Receive.
func (s *Session) OnWelcome(fn func(r *replica.Replica)) { s.onWelcome = fn }

// Replica gives the copy of what the session sees, nil before the welcome. It is
// for the goroutine that calls Receive.
func (s *Session) Replica() *replica.Replica {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rep
}

// Frame gives what the last Receive was given, taken apart, but for a welcome. It
// is for the goroutine that calls Receive.
func (s *Session) Frame() *replica.Frame { return &s.frame }

// OnEvent calls fn for each event of type E, after the tables of its frame have
// been applied. tick is the one that it happened in. The event is good during
// the call only. It must be set before the first Receive.
func OnEvent[E any, P interface {
	*E
	schema.Event
}](s *Session, fn func(ev *E, tick uint32)) {
	ev := new(E)
	id, _ := P(ev).EventID()
	s.events[id] = func(raw replica.Event, tick uint32) error {
		if err := P(ev).UnmarshalProto(raw.Data); err != nil {
			return err
		}
		fn(ev, tick)
		return nil
	}
}

// OnRawEvent is OnEvent for programs without generated code. data is good during
// the call only.
func (s *Session) OnRawEvent(id uint32, fn func(data []byte, tick uint32)) {
	s.events[id] = func(raw replica.Event, tick uint32) error {
		fn(raw.Data, tick)
		return nil
	}
}

// SendInput queues an input, encoded as the schema's input message, for a tick
// (0: as soon as possible), and gives its sequence number. data is copied. When
// too many inputs wait the oldest is forgotten.
func (s *Session) SendInput(tick uint32, data []byte) uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := &s.out
	o.seq++
	if len(o.inputs) == MaxPending {
		if o.sent == 0 {
			s.stats.InputsDropped++
		}
		o.forget(1)
	}
	if n := len(o.inputs); n < cap(o.inputs) {
		o.inputs = o.inputs[:n+1]
	} else {
		o.inputs = append(o.inputs, PendingInput{})
	}
	in := &o.inputs[len(o.inputs)-1]
	in.Seq, in.Tick = o.seq, tick
	in.Data = append(in.Data[:0], data...)
	return o.seq
}

// acked forgets the inputs up to a sequence number.
func (o *outbox) acked(seq uint32) {
	n := 0
	for n < len(o.inputs) && o.inputs[n].Seq <= seq {
		n++
	}
	o.forget(n)
}

// forget drops the oldest inputs and keeps their memory for later ones.
func (o *outbox) forget(n int) {
	if n == 0 {
		return
	}
	for i := n; i < len(o.inputs); i++ {
		o.inputs[i-n], o.inputs[i] = o.inputs[i], o.inputs[i-n]
	}
	o.inputs = o.inputs[:len(o.inputs)-n]
	o.sent = max(0, o.sent-n)
}

// Pending appends the inputs that the state does not include yet, oldest first:
// what a prediction has to apply on top of it.
func (s *Session) Pending(list []PendingInput) []PendingInput {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, in := range s.out.inputs {
		in.Data = slices.Clone(in.Data)
		list = append(list, in)
	}
	return list
}

// SendCommand queues a command, encoded. done is called once: with the answer,
// whose bytes are good during the call only, from within Receive; or with an
// error, from Fail. It may be nil.
func (s *Session) SendCommand(command uint32, data []byte, done func(r replica.Reply, err error)) error {
	_, err := s.sendCommand(command, data, done)
	return err
}

func (s *Session) sendCommand(command uint32, data []byte, done func(r replica.Reply, err error)) (uint32, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.calls) >= MaxCommands {
		return 0, ErrTooMany
	}
	var c []byte
	c = protowire.AppendVarint(protowire.AppendTag(c, 1, protowire.VarintType), uint64(s.lastID+1))
	c = protowire.AppendVarint(protowire.AppendTag(c, 2, protowire.VarintType), uint64(command))
	c = protowire.AppendBytes(protowire.AppendTag(c, 3, protowire.BytesType), data)
	if limit := s.maxMessage(); len(c)+32 > limit {
		return 0, fmt.Errorf("%w: a command of %d bytes, the limit is %d", ErrTooLarge, len(c), limit)
	}
	s.lastID++
	s.calls = append(s.calls, call{s.lastID, c, done})
	return s.lastID, nil
}

func (s *Session) maxMessage() int {
	if n := int(s.welcome.GetMaxMessage()); n > 0 {
		return n
	}
	return 4096
}

// answered takes a command off those without an answer.
func (s *Session) answered(id uint32) func(replica.Reply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, c := range s.calls {
		if c.id == id {
			s.calls = slices.Delete(s.calls, i, i+1)
			if i < s.out.asked {
				s.out.asked--
			}
			return c.done
		}
	}
	return nil
}

// Fail tells all commands without an answer that none will come.
func (s *Session) Fail(err error) {
	s.mu.Lock()
	calls := s.calls
	s.calls, s.out.asked = nil, 0
	s.mu.Unlock()
	for _, c := range calls {
		if c.done != nil {
			c.done(replica.Reply{}, err)
		}
	}
}

// Ping queues a ping.
func (s *Session) Ping(now time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.out.ping, s.out.hasPing = now, true
}

// SetEvery asks for one snapshot in so many ticks; 1 is every tick.
func (s *Session) SetEvery(n uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.out.every = n
}

// Ready tells whether there is something to send that should not wait for an
// input: an acknowledgement before the server's window closes among them.
func (s *Session) Ready() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := &s.out
	return o.sent < len(o.inputs) || o.asked < len(s.calls) || o.hasPing || o.every != 0 || o.mismatch || s.auth.unsent || s.seen.tick-s.seen.ack >= ackLag
}

// AppendMessage appends one message with what waits to be sent, the newest
// acknowledgement always included, and tells whether there was anything to say.
// It should be called until there isn't.
func (s *Session) AppendMessage(b []byte) ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.greeted {
		return b, false
	}
	o := &s.out
	at := len(b)
	if s.seen.tick != s.seen.ack {
		s.seen.ack = s.seen.tick
		b = schema.AppendUvarint(append(b, 1<<3), uint64(s.seen.ack))
	}
	limit := s.maxMessage() - 32 // what follows inputs and commands
	for n := 0; o.sent < len(o.inputs) && n < frameInputs; n++ {
		in := &o.inputs[o.sent]
		if n > 0 && len(b)-at+len(in.Data)+20 > limit {
			break
		}
		b = in.append(b)
		o.sent++
		s.stats.InputsSent++
	}
	for n := 0; o.asked < len(s.calls) && n < frameCommands; n++ {
		c := s.calls[o.asked].data
		if len(b) > at && len(b)-at+len(c)+6 > limit {
			break
		}
		b = schema.AppendUvarint(append(b, 3<<3|2), uint64(len(c)))
		b = append(b, c...)
		o.asked++
	}
	if o.hasPing {
		o.hasPing = false
		us := uint64(o.ping / time.Microsecond)
		b = append(b, 4<<3|2, byte(1+protowire.SizeVarint(us)), 1<<3)
		b = schema.AppendUvarint(b, us)
	}
	if o.every != 0 {
		b = schema.AppendUvarint(append(b, 6<<3), uint64(o.every))
		o.every = 0
	}
	if o.mismatch {
		o.mismatch = false
		b = append(b, 7<<3, 1)
	}
	if s.auth.unsent && (len(b) == at || len(b)-at+len(s.auth.token) < limit) {
		s.auth.unsent = false
		b = protowire.AppendString(protowire.AppendTag(b, 8, protowire.BytesType), s.auth.token)
	}
	if len(b) == at {
		return b, false
	}
	s.countOut(len(b) - at)
	return b, true
}

func (in *PendingInput) append(b []byte) []byte {
	n := 1 + protowire.SizeVarint(uint64(in.Seq))
	if in.Tick != 0 {
		n += 1 + protowire.SizeVarint(uint64(in.Tick))
	}
	if len(in.Data) > 0 {
		n += 1 + protowire.SizeBytes(len(in.Data))
	}
	b = schema.AppendUvarint(append(b, 2<<3|2), uint64(n))
	b = schema.AppendUvarint(append(b, 1<<3), uint64(in.Seq))
	if in.Tick != 0 {
		b = schema.AppendUvarint(append(b, 2<<3), uint64(in.Tick))
	}
	if len(in.Data) > 0 {
		b = schema.AppendUvarint(append(b, 3<<3|2), uint64(len(in.Data)))
		b = append(b, in.Data...)
	}
	return b
}

func (s *Session) countOut(n int) {
	s.stats.MessagesOut++
	s.stats.BytesOut += uint64(n + HeaderLen(n, true))
}

// Tick gives the tick that the state is of.
func (s *Session) Tick() uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen.tick
}

// InputAck gives the sequence number of the last input that the state includes.
func (s *Session) InputAck() uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen.inputAck
}

// DesyncPending tells whether a hash was wrong and the server's explanation has
// not come yet.
func (s *Session) DesyncPending() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.desync.tick != 0
}

// ServerTick estimates the tick that the server is in now, with a fraction. It
// is 0 before the first snapshot.
func (s *Session) ServerTick(now time.Duration) float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clock.serverTick(now)
}

// ServerTime estimates the server's wall clock now; false before the first pong.
func (s *Session) ServerTime(now time.Duration) (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clock.serverTime(now)
}

// Stats gives the counts so far.
func (s *Session) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.stats
	st.RTT, st.MinRTT = s.clock.lastRTT, s.clock.rtt.min()
	return st
}

// CloseCodeFor gives the close code that tells the server of an error of
// Receive.
func CloseCodeFor(err error) uint16 {
	switch {
	case err == nil:
		return CloseNormal
	case errors.Is(err, ErrSchema):
		return uint16(tickroomv1.CloseCode_CLOSE_CODE_SCHEMA)
	}
	return uint16(tickroomv1.CloseCode_CLOSE_CODE_BAD_MESSAGE)
}

// HeaderLen gives the length of the header of a WebSocket frame (RFC 6455
// section 5.2).
func HeaderLen(payload int, masked bool) int {
	n := 2
	if masked {
		n += 4
	}
	switch {
	case payload > 0xffff:
		n += 8
	case payload > 125:
		n += 2
	}
	return n
}
