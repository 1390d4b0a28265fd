package audience

import (
	"sync/atomic"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tickroom/tickroom/netcode/replica"
	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
)

// digest is what viewers look at of a frame's events.
type digest struct {
	alike    uint64 // of the frames that it is of: replica.Frame.Alike
	comments []seen
	shown    int // of these that are shown to all of a tier, if all are of the frame's tick; -1: they are not
	gifts    []int
}

// digests are those of frames that many viewers are sent, so that one of them takes the events
// apart for all. Any goroutine may use them.
type digests [64]atomic.Pointer[digest]

// of returns the digest of a frame. spare is memory for one that is for this viewer alone.
func (ds *digests) of(f *replica.Frame, spare *digest) *digest {
	number := f.Alike()
	if number == 0 {
		spare.take(f)
		return spare
	}
	at := &ds[number%uint64(len(ds))]
	if d := at.Load(); d != nil && d.alike == number {
		return d
	}
	d := &digest{alike: number}
	d.take(f)
	at.Store(d)
	return d
}

func (d *digest) take(f *replica.Frame) {
	d.comments, d.gifts, d.shown = d.comments[:0], d.gifts[:0], 0
	for i := range f.Events {
		switch ev := &f.Events[i]; ev.ID {
		case eventComment:
			c := seen{tick: f.Tick - ev.Age}
			c.parse(ev.Data)
			d.comments = append(d.comments, c)
			switch {
			case ev.Age > 0:
				d.shown = -1
			case c.public() && d.shown >= 0:
				d.shown++
			}
		case eventGifted:
			var g danmakuv1.Gifted
			if g.UnmarshalProto(ev.Data) != nil {
				continue
			}
			if n, ok := giftNumber(g.Gift); ok {
				d.gifts = append(d.gifts, n)
			}
		}
	}
}

// seen is what a viewer looks at of a comment.
type seen struct {
	tick   uint32 // in which it was shown
	number uint32 // that a bot has given it; 0: none
	tier   uint64
	why    uint64
}

func (c *seen) parse(b []byte) {
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return
		}
		b = b[n:]
		switch {
		case num == 5 && typ == protowire.BytesType:
			var text []byte
			text, n = protowire.ConsumeBytes(b)
			c.number = number(text)
		case num == 9 && typ == protowire.VarintType:
			c.tier, n = protowire.ConsumeVarint(b)
		case num == 12 && typ == protowire.VarintType:
			c.why, n = protowire.ConsumeVarint(b)
		default:
			n = protowire.ConsumeFieldValue(num, typ, b)
		}
		if n < 0 {
			return
		}
		b = b[n:]
	}
}

// public reports whether the comment is shown to all of a tier.
func (c *seen) public() bool { return c.why == 0 && c.tier != 0 }

// number returns the number that a bot's comment begins with; 0: there is none.
func number(text []byte) (n uint32) {
	if len(text) < 2 || text[0] != '#' {
		return 0
	}
	for _, ch := range text[1:] {
		if ch < '0' || ch > '9' {
			break
		}
		n = n*10 + uint32(ch-'0')
	}
	return n
}
