package bots

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gobwas/ws"

	"github.com/tickroom/tickroom/netcode/client"
)

// The phases of a run.
const (
	phaseJoin int32 = iota
	phaseMeasure
	phaseLeave
)

const (
	dialers     = 32
	dialLimit   = 10 * time.Second
	joinLimit   = 30 * time.Second // beyond what the ramp takes
	maxReasons  = 50
	maxDesyncs  = 20
	reasonWidth = 200
)

// swarm is what all loops share.
type swarm struct {
	cfg       Config
	urls      []*url.URL
	behaviour Behaviour
	crew      Crew // nil: each bot plays by itself
	houses    houses
	period    time.Duration // between inputs, 0 none
	start     time.Time
	loops     []*loop
	want      chan *bot // bots to be connected; room for all
	seeker    *seeker   // nil: bots don't come via matchmaking
	required  []requirement
	timeline  timeline
	bridges   sync.WaitGroup // goroutines of encrypted connections

	phase  atomic.Int32
	joined atomic.Int64 // bots that were seated at least once

	mu sync.Mutex
	// Guarded by mu.
	errors  map[string]int
	desyncs int
	details []string
}

// Run plays with a swarm of bots until the duration is over or the context ends,
// and lets them leave. The error is a desync, or anything else that
// should not happen to a client; the report is good all the same. An error
// together with a report of no clients means that nothing was begun.
func Run(ctx context.Context, cfg Config) (Report, error) {
	urls, behaviour, err := cfg.check()
	if err != nil {
		return Report{}, fmt.Errorf("bots: %w", err)
	}
	sw := &swarm{
		cfg: cfg, urls: urls, behaviour: behaviour, start: time.Now(),
		want: make(chan *bot, cfg.Clients), errors: map[string]int{},
	}
	slow := rand.New(rand.NewPCG(cfg.Seed, 0)).Perm(cfg.Clients)
	cut := rand.New(rand.NewPCG(cfg.Seed, 1<<41)).Perm(cfg.Clients)
	isSlow := func(bot int) bool { return float64(slow[bot]) < cfg.Slow*float64(cfg.Clients) }
	isCut := func(bot int) bool { return float64(cut[bot]) < cfg.Cut*float64(cfg.Clients) }
	if behaviour.NewCrew != nil {
		sw.crew, err = behaviour.NewCrew(Setup{
			Server: cfg.Server, Options: cfg.Options, Clients: cfg.Clients, Seed: cfg.Seed, Now: sw.now, Logger: cfg.Logger,
			Disturbed: func(bot int) bool { return isSlow(bot) || isCut(bot) },
		})
		if err != nil {
			return Report{}, fmt.Errorf("bots: %w", err)
		}
	}
	for _, text := range cfg.Require {
		q, err := parseRequirement(text, &Report{Figures: sw.figures()})
		if err != nil {
			return Report{}, fmt.Errorf("bots: %w", err)
		}
		sw.required = append(sw.required, q)
	}
	sw.timeline = timeline{loops: cfg.Loops, open: map[int64]*second{}, each: 1}
	if cfg.Via == ViaMatchmaking {
		sw.seeker = newSeeker(sw)
		defer sw.seeker.close()
	}
	if cfg.Rate > 0 {
		sw.period = time.Duration(float64(time.Second) / cfg.Rate)
	}
	for i := range cfg.Loops {
		l, err := newLoop(sw, i)
		if err != nil {
			for _, l := range sw.loops {
				l.poll.close()
			}
			return Report{}, fmt.Errorf("bots: %w", err)
		}
		sw.loops = append(sw.loops, l)
	}
	var all []*bot
	for i := range cfg.Clients {
		l := sw.loops[i%len(sw.loops)]
		b := &bot{
			id: i, loop: l, state: connecting, rnd: rand.New(rand.NewPCG(cfg.Seed, uint64(i+1))),
			slow: isSlow(i), cuts: isCut(i),
		}
		l.bots = append(l.bots, b)
		all = append(all, b)
	}
	return sw.run(ctx, all)
}

func (sw *swarm) run(ctx context.Context, all []*bot) (Report, error) {
	dialCtx, stopDialing := context.WithCancel(context.Background())
	defer stopDialing()
	var driving, helping sync.WaitGroup
	failed := make(chan error, len(sw.loops))
	for _, l := range sw.loops {
		driving.Go(func() {
			if err := l.run(); err != nil {
				failed <- err
			}
		})
	}
	for range min(dialers, len(all)) {
		helping.Go(func() { sw.dialer(dialCtx, &helping) })
	}
	bar := newBar(sw)
	helping.Go(func() { bar.run(dialCtx) })

	err := sw.ramp(ctx, all, failed)
	rampTook := sw.now()
	measured, cpuUsed := time.Duration(0), 0.0
	if err == nil && sw.joined.Load() > 0 {
		sw.phase.Store(phaseMeasure)
		cpu := cpuTime()
		err = sw.play(ctx, failed)
		measured, cpuUsed = sw.now()-rampTook, cpuTime()-cpu
	}
	// Bots that are being connected, or wait for it, now fail at once.
	sw.phase.Store(phaseLeave)
	stopDialing()
	driving.Wait()
	close(sw.want)
	helping.Wait()
	sw.bridges.Wait()
	rep := sw.report(measured, rampTook, cpuUsed)
	if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		return rep, fmt.Errorf("bots: %w", err)
	}
	return rep, rep.verdict(sw.required)
}

// ramp lets the bots join at the configured rate, and waits until all have.
func (sw *swarm) ramp(ctx context.Context, all []*bot, failed <-chan error) error {
	limit := time.Duration(float64(len(all))/sw.cfg.Ramp*float64(time.Second)) + joinLimit
	if sw.seeker != nil {
		limit += seekLimit
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	sent := 0
	defer func() {
		for _, b := range all[sent:] {
			b.loop.hand(arrival{b: b, err: context.Canceled})
		}
	}()
	for {
		now := sw.now()
		for sent < len(all) && float64(sent) <= now.Seconds()*sw.cfg.Ramp {
			sw.want <- all[sent]
			sent++
		}
		if int(sw.joined.Load()) == len(all) {
			return nil
		}
		if sw.joined.Load() == 0 && sw.failures() >= len(all) {
			return nil // no use in trying on; the errors say why
		}
		if now > limit {
			// Bots that were not begun with, or have failed, are in the errors.
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-failed:
			return err
		case <-tick.C:
		}
	}
}

// play waits until the duration is over, or the crew has nothing more to do, and then for
// what the crew waits for.
func (sw *swarm) play(ctx context.Context, failed <-chan error) error {
	crewCtx, stop := context.WithCancel(ctx)
	defer stop()
	played := make(chan error, 1) // nothing ever comes without a crew
	if sw.crew != nil {
		go func() { played <- sw.crew.Play(crewCtx) }()
	}
	t := time.NewTimer(sw.cfg.Duration)
	defer t.Stop()
	var err error
	select {
	case err := <-played:
		return err
	case <-t.C:
	case err = <-failed:
	case <-ctx.Done():
		err = ctx.Err()
	}
	stop()
	if sw.crew != nil {
		err = errors.Join(err, <-played)
	}
	return err
}

// newPilot returns what steers a bot through a new session.
func (sw *swarm) newPilot(b *bot) Pilot {
	if sw.crew != nil {
		return sw.crew.NewPilot(b.id, b.rnd)
	}
	return sw.behaviour.NewPilot(b.rnd)
}

// figures returns what the crew has measured, if there is one.
func (sw *swarm) figures() []Figure {
	if sw.crew == nil {
		return nil
	}
	return sw.crew.Figures()
}

// now is the swarm's clock. It begins at a second, so that 0 means never.
func (sw *swarm) now() time.Duration { return time.Since(sw.start) + time.Second }

// note counts an error.
func (sw *swarm) note(b *bot, err error) {
	sw.mu.Lock()
	defer sw.mu.Unlock()
	var d *client.Desync
	if errors.As(err, &d) {
		sw.desyncs++
		if len(sw.details) < maxDesyncs {
			sw.details = append(sw.details, fmt.Sprintf("bot %d: %v", b.id, err))
		}
		sw.cfg.Logger.Error("desync", "bot", b.id, "error", err)
		return
	}
	r := reason(err)
	if sw.errors[r] == 0 {
		if len(sw.errors) >= maxReasons {
			r = "others"
		}
		sw.cfg.Logger.Warn("a bot failed; further ones with this reason are only counted", "bot", b.id, "error", err)
	}
	sw.errors[r]++
}

// failures counts the errors so far.
func (sw *swarm) failures() int {
	sw.mu.Lock()
	defer sw.mu.Unlock()
	n := 0
	for _, k := range sw.errors {
		n += k
	}
	return n
}

// reason returns an error's text without what differs from bot to bot.
func reason(err error) string {
	var op *net.OpError
	var no syscall.Errno
	var ce *client.CloseError
	s := err.Error()
	switch {
	case errors.As(err, &ce) && ce.Code != client.CloseLost:
	case errors.As(err, &op) && op.Timeout():
		s = op.Op + ": timed out"
	case errors.As(err, &no):
		s = no.Error()
		if op != nil {
			s = op.Op + ": " + s
		}
	}
	if len(s) > reasonWidth {
		s = s[:reasonWidth]
	}
	return s
}

// dialer connects bots, one at a time, until there is no loop any more that could
// want it. Those that have to find a seat first do so beside each other, since they
// wait for each other.
func (sw *swarm) dialer(ctx context.Context, helping *sync.WaitGroup) {
	for b := range sw.want {
		from := sw.now()
		if b.s != nil { // it comes back into its session
			a := sw.dial(ctx, b.id, b.url, b.s)
			a.b, a.from = b, from
			b.loop.hand(a)
			continue
		}
		if sw.seeker != nil {
			helping.Go(func() {
				a := sw.seeker.seat(ctx, b)
				a.from = from
				b.loop.hand(a)
			})
			continue
		}
		a := sw.direct(ctx, b)
		a.from = from
		b.loop.hand(a)
	}
}

func (l *loop) hand(a arrival) {
	l.mu.Lock()
	l.arrived = append(l.arrived, a)
	l.mu.Unlock()
}

// config returns with what a bot joins.
func (sw *swarm) config(b *bot) client.Config {
	cfg := client.Config{
		Kind: sw.cfg.Kind, Room: sw.cfg.Room, Name: botName(b), Schema: sw.behaviour.Schema, HashEvery: sw.cfg.HashEvery, Options: sw.cfg.Options,
	}
	if sw.behaviour.Alike {
		cfg.Twins = &b.loop.twins
	}
	if sw.crew != nil {
		sw.crew.Hello(b.id, &cfg)
	}
	return cfg
}

func botName(b *bot) string { return fmt.Sprintf("bot %d", b.id) }

// direct connects a bot that joins by kind or room.
func (sw *swarm) direct(ctx context.Context, b *bot) arrival {
	cfg := sw.config(b)
	if sw.cfg.Token != nil {
		var err error
		if cfg.Token, err = sw.cfg.Token(b.id); err != nil {
			return arrival{b: b, err: fmt.Errorf("token: %w", err)}
		}
	}
	return sw.join(ctx, b, sw.urls[(b.id+b.tries)%len(sw.urls)], cfg)
}

// join connects a bot with a new session.
func (sw *swarm) join(ctx context.Context, b *bot, u *url.URL, cfg client.Config) (a arrival) {
	s, err := client.NewSession(cfg)
	if err == nil {
		a = sw.dial(ctx, b.id, u, s)
	}
	a.b, a.err = b, errors.Join(a.err, err)
	return a
}

// dial connects a bot's session.
func (sw *swarm) dial(ctx context.Context, bot int, u *url.URL, s *client.Session) (a arrival) {
	host := u.Host
	if u.Port() == "" {
		host = net.JoinHostPort(u.Hostname(), map[string]string{"ws": "80", "wss": "443"}[u.Scheme])
	}
	conn, err := sw.connect(ctx, u.Scheme == "wss", host)
	if err != nil {
		a.err = &dialError{err}
		return a
	}
	defer func() {
		if a.err != nil {
			_ = conn.Close()
			a.err = &dialError{a.err}
		}
	}()
	_ = conn.SetDeadline(time.Now().Add(dialLimit))
	br, hs, err := ws.Dialer{Protocols: []string{client.Subprotocol}}.Upgrade(conn, u)
	if err != nil {
		a.err = fmt.Errorf("handshake: %w", err)
		return a
	}
	if hs.Protocol != client.Subprotocol {
		a.err = fmt.Errorf("handshake: the server does not speak %s", client.Subprotocol)
		return a
	}
	if br != nil {
		a.rest = readAhead(br)
	}
	// Masking hides nothing between these two; it is there since it must be.
	if _, err := conn.Write(appendFrame(nil, ws.OpBinary, uint32(bot)*2654435761, s.AppendHello)); err != nil {
		a.err = fmt.Errorf("hello: %w", err)
		return a
	}
	_ = conn.SetDeadline(time.Time{})
	if encrypted, ok := conn.(*tls.Conn); ok {
		a.fd, err = sw.bridge(encrypted)
	} else {
		a.fd, err = takeDescriptor(conn)
	}
	if err != nil {
		a.err = fmt.Errorf("taking the descriptor: %w", err)
	}
	a.s, a.url = s, u
	return a
}

// connect opens a connection, which is a *tls.Conn if it is to be encrypted.
func (sw *swarm) connect(ctx context.Context, encrypted bool, host string) (net.Conn, error) {
	dialer := net.Dialer{Timeout: dialLimit}
	if !encrypted {
		return dialer.DialContext(ctx, "tcp", host)
	}
	ctx, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	return (&tls.Dialer{NetDialer: &dialer, Config: sw.cfg.TLS}).DialContext(ctx, "tcp", host)
}

// readAhead returns a copy of what a reader has taken in already.
func readAhead(br *bufio.Reader) []byte {
	p, _ := br.Peek(br.Buffered())
	return append([]byte(nil), p...)
}
