package client

import (
	"errors"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/tickroom/tickroom/proto/gen/closecode"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
)

// TestFirstMessageInParts: the welcome comes with the last part, and a connection that is lost
// before that leaves nothing behind.
func TestFirstMessageInParts(t *testing.T) {
	t.Parallel()
	s, err := NewSession(walkers)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := proto.Marshal(&tickroomv1.ServerFrame{
		Tick: 3, Full: true,
		Welcome: &tickroomv1.Welcome{Session: "s", Room: "r", Kind: "walkers", TickRate: 20, Fingerprint: walkersv1.Schema.Fingerprint()},
	})
	if err != nil {
		t.Fatal(err)
	}
	part := func(from, to int) error {
		b, err := proto.Marshal(&tickroomv1.ServerFrame{Part: &tickroomv1.Part{Data: whole[from:to], Left: uint32(len(whole) - to)}})
		if err != nil {
			t.Fatal(err)
		}
		return s.Receive(b, 0)
	}
	s.AppendHello(nil)
	if err := part(0, 10); err != nil || s.Welcome() != nil {
		t.Fatalf("after the first part: %v, welcome %v", err, s.Welcome())
	}
	s.Lost()
	s.AppendHello(nil)
	for from := 0; from < len(whole); from += 10 {
		if err := part(from, min(from+10, len(whole))); err != nil {
			t.Fatal(err)
		}
	}
	if s.Welcome() == nil || s.Tick() != 3 {
		t.Fatalf("at tick %d, welcome %v", s.Tick(), s.Welcome())
	}
	if err := part(0, 10); err != nil {
		t.Fatal(err)
	}
	if err := part(0, 10); !errors.Is(err, ErrProtocol) || CloseCodeFor(err) != closecode.BadMessage {
		t.Fatalf("a part out of place: %v, code %d", err, CloseCodeFor(err))
	}
}
