package join

import (
	"errors"

	"google.golang.org/protobuf/proto"

	"github.com/tickroom/tickroom/internal/identity"
	"github.com/tickroom/tickroom/netcode"
	"github.com/tickroom/tickroom/proto/gen/closecode"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/server/internal/refusal"
	"github.com/tickroom/tickroom/server/internal/seat"
)

// Version is the protocol's version, which a hello must name.
const Version = 1

const maxTokenBytes = 256 // of the token of a session to resume

// readHello takes the first message apart and checks it.
func readHello(first []byte) (*tickroomv1.Hello, error) {
	const bad = closecode.BadHello
	var f netcode.ClientFrame
	err := f.Parse(first)
	if many := (*netcode.TooManyError)(nil); errors.As(err, &many) {
		return nil, refusal.New(bad, "%s", many.Text())
	}
	if err != nil || f.Hello == nil {
		return nil, refusal.New(bad, "the first message must be a ClientFrame with a hello").CausedBy(err)
	}
	h := &tickroomv1.Hello{}
	if err := proto.Unmarshal(f.Hello, h); err != nil {
		return nil, refusal.New(bad, "the hello could not be decoded").CausedBy(err)
	}
	switch {
	case h.GetVersion() != Version:
		return nil, refusal.New(bad, "version %d of the protocol; this server speaks %d", h.GetVersion(), Version).Because("version")
	case len(h.GetSeat()) > seat.MaxToken:
		return nil, refusal.New(closecode.SeatRefused, "%s: it has %d bytes, and at most %d are taken", seat.ErrMalformed, len(h.GetSeat()), seat.MaxToken).Because("seat_malformed")
	case len(h.GetResume()) > maxTokenBytes:
		return nil, refusal.New(bad, "the token of the session to resume is longer than %d bytes", maxTokenBytes)
	}
	name, err := identity.CheckName(h.GetName())
	if err != nil {
		return nil, refusal.New(bad, "%s", err).Because("bad_name")
	}
	h.Name = name
	return h, nil
}
