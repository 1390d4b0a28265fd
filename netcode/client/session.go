package client

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tickroom/tickroom/netcode/replica"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
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
	// ErrSessionGone ends a command that was without an answer when the client joined
	// anew. It may have been done or not.
	ErrSessionGone = errors.New("client: the session is gone, and a new one has begun")
)

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
	wish    uint32  // ticks from one snapshot to the next
	opens   opening // what the next hello asks for
	asked   opening // what the hello on this connection asked for
	greeted bool    // on this connection
	missed  bool    // when the session was resumed reliable events had been forgotten
	clock   clock
	lead    lead
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

// NewSession returns a session that has not said hello yet. The error says what is
// wrong with the configuration.
func NewSession(cfg Config) (*Session, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	return &Session{cfg: cfg, wish: cfg.Every, auth: auth{token: cfg.Token}, events: map[uint32]func(replica.Event, uint32) error{}}, nil
}

// Receive takes one binary message from the server, which may be a part of a longer one;
// that is taken with its last part. The bytes are not kept. After an
// error the connection is of no use any more: it should be closed with the code that
// CloseCodeFor returns.
func (s *Session) Receive(msg []byte, now time.Duration) error {
	f := &s.frame
	if err := s.parse(msg); err != nil {
		return fmt.Errorf("%w: %w", ErrProtocol, err)
	}
	s.mu.Lock()
	s.stats.MessagesIn++
	s.stats.BytesIn += uint64(len(msg) + HeaderLen(len(msg), false))
	s.mu.Unlock()
	if f.Partial() {
		return nil // it shows that the connection is alive, and no more
	}
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
	for i := 0; i < len(f.Events) && len(s.events) > 0; i++ {
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

// parse takes a message apart.
func (s *Session) parse(msg []byte) error {
	if s.cfg.Twins != nil {
		return s.cfg.Twins.Parse(&s.frame, msg)
	}
	return s.frame.Parse(msg)
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
	s.lead.saw(s.clock.sawTick(f.Tick, now), s.clock.perTick, now)
	s.lead.heard(f)
	if f.InputAck > s.seen.inputAck {
		s.seen.inputAck = f.InputAck
		s.out.acked(f.InputAck)
	}
	return s.verify(f)
}

// live reports whether the server has let the session in on this connection.
func (s *Session) live() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.greeted
}

// Welcome returns what the server said when it let the session in, nil before
// that. It is not to be changed. Its schema is left out: see Replica.
func (s *Session) Welcome() *tickroomv1.Welcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.welcome
}

// OnWelcome has fn called when there is a replica that is still empty, so that change
// callbacks can be set: after the first welcome, and when a client has joined anew
// since its session was gone. It must be set before the first Receive.
func (s *Session) OnWelcome(fn func(r *replica.Replica)) { s.onWelcome = fn }

// Replica returns the copy of what the session sees, nil before the welcome. It is
// for the goroutine that calls Receive.
func (s *Session) Replica() *replica.Replica {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rep
}

// Frame returns what the last Receive was given, taken apart, but for a welcome. It
// is for the goroutine that calls Receive.
func (s *Session) Frame() *replica.Frame { return &s.frame }

// Tick returns the tick that the state is of.
func (s *Session) Tick() uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen.tick
}

// InputAck returns the sequence number of the last input that the state includes.
func (s *Session) InputAck() uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen.inputAck
}

// ServerTick estimates the tick that the server is in now, with a fraction. It
// is 0 before the first snapshot.
func (s *Session) ServerTick(now time.Duration) float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clock.serverTick(now)
}

// InputTick returns the tick, with a fraction, at which to show what the player steers itself: ahead of
// the server by as long as an input takes to get there, and a little more. The input that is made now is for
// the next whole tick. It runs up to 5% faster or slower than the server's ticks so that inputs
// come in time, and jumps if it is wrong by more than ten. It is to be called often, once a tick at least. 0
// before the first snapshot.
func (s *Session) InputTick(now time.Duration) float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lead.tick(now, &s.clock)
}

// Lead returns how far ahead inputs are made, and how that works out.
func (s *Session) Lead() Lead {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lead.Lead
}

// ServerTime estimates the server's wall clock now; false before the first pong.
func (s *Session) ServerTime(now time.Duration) (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clock.serverTime(now)
}
