package room

import (
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// Answers are fields of a ServerFrame that must reach the client: replies to commands and
// tokens. They wait in Client.answers until they are sent, which is bounded by
// Config.MaxOutbox; over it the connection ends.

// reply queues a Reply. The text may be a game's: as long as it is no UTF-8 clients can't
// decode the whole message, so what is none in it is replaced.
func (c *Client) reply(id uint32, code tickroomv1.ReplyCode, text string, data []byte) {
	b := protowire.AppendTag(nil, 1, protowire.VarintType)
	b = protowire.AppendVarint(b, uint64(id))
	if code != 0 {
		b = protowire.AppendTag(b, 2, protowire.VarintType)
		b = protowire.AppendVarint(b, uint64(code))
	}
	if text != "" {
		b = protowire.AppendTag(b, 3, protowire.BytesType)
		b = protowire.AppendString(b, strings.ToValidUTF8(text, string(utf8.RuneError)))
	}
	if len(data) > 0 {
		b = protowire.AppendTag(b, 4, protowire.BytesType)
		b = protowire.AppendBytes(b, data)
	}
	c.answers = protowire.AppendTag(c.answers, 12, protowire.BytesType)
	c.answers = protowire.AppendBytes(c.answers, b)
}

// auth queues an Auth. text is why a token was refused, if one was; renew asks for another
// one.
func (c *Client) auth(text string, renew bool) {
	var b []byte
	if us := micros(c.identity.Expires); us != 0 {
		b = protowire.AppendTag(b, 1, protowire.VarintType)
		b = protowire.AppendVarint(b, uint64(us))
	}
	if text != "" {
		b = protowire.AppendTag(b, 2, protowire.BytesType)
		b = protowire.AppendString(b, strings.ToValidUTF8(text, string(utf8.RuneError)))
	}
	if renew {
		b = protowire.AppendTag(b, 3, protowire.VarintType)
		b = protowire.AppendVarint(b, 1)
	}
	c.answers = protowire.AppendTag(c.answers, 14, protowire.BytesType)
	c.answers = protowire.AppendBytes(c.answers, b)
}

// micros returns a time in microseconds since 1970; 0 if it is zero.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// kept holds answers that were sent and may still be lost: the client has not
// acknowledged a tick of that message or a later one.
type kept struct {
	bytes []byte
	marks []mark
}

// mark is the end of the answers of one message.
type mark struct {
	tick uint32 // the newest when it was sent
	end  int    // in bytes
}

// add keeps what was sent when tick was the newest. Of more than limit bytes the
// oldest are forgotten.
func (k *kept) add(b []byte, tick uint32, limit int) {
	k.bytes = append(k.bytes, b...)
	k.marks = append(k.marks, mark{tick, len(k.bytes)})
	n := 0
	for n < len(k.marks)-1 && len(k.bytes)-k.marks[n].end > limit {
		n++
	}
	if n > 0 && len(k.bytes) > limit {
		k.drop(n)
	}
}

// acked forgets the answers that a client has which acknowledges a tick.
func (k *kept) acked(tick uint32) {
	n := 0
	for n < len(k.marks) && k.marks[n].tick <= tick {
		n++
	}
	if n == len(k.marks) {
		*k = kept{}
	} else if n > 0 {
		k.drop(n)
	}
}

// drop forgets the answers of the n oldest messages.
func (k *kept) drop(n int) {
	cut := k.marks[n-1].end
	k.bytes = append(k.bytes[:0], k.bytes[cut:]...)
	k.marks = append(k.marks[:0], k.marks[n:]...)
	for i := range k.marks {
		k.marks[i].end -= cut
	}
}

// after returns the answers that a client may lack which has applied a tick.
func (k *kept) after(tick uint32) []byte {
	k.acked(tick)
	return k.bytes
}
