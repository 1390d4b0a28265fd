package playback

import (
	"math"

	"google.golang.org/protobuf/proto"

	"github.com/tickroom/tickroom/netcode"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/world"
)

// view is what somebody in a room sees, as frames for a page. It has no snapshot in flight that could be one
// too many: the page is near.
type view struct {
	in      *world.Interest // nil: nobody's
	down    netcode.Downlink
	scratch world.Scratch
	every   uint32
	hashes  uint32
}

// begin has the view be of somebody else, or of the same one in another place. Of what happened before the
// page is told nothing.
func (v *view) begin(in *world.Interest) {
	v.in = in
	if in == nil {
		return
	}
	v.down = netcode.NewDownlink(in, math.MaxUint32/2)
	v.down.Resume(0)
}

// past has the page be told nothing of the events up to now.
func (v *view) past(now uint32) {
	if v.in == nil || now == 0 {
		return
	}
	if _, err := v.down.AppendSnapshot(nil, &v.scratch, now, 0); err == nil {
		_ = v.down.Ack(now) // it was sent
	}
}

// full has the next frame be the whole state.
func (v *view) full() {
	if v.in == nil {
		return
	}
	v.down.Resume(0)
	v.down.SetEvery(max(v.every, 1))
	v.down.SetHashEvery(v.hashes)
}

// append appends the fields of a frame for the tick that the room has come to.
func (v *view) append(b []byte, now, input uint32) ([]byte, error) {
	if v.in == nil {
		m, err := proto.Marshal(&tickroomv1.ServerFrame{Tick: now, Full: true})
		return append(b, m...), err
	}
	return v.down.AppendSnapshot(b, &v.scratch, now, input)
}
