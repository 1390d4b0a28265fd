package socket

import "maps"

// Why connections fail before they are seated: the keys of GatewayStats.Failed.
const (
	FailMethod      = "method"      // not a GET
	FailUpgrade     = "upgrade"     // no WebSocket handshake
	FailVersion     = "version"     // another WebSocket version
	FailKey         = "key"         // a bad Sec-WebSocket-Key
	FailOrigin      = "origin"      // a page of another site
	FailSubprotocol = "subprotocol" // ours was not offered
	FailBusy        = "busy"        // Options.MaxPending
	FailClosing     = "closing"     // the gateway was closing
	FailLimited     = "limited"     // Options.OnHandshake said no
	FailHandshake   = "handshake"   // the connection broke while it was upgraded
	FailHello       = "hello"       // no hello in time
	FailTooMuch     = "too-much"    // more bytes than a hello can have
	FailGone        = "gone"        // the peer left before its hello
	FailProtocol    = "protocol"    // RFC 6455 was violated before the hello
	FailRefused     = "refused"     // OnHello said no
	FailDescriptors = "no-descriptor"
	FailPanic       = "panic" // OnHello panicked
)

// GatewayStats are a gateway's gauges and counters.
type GatewayStats struct {
	Pending   int               // handshake begun, not seated
	Raw       int               // seated, driven by the tick
	Carried   int               // seated, carried by gws
	Lingering int               // ended, waiting for the peer to close too
	Upgraded  uint64            // handshakes that succeeded
	Seated    uint64            // connections handed to OnHello's adopt
	Failed    map[string]uint64 // by reason, see the Fail constants
}

func (g *Gateway) failed(reason string) {
	g.mu.Lock()
	g.stats.Failed[reason]++
	g.mu.Unlock()
}

// Stats returns a copy of the gauges and counters.
func (g *Gateway) Stats() GatewayStats {
	lingering := g.linger.len()
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.stats
	s.Pending = len(g.pending)
	s.Lingering += lingering
	s.Failed = maps.Clone(s.Failed)
	return s
}
