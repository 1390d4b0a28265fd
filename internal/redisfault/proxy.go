package redisfault

import (
	"fmt"
	"net"
	"sync"
	"time"
)

const (
	// maxLines bounds the connections. A further one is closed at once.
	maxLines = 1024
	// dialTimeout is how long the redis-server may take to take a connection.
	dialTimeout = 5 * time.Second
)

// Proxy passes on what clients say to a redis-server, and what it answers. Its methods may be
// called from any goroutine.
type Proxy struct {
	listener net.Listener
	wg       sync.WaitGroup // all goroutines

	mu          sync.Mutex
	network, to string // where the redis-server is
	plan        Plan
	lines       map[*line]bool
	counts      Counts
	closed      bool
	calm        chan struct{} // closed: nothing is held back; since Heal, until the next plan
	flow        chan struct{} // closed: the line does not hang
	thaw        *time.Timer   // ends the hanging

	end chan struct{} // closed: so is the proxy
}

// Counts are what a Proxy has done.
type Counts struct {
	Lines, Calls int
	// Faults are how often calls have suffered, by kind.
	Faults map[Kind]int
	// Hangs and Cuts are how often the whole line hung and was cut, Switches how often it led
	// to another redis-server.
	Hangs, Cuts, Switches int
}

// Start returns a proxy on a free port of 127.0.0.1, that does no harm yet, before a
// redis-server at an address of a network: "unix" or "tcp".
func Start(network, to string) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("redisfault: %w", err)
	}
	open := make(chan struct{})
	close(open)
	p := &Proxy{
		network: network, to: to, listener: l, lines: map[*line]bool{}, counts: Counts{Faults: map[Kind]int{}},
		calm: open, flow: open, end: make(chan struct{}),
	}
	p.wg.Go(p.accept)
	return p, nil
}

// Addr returns where clients connect to.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Harm has calls suffer by a plan from now on.
func (p *Proxy) Harm(plan Plan) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.plan = plan
	if opened(p.calm) {
		p.calm = make(chan struct{})
	}
}

// Heal ends all harm. What was held back is passed on at once, and lines that have lost
// something are cut.
func (p *Proxy) Heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.plan = nil
	if !opened(p.calm) {
		close(p.calm)
	}
	p.resume()
	for l := range p.lines {
		if l.silent.Load() {
			l.cut()
		}
	}
}

// Hang holds everything back, calls and answers, for a while: what clients send arrives
// afterwards, even if they have given up. A line that hangs already does so for as long from
// now.
func (p *Proxy) Hang(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	p.resume()
	p.counts.Hangs++
	p.flow = make(chan struct{})
	flow := p.flow
	p.thaw = time.AfterFunc(d, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.flow == flow {
			p.resume()
		}
	})
}

// resume ends the hanging. mu is held.
func (p *Proxy) resume() {
	if !opened(p.flow) {
		p.thaw.Stop()
		close(p.flow)
	}
}

// Cut breaks all connections.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts.Cuts++
	for l := range p.lines {
		l.cut()
	}
}

// Switch leads to another redis-server from now on, as a fail-over does: all connections break.
func (p *Proxy) Switch(network, to string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.network, p.to = network, to
	p.counts.Switches++
	for l := range p.lines {
		l.cut()
	}
}

// Counts returns what was done so far.
func (p *Proxy) Counts() Counts {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.counts
	c.Faults = map[Kind]int{}
	for k, n := range p.counts.Faults {
		c.Faults[k] = n
	}
	return c
}

// Close breaks all connections, and waits until nothing of the proxy is left. It may be
// called twice.
func (p *Proxy) Close() {
	p.mu.Lock()
	if !p.closed {
		p.closed = true
		close(p.end)
		p.resume()
		_ = p.listener.Close()
		for l := range p.lines {
			l.cut()
		}
	}
	p.mu.Unlock()
	p.wg.Wait()
}

func (p *Proxy) accept() {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return // closed
		}
		p.wg.Go(func() { p.serve(c) })
	}
}

// serve carries one client until it or the redis-server is gone.
func (p *Proxy) serve(client net.Conn) {
	p.mu.Lock()
	network, to := p.network, p.to
	p.mu.Unlock()
	server, err := net.DialTimeout(network, to, dialTimeout)
	if err != nil {
		_ = client.Close()
		return
	}
	l := newLine(p, client, server)
	if !p.add(l, to) {
		l.cut()
		return
	}
	l.run()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.lines, l)
}

// add lists a line that leads to an address, if that is still the one.
func (p *Proxy) add(l *line, to string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.lines) == maxLines || to != p.to {
		return false
	}
	p.lines[l] = true
	p.counts.Lines++
	return true
}

// decide returns what a call suffers, and counts it.
func (p *Proxy) decide(c *Call) Fault {
	p.mu.Lock()
	plan := p.plan
	p.mu.Unlock()
	f := Fault{}
	if plan != nil {
		f = plan(c)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts.Calls++
	if f.Kind != None {
		p.counts.Faults[f.Kind]++
	}
	return f
}

// pass waits while the line hangs.
func (p *Proxy) pass() {
	p.mu.Lock()
	flow := p.flow
	p.mu.Unlock()
	<-flow
}

// hold waits for so long, or until nothing is held back any more.
func (p *Proxy) hold(d time.Duration) {
	p.mu.Lock()
	calm := p.calm
	p.mu.Unlock()
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-calm:
	case <-p.end:
	}
}

func opened(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
