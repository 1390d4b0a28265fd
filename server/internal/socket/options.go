package socket

import (
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/tickroom/tickroom/proto/gen/closecode"
)

// The transports that Options.Transport names.
const (
	TransportAuto = "auto" // raw descriptors where the platform and the connection allow
	TransportRaw  = "raw"  // the same; a Batch is then to be made without io_uring
	TransportGWS  = "gws"  // every connection carried by gws
)

// Options of a Gateway. The zero value of a field means its default.
type Options struct {
	// Subprotocol is the only WebSocket subprotocol that is spoken. A client that
	// does not offer it is refused with HTTP 400. Empty: none is asked for.
	Subprotocol string

	// MaxMessage bounds a client's message in bytes. Default 8 KB.
	MaxMessage int

	// MaxOutbox bounds the bytes waiting for the kernel, per connection. One message
	// bigger than that may wait alone. Default 64 KB.
	MaxOutbox int

	// SendBuffer is SO_SNDBUF in bytes; the kernel doubles it. Small, so that a
	// stalled client is noticed after few snapshots. Default 16 KB.
	SendBuffer int

	// NotSentLowat is TCP_NOTSENT_LOWAT in bytes: over it the kernel takes no more,
	// so that what is not sent yet stays where it can be counted. Default 4 KB.
	NotSentLowat int

	// HandshakeTimeout bounds the HTTP request's header. Default 5 s.
	HandshakeTimeout time.Duration

	// HelloTimeout bounds the time from the upgrade to the first message. Default 5 s.
	HelloTimeout time.Duration

	// HelloTimeoutCode is the close code of a connection whose hello did not come in
	// time. Default 1008.
	HelloTimeoutCode int

	// MaxPending bounds the connections that are not seated yet, and, apart from
	// those, the ones whose HTTP header is incomplete (with Gateway.Server). When
	// there is one too many, of those who have most the one that has kept us waiting
	// longest gives way: an honest client's hello takes a round trip, so those who drip
	// are the oldest. If all have said hello, the new one is refused with HTTP 503. Default 1024.
	MaxPending int

	// Holder names whose a handshake is, of a request that OnHandshake has passed: whoever has
	// most pending gives way. Default: the peer's address.
	Holder func(passed *http.Request) string

	// Origins are the origins that browsers may come from, as package origin has them.
	// Empty: the server's own. Clients that send no Origin are no browsers and pass.
	Origins []string

	// Transport is TransportAuto (default), TransportRaw or TransportGWS.
	Transport string

	// DeadAfter is how long a peer may take nothing of what waits for it before the
	// kernel is asked whether it is still there; if it does not answer, its connection
	// is given up. One that is only slow is kept, and what waits for it bounded. On
	// TLS connections that ticks do not drive, whose writes can't be taken up again, and where the kernel can't
	// be asked, it is given up in any case. Default 10 s.
	DeadAfter time.Duration

	// AllowText passes text messages, checked to be UTF-8, to TextConn.PollAny; otherwise
	// they end the connection with 1003.
	AllowText bool

	// NoHello seats connections right after the upgrade: OnHello is called with a nil
	// first message.
	NoHello bool

	// OnHandshake decides about each handshake before it is made; nil: all pass. passed is
	// the request for OnHello, which may carry what was found out, and onEnd is called once,
	// when the connection is closed or was never made. If it returns an error, which should
	// be a *LimitError, the handshake is refused with HTTP 429 or 403 and the error's text.
	OnHandshake func(r *http.Request) (passed *http.Request, onEnd func(), err error)

	// OnRefused is called for each handshake that is refused, before it is answered, and for
	// each connection that is closed since its hello did not come as it should; nil: nobody
	// is told. reason is one of the Fail constants, text what the client is told, and err
	// what is known beyond that: an *origin.Refused, the error of OnHandshake, or the *CloseError
	// with which a connection is closed. It may be nil. OnRefused must not block.
	OnRefused func(r *http.Request, reason, text string, err error)

	// OnHello decides about a connection whose first message has arrived. It may take
	// its time (r.Context() ends when the gateway closes), keeping its place among the
	// pending. first is valid only during the call.
	//
	// If it returns an error the connection is closed: with the code of a *CloseError,
	// else with 1011. If not, adopt is called exactly once, soon, with the seated
	// connection, which now belongs to the callee; it may already be over.
	OnHello func(r *http.Request, first []byte) (adopt func(Conn), err error)

	// Logger logs failures of our own. What clients do wrong is counted, and logged at the
	// debug level alone. Default slog.Default().
	Logger *slog.Logger
}

// LimitError is why Options.OnHandshake refuses a handshake.
type LimitError struct {
	// Forbidden reports whether there is no use in trying again soon.
	Forbidden bool
	// RetryAfter is how long to wait before trying again; 0: nobody knows.
	RetryAfter time.Duration
	// Text is for the person who reads the answer.
	Text string
}

func (e *LimitError) Error() string { return e.Text }

const inboxMessages = 64 // of a carried connection; when full, gws stops reading

func (o Options) withDefaults() (Options, error) {
	setInt := func(p *int, v int) {
		if *p == 0 {
			*p = v
		}
	}
	setTime := func(p *time.Duration, v time.Duration) {
		if *p == 0 {
			*p = v
		}
	}
	setInt(&o.MaxMessage, 8<<10)
	setInt(&o.MaxOutbox, 64<<10)
	setInt(&o.SendBuffer, 16<<10)
	setInt(&o.NotSentLowat, 4<<10)
	setInt(&o.MaxPending, 1024)
	setInt(&o.HelloTimeoutCode, closecode.Policy)
	setTime(&o.HandshakeTimeout, 5*time.Second)
	setTime(&o.HelloTimeout, 5*time.Second)
	setTime(&o.DeadAfter, 10*time.Second)
	if o.Transport == "" {
		o.Transport = TransportAuto
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o, o.validate()
}

// validate returns what is wrong with the options, or nil.
func (o *Options) validate() error {
	for _, f := range []struct {
		name  string
		value int64
	}{
		{"MaxMessage", int64(o.MaxMessage)}, {"MaxOutbox", int64(o.MaxOutbox)}, {"SendBuffer", int64(o.SendBuffer)},
		{"NotSentLowat", int64(o.NotSentLowat)}, {"MaxPending", int64(o.MaxPending)},
		{"HandshakeTimeout", int64(o.HandshakeTimeout)}, {"HelloTimeout", int64(o.HelloTimeout)},
		{"DeadAfter", int64(o.DeadAfter)},
	} {
		if f.value < 0 {
			return fmt.Errorf("socket: Options.%s is %d: it must be positive, or 0 for the default", f.name, f.value)
		}
	}
	if o.Transport != TransportAuto && o.Transport != TransportRaw && o.Transport != TransportGWS {
		return fmt.Errorf("socket: Options.Transport is %q: want %q, %q or %q", o.Transport, TransportAuto, TransportRaw, TransportGWS)
	}
	if o.OnHello == nil {
		return fmt.Errorf("socket: Options.OnHello is missing: somebody must take the connections")
	}
	if o.Subprotocol != "" && !isToken(o.Subprotocol) {
		return fmt.Errorf("socket: Options.Subprotocol %q is not an HTTP token", o.Subprotocol)
	}
	return nil
}
