package bots

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"time"

	"github.com/gobwas/ws"

	"github.com/tickroom/tickroom/netcode/client"
	"github.com/tickroom/tickroom/netcode/replica"
)

// Times that a bot keeps.
const (
	pingEvery    = time.Second
	quietPing    = 2 * time.Second  // in kinds that have no inputs
	welcomeLimit = 10 * time.Second // from hello to welcome
	silenceLimit = 15 * time.Second // from one message to the next
	leaveLimit   = 5 * time.Second  // from our close frame to the server's
	errorPause   = time.Second      // before a bot that failed joins again
	maxUnsent    = 64 << 10         // bytes that the kernel would not take
)

// errSilence is that nothing comes on a connection.
var errSilence = errors.New("the server is silent")

type state uint8

const (
	away       state = iota // not connected; to dial at wake
	connecting              // with a dialer
	seated                  // connected
	stalled                 // connected, and not reading
	leaving                 // our close frame is sent
	gone                    // the swarm is done with it
)

// bot is one client. It belongs to a loop; while it is connecting, to a dialer.
type bot struct {
	id    int
	loop  *loop
	slow  bool
	cuts  bool // its connection breaks, again and again
	rnd   *rand.Rand
	state state
	wake  time.Duration // when to act next
	gen   uint32        // of the newest entry in the loop's wheel

	// Of one session. While the connection is lost they stay.
	s         *client.Session
	url       *url.URL // where it is
	pilot     Pilot
	receiver  Receiver      // the pilot, if it is one
	actor     Actor         // likewise
	returner  Returner      // likewise
	returning bool          // the connection was lost, and the bot is to be back in its session
	lostAt    time.Duration // when that was
	tries     int           // to come back
	inputAck  uint32
	sentAt    [64]time.Duration // of inputs, by number

	// Of one connection.
	linked    bool // there is one
	fd        descriptor
	part      []byte // of a frame that has not come as a whole
	message   []byte // of a message in several frames
	inMessage bool
	unsent    []byte
	limit     time.Duration // of welcome, silence or leaving
	from      time.Duration // when it began to look for a seat
	rejoin    bool          // the seat is in a match that it was in before
	nextInput time.Duration
	nextPing  time.Duration
	nextStall time.Duration
	nextCut   time.Duration
	lastSnap  time.Duration
	input     []byte
	welcomed  bool
	room      string // that it is in, once welcomed

	joined bool // once at least
}

// connected takes over a connection from a dialer.
func (b *bot) connected(a arrival, now time.Duration) {
	l := b.loop
	if l.sw.phase.Load() == phaseLeave {
		if a.err == nil {
			a.fd.close()
		}
		l.forget(b)
		b.state = gone
		return
	}
	if a.err != nil {
		l.fail(b, a.err, now)
		return
	}
	old := *b
	*b = bot{
		id: old.id, loop: l, gen: old.gen, slow: old.slow, cuts: old.cuts, rnd: old.rnd, joined: old.joined,
		part: old.part[:0], unsent: old.unsent[:0], input: old.input[:0],
		state: seated, s: a.s, url: a.url, fd: a.fd, linked: true, lostAt: old.lostAt, tries: old.tries,
	}
	if old.returning && old.s == a.s {
		b.pilot, b.receiver, b.actor, b.returner = old.pilot, old.receiver, old.actor, old.returner
		b.returning, b.inputAck, b.sentAt = true, old.inputAck, old.sentAt
	} else {
		b.steer()
	}
	b.from, b.rejoin = a.from, a.rejoin
	b.limit = now + welcomeLimit
	l.schedule(b, b.limit)
	l.open++
	if err := l.poll.add(b); err != nil {
		l.fail(b, err, now)
		return
	}
	if len(a.rest) > 0 {
		b.take(a.rest, now)
	}
}

// steer gives the bot the pilot of a new session.
func (b *bot) steer() {
	b.pilot = b.loop.sw.newPilot(b)
	b.receiver, _ = b.pilot.(Receiver)
	b.actor, _ = b.pilot.(Actor)
	b.returner, _ = b.pilot.(Returner)
	b.inputAck, b.sentAt = 0, [64]time.Duration{}
}

// seat is called when the welcome has come.
func (b *bot) seat(now time.Duration) {
	l := b.loop
	b.welcomed = true
	b.room = b.s.Welcome().GetRoom()
	l.sw.houses.enter(b.room)
	if !b.joined {
		b.joined = true
		l.sw.joined.Add(1)
	}
	l.seated++
	switch {
	case b.returning && b.s.Welcome().GetResumed():
		l.resumes++
		record(l.backing, now-b.lostAt)
		if b.returner != nil {
			b.returner.Back(b.s, now)
		}
	case b.lostAt != 0: // its session is gone, and it is in another one
		l.rejoins++
		record(l.backing, now-b.lostAt)
		if b.returning {
			b.steer()
		}
		b.pilot.Seated(b.s)
	default:
		l.joins++
		record(l.seating, now-b.from)
		b.pilot.Seated(b.s)
	}
	b.returning, b.lostAt, b.tries = false, 0, 0
	b.limit = now + silenceLimit
	// Bots are spread over the interval of inputs.
	if p := l.sw.period; p > 0 {
		b.nextInput = now + time.Duration(b.rnd.Int64N(int64(p)))
	} else {
		b.nextInput = now + time.Duration(b.rnd.Int64N(int64(quietPing)))
	}
	b.nextPing = now
	if b.slow {
		b.nextStall = now + b.untilStall()
	}
	if b.cuts {
		b.nextCut = now + b.untilCut()
	}
	l.schedule(b, b.nextInput)
	b.hurry(now)
}

// hurry wakes the bot up in time for what its pilot wants to do.
func (b *bot) hurry(now time.Duration) {
	if b.actor == nil || b.state != seated {
		return
	}
	if at := b.actor.Next(); at != 0 && at < b.wake {
		b.loop.schedule(b, max(at, now))
	}
}

func (b *bot) untilStall() time.Duration {
	cfg := &b.loop.sw.cfg
	return cfg.StallMin + time.Duration(b.rnd.Int64N(int64(2*cfg.StallMax+1)))
}

func (b *bot) untilCut() time.Duration {
	cfg := &b.loop.sw.cfg
	return cfg.CutMin + time.Duration(b.rnd.Int64N(int64(8*cfg.CutMax+1)))
}

// act does what is due, and sets when to act next.
func (b *bot) act(now time.Duration) {
	l := b.loop
	switch b.state {
	case away:
		b.state = connecting
		l.sw.want <- b // holds all bots: never full
		return
	case stalled:
		b.state = seated
		b.nextStall = now + b.untilStall()
		b.limit = now + silenceLimit
		b.nextInput = now
		if err := l.poll.add(b); err != nil {
			l.fail(b, err, now)
			return
		}
		l.read(b, true, now) // whatever there is
	case leaving:
		if now >= b.limit {
			l.fail(b, errors.New("the server did not answer a close frame"), now)
			return
		}
		b.flush(now)
	}
	switch {
	case b.state != seated:
		b.wake = max(b.wake, now+100*time.Millisecond)
	case now >= b.limit && !b.welcomed:
		l.fail(b, fmt.Errorf("%w: no welcome within %v", errSilence, welcomeLimit), now)
	case now >= b.limit:
		l.fail(b, fmt.Errorf("%w: no message for %v", errSilence, silenceLimit), now)
	case !b.welcomed:
		b.wake = b.limit
	case b.cuts && now >= b.nextCut && l.sw.phase.Load() == phaseMeasure:
		l.cut(b, now)
	case b.slow && now >= b.nextStall:
		b.stall(now)
	default:
		b.play(now)
	}
}

// stall stops reading for a while.
func (b *bot) stall(now time.Duration) {
	l := b.loop
	b.state = stalled
	l.poll.remove(b)
	l.stalls++
	b.lastSnap = 0
	d := l.sw.cfg.StallMax - l.sw.cfg.StallMin
	b.wake = now + l.sw.cfg.StallMin
	if d > 0 {
		b.wake += time.Duration(b.rnd.Int64N(int64(d)))
	}
}

// play sends the ping and the input that are due.
func (b *bot) play(now time.Duration) {
	if now >= b.nextPing {
		b.s.Ping(now)
		if b.nextPing = now + pingEvery; b.loop.sw.period == 0 {
			b.nextPing = now + quietPing
		}
	}
	if now >= b.nextInput {
		if p := b.loop.sw.period; p > 0 {
			b.input = b.pilot.Input(b.input[:0], b.s)
			seq := b.s.SendInput(0, b.input)
			b.sentAt[seq%uint32(len(b.sentAt))] = now
			if b.nextInput += p; b.nextInput < now {
				b.nextInput = now + p // far behind: don't make up for it in a burst
			}
		} else {
			b.nextInput = now + quietPing
		}
	}
	b.wake = b.nextInput
	if b.actor != nil {
		at := b.actor.Next()
		if at != 0 && at <= now {
			b.actor.Act(b.s, now)
			at = b.actor.Next()
		}
		if at != 0 {
			b.wake = min(b.wake, max(at, now+time.Millisecond))
		}
	}
	b.flush(now)
}

// flush sends what the session has to send.
func (b *bot) flush(now time.Duration) {
	l := b.loop
	out := append(l.out[:0], b.unsent...)
	if b.state == seated {
		for {
			more := false
			at := len(out)
			out = appendFrame(out, ws.OpBinary, b.rnd.Uint32(), func(p []byte) []byte {
				p, more = b.s.AppendMessage(p)
				return p
			})
			if !more {
				out = out[:at]
				break
			}
		}
	}
	l.out = out
	b.unsent = b.unsent[:0]
	for len(out) > 0 {
		n, err := b.fd.write(out)
		out = out[n:]
		if errors.Is(err, errAgain) {
			break
		}
		if err != nil {
			// The connection has ended; why is still to be read.
			return
		}
	}
	if len(out) > maxUnsent {
		l.fail(b, errors.New("the server does not read"), now)
		return
	}
	b.unsent = append(b.unsent, out...)
}

// control sends a control frame.
func (b *bot) control(op ws.OpCode, payload []byte, now time.Duration) {
	b.unsent = appendFrame(b.unsent, op, b.rnd.Uint32(), func(p []byte) []byte { return append(p, payload...) })
	b.flush(now)
}

// leave closes the session as a player would.
func (b *bot) leave(now time.Duration) {
	if b.state == stalled {
		if b.loop.poll.add(b) != nil {
			b.loop.left(b, now)
			return
		}
	}
	b.loop.seated--
	b.loop.sw.houses.leave(b.room)
	b.state = leaving
	b.limit = now + leaveLimit
	b.loop.schedule(b, now+100*time.Millisecond)
	b.control(ws.OpClose, binary.BigEndian.AppendUint16(nil, client.CloseNormal), now)
}

// take is given bytes from the server, which follow those in part.
func (b *bot) take(p []byte, now time.Duration) {
	if len(b.part) > 0 {
		b.part = append(b.part, p...)
		p = b.part
	}
	rest, err := b.frames(p, now)
	if b.state != seated && b.state != leaving {
		return
	}
	if err != nil {
		b.loop.fail(b, err, now)
		return
	}
	if b.part = append(b.part[:0], rest...); len(rest) == 0 && cap(b.part) > 64<<10 {
		b.part = nil
	}
	if b.state == seated && b.welcomed && b.s.Ready() {
		b.flush(now)
	}
}

// frames handles the frames at the beginning of p and returns what is left.
func (b *bot) frames(p []byte, now time.Duration) ([]byte, error) {
	for {
		h, err := parseHead(p)
		if err != nil {
			return nil, err
		}
		if h.len == 0 || len(p) < h.len+h.size {
			return p, nil
		}
		payload := p[h.len : h.len+h.size]
		p = p[h.len+h.size:]
		switch h.op {
		case ws.OpPing:
			if b.state == seated {
				b.control(ws.OpPong, payload, now)
			}
		case ws.OpPong:
		case ws.OpClose:
			return nil, b.closed(payload, now)
		case ws.OpBinary, ws.OpContinuation:
			if b.inMessage != (h.op == ws.OpContinuation) {
				return nil, fmt.Errorf("%w: a fragment without its message, or the other way round", errFrame)
			}
			if b.inMessage = !h.fin; b.inMessage || len(b.message) > 0 {
				if b.message = append(b.message, payload...); len(b.message) > maxMessage {
					return nil, fmt.Errorf("%w: a message of more than %d bytes", errFrame, maxMessage)
				}
				payload = b.message
			}
			if h.fin {
				b.message = b.message[:0]
				if err := b.receive(payload, now); err != nil {
					return nil, err
				}
			}
		default:
			return nil, fmt.Errorf("%w: opcode %d", errFrame, h.op)
		}
		if b.state != seated && b.state != leaving {
			return nil, nil
		}
	}
}

// receive applies one message.
func (b *bot) receive(msg []byte, now time.Duration) error {
	if b.state == leaving {
		return nil
	}
	if err := b.s.Receive(msg, now); err != nil {
		return err
	}
	if !b.welcomed {
		b.seat(now)
	}
	b.limit = now + silenceLimit
	b.measure(b.s.Frame(), now)
	if b.receiver != nil {
		b.receiver.Received(b.s, now)
	}
	b.hurry(now)
	return nil
}

func (b *bot) measure(f *replica.Frame, now time.Duration) {
	l := b.loop
	count := l.measuring && !b.slow
	for i := range f.Pongs {
		if sent := time.Duration(f.Pongs[i].ClientTimeUS) * time.Microsecond; count && sent <= now {
			record(l.rtt, now-sent)
		}
	}
	if f.Tick == 0 {
		return
	}
	if count && b.lastSnap != 0 {
		record(l.gap, now-b.lastSnap)
		record(l.window.gap, now-b.lastSnap)
	}
	b.lastSnap = now
	if f.InputAck > b.inputAck {
		if n := uint32(len(b.sentAt)); count && f.InputAck-b.inputAck <= n {
			for seq := b.inputAck + 1; seq <= f.InputAck; seq++ {
				if at := b.sentAt[seq%n]; at != 0 {
					record(l.inputToState, now-at)
					record(l.window.inputToState, now-at)
				}
			}
		}
		b.inputAck = f.InputAck
	}
}

// closed handles the server's close frame.
func (b *bot) closed(payload []byte, now time.Duration) error {
	e := &client.CloseError{Code: client.CloseLost}
	if len(payload) >= 2 {
		e.Code, e.Reason = binary.BigEndian.Uint16(payload), string(payload[2:])
	}
	if b.state == leaving {
		if e.Code == client.CloseNormal {
			b.loop.left(b, now)
			return nil
		}
		return fmt.Errorf("a close with 1000 was answered: %w", e)
	}
	return e
}

// eof handles the end of the connection.
func (b *bot) eof(err error, now time.Duration) {
	if b.state == leaving {
		b.loop.left(b, now)
		return
	}
	if err == nil {
		err = io.ErrUnexpectedEOF
	}
	b.loop.fail(b, &client.CloseError{Code: client.CloseLost, Err: err}, now)
}
