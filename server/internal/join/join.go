// Package join takes a client from the HTTP request that opens its connection to a room:
// is its address let in (Handshake), is its hello well formed, who is it, has it a seat,
// and which room does it go to (Hello)?
//
// Whoever is turned away on the way is so with a refusal, which is recorded here. What the
// room itself says, with its next tick, is the registry's to record.
package join

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"

	"github.com/tickroom/tickroom/internal/identity"
	"github.com/tickroom/tickroom/proto/gen/closecode"
	"github.com/tickroom/tickroom/server/internal/auth"
	"github.com/tickroom/tickroom/server/internal/costs"
	"github.com/tickroom/tickroom/server/internal/limits"
	"github.com/tickroom/tickroom/server/internal/metrics"
	"github.com/tickroom/tickroom/server/internal/refusal"
	"github.com/tickroom/tickroom/server/internal/registry"
	"github.com/tickroom/tickroom/server/internal/room"
	"github.com/tickroom/tickroom/server/internal/seat"
	"github.com/tickroom/tickroom/server/internal/socket"
)

// Options of a Desk. All are to be set.
type Options struct {
	// Guard bounds what an address and a player may take.
	Guard *limits.Guard
	// Authenticator knows who clients are.
	Authenticator *auth.Authenticator
	// Gate checks seats, and uses them up.
	Gate *seat.Gate
	// Registry has the rooms.
	Registry *registry.Registry
	// GoingAway reports whether the server ends, so that nobody is let in.
	GoingAway func() bool
	// Short reports whether the server is short of memory, so that nobody new is let in.
	Short func() bool
	// Costs is the account of who connects, joins, and how much goes over the wire.
	Costs    *costs.Ledger
	Refusals *refusal.Journal
	Metrics  *metrics.Metrics
}

// Desk is where clients come to. It may be used from any goroutine.
type Desk struct{ o Options }

// New returns a desk.
func New(o Options) *Desk { return &Desk{o} }

type visitKey struct{}

// visit is a connection from its handshake to its end.
type visit struct {
	lease  *limits.Lease
	conn   socket.Conn // once it is in a room
	player string
}

// end gives back what the connection had. It is called once, when nobody uses it any more.
func (v *visit) end(ledger *costs.Ledger) {
	v.lease.Release()
	if v.conn != nil {
		s := v.conn.Stats()
		ledger.Add(costs.Bytes, float64(s.BytesIn+s.BytesOut), v.lease.Addr(), v.player)
	}
}

// Handshake asks the guard about a request that is to open a connection. What it counts is
// given back by onEnd. See socket.Options.OnHandshake.
func (d *Desk) Handshake(r *http.Request) (passed *http.Request, onEnd func(), err error) {
	lease, err := d.o.Guard.Request(r)
	if err != nil {
		e := &socket.LimitError{Text: err.Error()}
		var denied *limits.Denied
		if errors.As(err, &denied) {
			e.RetryAfter = denied.RetryAfter
			e.Forbidden = denied.Reason == limits.BannedAddress || denied.Reason == limits.NoAddress
		}
		why := refusal.Denied(err)
		why.Code = 0 // it is answered by HTTP
		d.o.Refusals.Record(refusal.Handshake, why, refusal.Subject{Client: d.address(r)})
		return nil, nil, e
	}
	d.o.Costs.Add(costs.Connections, 1, lease.Addr(), "")
	v := &visit{lease: lease}
	return r.WithContext(context.WithValue(r.Context(), visitKey{}, v)), func() { v.end(d.o.Costs) }, nil
}

// Holder names whose a handshake is that Handshake has passed. See socket.Options.Holder.
func (d *Desk) Holder(passed *http.Request) string {
	v, _ := passed.Context().Value(visitKey{}).(*visit)
	return v.lease.Key().String()
}

// Refused records that the gateway refuses a handshake, or a connection whose hello did not
// come as it should. See socket.Options.OnRefused.
func (d *Desk) Refused(r *http.Request, reason, text string, err error) {
	if reason == socket.FailLimited {
		return // by Handshake, which knows more
	}
	why := &refusal.Refusal{Why: strings.ReplaceAll(reason, "-", "_"), Reason: text, Cause: err}
	if end := (*socket.CloseError)(nil); errors.As(err, &end) {
		why.Code, why.Cause = end.Code, end.Err
	}
	d.o.Refusals.Record(refusal.Handshake, why, refusal.Subject{Client: d.address(r)})
}

// address returns where a request comes from; it is zero if nobody can tell.
func (d *Desk) address(r *http.Request) netip.Addr {
	a, err := d.o.Guard.Proxies().Client(r.RemoteAddr, r.Header)
	if err != nil {
		return netip.Addr{}
	}
	return a
}

// Hello decides about a connection by its first message. See socket.Options.OnHello.
func (d *Desk) Hello(r *http.Request, first []byte) (adopt func(socket.Conn), err error) {
	v, _ := r.Context().Value(visitKey{}).(*visit)
	j := room.Joiner{Addr: v.lease.Addr()}
	e, err := d.join(r.Context(), v.lease, first, &j)
	if err != nil {
		why := refusal.Of(err)
		d.o.Refusals.Record(refusal.Hello, why, subject(&j))
		j.TurnedAway()
		return nil, why.Close()
	}
	if by := limits.AcceptedOf(r.Context()); by != nil {
		by.Settle()
	}
	d.o.Costs.Add(costs.Joins, 1, j.Addr, j.Identity.Player)
	return func(c socket.Conn) {
		v.conn, v.player = c, j.Identity.Player
		e.Admit(c, j)
	}, nil
}

// join finds the room that a connection goes to, and fills in who the joiner is.
func (d *Desk) join(ctx context.Context, lease *limits.Lease, first []byte, j *room.Joiner) (*registry.Entry, error) {
	h, err := readHello(first)
	if err != nil {
		return nil, err
	}
	j.Hello = h
	if d.o.GoingAway() {
		return nil, refusal.GoingAway()
	}
	if h.GetOrJoin() && h.GetResume() != "" && !d.o.Registry.Has(h.GetKind(), h.GetRoom()) {
		h.Resume, h.ResumeTick, h.Room = "", 0, ""
	}
	if err := d.identify(ctx, lease, j); err != nil {
		return nil, err
	}
	if err := lease.First(); err != nil {
		return nil, refusal.Denied(err)
	}
	j.Account = lease
	if h.GetResume() != "" {
		if j.Seat = d.shown(j); j.Seat != nil && j.Seat.Room == h.GetRoom() {
			j.Reservation = room.SeatReservation(j.Seat)
		}
		return d.o.Registry.Resume(h.GetKind(), h.GetRoom())
	}
	// Who comes back has its place already.
	if d.o.Short() {
		return nil, ShortOfMemory()
	}
	if h.GetSeat() != "" {
		if err := d.redeem(ctx, j); err != nil {
			return nil, err
		}
	}
	return d.o.Registry.Join(ctx, j)
}

// identify finds out who has sent a hello, and whether it may come in at all.
func (d *Desk) identify(ctx context.Context, lease *limits.Lease, j *room.Joiner) (err error) {
	h := j.Hello
	if h.GetResume() != "" && h.GetToken() == "" && d.o.Authenticator.GuestsPlay() {
		return nil // a guest, who has the session's token alone
	}
	if j.Identity, err = d.o.Authenticator.Identify(ctx, identity.Token(h.GetToken()), h.GetName()); err != nil {
		return auth.Refused(err)
	}
	if err := lease.Identify(j.Identity.Player); err != nil {
		return refusal.Denied(err)
	}
	if h.GetResume() == "" && h.GetSeat() == "" && !h.GetSpectate() && j.Identity.Roles&room.Playing == 0 {
		return watchOnly()
	}
	return nil
}

// ShortOfMemory returns the refusal of a server that takes nobody new for now, since it is short of memory.
func ShortOfMemory() *refusal.Refusal {
	return refusal.New(closecode.TryLater, "the server is short of memory; try again later, or another server").Because("memory").At(slog.LevelWarn)
}

func watchOnly() error { return refusal.New(closecode.Forbidden, room.WatchOnly).Because("watch_only") }

// shown returns the seat that somebody shows who resumes a session, if it is a good one of
// that player; else nil. It is not used up: if it is not that of the session, the player
// is to come with it alone.
func (d *Desk) shown(j *room.Joiner) *seat.Seat {
	token := seat.Token(j.Hello.GetSeat())
	peeked, err := d.o.Gate.Peek(token)
	if err != nil {
		return nil
	}
	s, err := d.o.Gate.Verify(token, j.Identity.Player, peeked.Room)
	if err != nil {
		return nil
	}
	return &s
}

// redeem uses up the seat that a joiner has come with, unless it can be seen that the
// player won't get in by it. A hello that names no room, or no kind, means those of the
// seat.
func (d *Desk) redeem(ctx context.Context, j *room.Joiner) error {
	token := seat.Token(j.Hello.GetSeat())
	in := j.Hello.GetRoom()
	if in == "" {
		peeked, err := d.o.Gate.Peek(token)
		if err != nil {
			return d.seatRefused(err)
		}
		in = peeked.Room
	}
	s, err := d.o.Gate.Verify(token, j.Identity.Player, in)
	if err != nil {
		return d.seatRefused(err)
	}
	j.Seat = &s
	if j.Identity.Roles&room.Playing == 0 && !j.Spectates() {
		return watchOnly()
	}
	if err := d.o.Registry.Suits(ctx, j); err != nil {
		return err
	}
	if s, err = d.o.Gate.Redeem(ctx, token, j.Identity.Player, in); err != nil {
		return d.seatRefused(err)
	}
	j.Unseat = func() {
		d.o.Gate.GiveBack(&s)
		d.o.Metrics.Seat("given_back")
	}
	d.o.Metrics.Seat("used")
	return nil
}

func (d *Desk) seatRefused(err error) error {
	label := seat.Label(err)
	if label == "" {
		label = "failed"
	}
	d.o.Metrics.Seat(label)
	r := refusal.New(closecode.SeatRefused, "%s", err).Because("seat_" + label)
	if errors.Is(err, seat.ErrUnavailable) {
		r = r.CausedBy(causeOf(err)).At(slog.LevelWarn)
	}
	return r
}

// causeOf returns what a seat.ErrUnavailable comes from.
func causeOf(err error) error {
	if u, ok := err.(interface{ Unwrap() []error }); ok {
		return errors.Join(u.Unwrap()...)
	}
	return err
}

// subject returns a joiner as the log names it.
func subject(j *room.Joiner) refusal.Subject {
	s := refusal.Subject{Player: j.Identity.Player, Client: j.Addr}
	if h := j.Hello; h != nil {
		s.Kind, s.Room = h.GetKind(), h.GetRoom()
	}
	if j.Seat != nil {
		s.Room = j.Seat.Room
	}
	return s
}
