package socket

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gobwas/ws"
	"pgregory.net/rapid"

	"github.com/tickroom/tickroom/proto/gen/closecode"
)

// tape records what a reader finds.
type tape struct {
	events []string
	size   int // of the biggest message
}

func (t *tape) message(text bool, msg []byte) error {
	t.events = append(t.events, fmt.Sprintf("message text=%v %q", text, msg))
	t.size = max(t.size, len(msg))
	return nil
}

func (t *tape) control(op byte, payload []byte) error {
	if op == opClose {
		return parseClose(payload)
	}
	t.events = append(t.events, fmt.Sprintf("control %d %q", op, payload))
	return nil
}

func (t *tape) String() string { return fmt.Sprintf("%v", t.events) }

func verdictOf(err error) string {
	if err == nil {
		return "more"
	}
	var ce *CloseError
	if !errors.As(err, &ce) {
		return err.Error()
	}
	return fmt.Sprintf("%d remote=%v", ce.Code, ce.Remote)
}

// tapeOf reads a stream cut at the given places.
func tapeOf(limit int, text bool, stream []byte, cuts func(left int) int) (*tape, string) {
	r := reader{max: limit, text: text}
	defer r.drop()
	to := new(tape)
	b := bytes.Clone(stream)
	for len(b) > 0 {
		n := cuts(len(b))
		piece := bytes.Clone(b[:n]) // so that holding on to it shows
		err := r.feed(piece, to)
		clear(piece)
		if err != nil {
			return to, verdictOf(err)
		}
		b = b[n:]
		// A buffer of the pool's may have been somebody else's before, as large as it keeps them.
		if p := r.part; p != nil && (cap(p.msg) > max(2*limit+1024, keepBuffer) || len(p.msg) > limit) {
			panic(fmt.Sprintf("%d bytes are held for messages of %d", cap(p.msg), limit))
		}
	}
	return to, "more"
}

// reference is what the stream means according to gobwas/ws, an independent library.
func reference(limit int, text bool, stream []byte) (*tape, string) {
	to := new(tape)
	in := bytes.NewReader(stream)
	var op ws.OpCode
	var msg []byte
	parts := 0
	state := ws.StateServerSide
	for {
		at := len(stream) - in.Len()
		h, err := ws.ReadHeader(in)
		switch {
		case errors.Is(err, ws.ErrHeaderLengthMSB):
			// Two things may be wrong; the first bytes count.
			if !text && stream[at]&0x7F == opText && stream[at+1]&bitMask != 0 && !state.Fragmented() {
				return to, "1003 remote=false"
			}
			return to, "1002 remote=false"
		case err != nil:
			return to, "more"
		}
		// gobwas takes a control frame's small length in a long form; RFC 6455 5.5 and we don't.
		if ws.CheckHeader(h, state) != nil || h.OpCode.IsControl() && stream[at+1]&0x7F > 125 {
			return to, "1002 remote=false"
		}
		if h.OpCode == ws.OpText && !text {
			return to, "1003 remote=false"
		}
		if !h.OpCode.IsControl() && h.Length > int64(limit-len(msg)) {
			return to, "1009 remote=false"
		}
		if !h.OpCode.IsControl() {
			if h.OpCode != ws.OpContinuation {
				op, parts = h.OpCode, 0
			}
			parts++
			if limit := (&reader{max: limit}).maxFragments(); parts > limit {
				return to, "1008 remote=false"
			}
		}
		p := make([]byte, h.Length)
		n, err := io.ReadFull(in, p)
		ws.Cipher(p[:n], h.Mask, 0)
		if h.OpCode.IsControl() {
			if err != nil {
				return to, "more"
			}
			if err := to.control(byte(h.OpCode), p); err != nil {
				return to, verdictOf(err)
			}
			continue
		}
		msg = append(msg, p[:n]...)
		if op == ws.OpText && !canBeText(msg, err == nil && h.Fin) {
			return to, "1007 remote=false"
		}
		if err != nil {
			return to, "more"
		}
		if state = state.Set(ws.StateFragmented); h.Fin {
			_ = to.message(op == ws.OpText, msg)
			msg, state = nil, state.Clear(ws.StateFragmented)
		}
	}
}

// canBeText is textCheck, done the slow way.
func canBeText(b []byte, whole bool) bool {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n <= 1 {
			return !whole && !utf8.FullRune(b)
		}
		b = b[n:]
	}
	return true
}

// sameVerdict allows the one difference there is: the reader judges the first bytes of a
// header, the reference waits for all of it.
func sameVerdict(ours, theirs string) bool {
	return ours == theirs || theirs == "more" && ours != "more"
}

// FuzzFrames compares the reader with gobwas/ws on any bytes, and with itself on any cut of
// them.
func FuzzFrames(f *testing.F) {
	for _, c := range conformanceCases() {
		if len(c.send) < 2000 {
			f.Add(c.send, uint64(len(c.send)), uint16(200), true)
			f.Add(c.send, uint64(7), uint16(1), false)
		}
	}
	f.Fuzz(func(t *testing.T, stream []byte, seed uint64, limit uint16, text bool) {
		whole, verdict := tapeOf(int(limit), text, stream, func(left int) int { return left })
		if whole.size > int(limit) {
			t.Fatalf("a message of %d bytes passed a limit of %d", whole.size, limit)
		}
		theirs, their := reference(int(limit), text, stream)
		if whole.String() != theirs.String() || !sameVerdict(verdict, their) {
			t.Fatalf("% x\nours:   %v %s\ngobwas: %v %s", stream, whole, verdict, theirs, their)
		}
		for range 3 {
			seed = bits.RotateLeft64(seed*0x9E3779B97F4A7C15+1, 17)
			s := seed
			cut, v := tapeOf(int(limit), text, stream, func(left int) int {
				s = bits.RotateLeft64(s*0x9E3779B97F4A7C15+1, 23)
				return 1 + int(s%uint64(min(left, 9)))
			})
			if cut.String() != whole.String() || v != verdict {
				t.Fatalf("% x\nwhole: %v %s\ncut:   %v %s", stream, whole, verdict, cut, v)
			}
		}
	})
}

// TestAnySplit builds plausible conversations, damages some, and reads them whole, byte by
// byte and through gobwas/ws.
func TestAnySplit(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var stream []byte
		inside := false
		for range rapid.IntRange(1, 12).Draw(t, "frames") {
			p := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "payload")
			fin := rapid.Bool().Draw(t, "fin")
			head := byte(opBinary)
			switch {
			case rapid.IntRange(0, 3).Draw(t, "control") == 0:
				head, p = 0x80|rapid.SampledFrom([]byte{opPing, opPong}).Draw(t, "op"), p[:min(len(p), 125)]
			case inside:
				head = opContinuation
				fallthrough
			default:
				if inside = !fin; fin {
					head |= bitFin
				}
			}
			stream = append(stream, frame(head, string(p))...)
		}
		if rapid.IntRange(0, 2).Draw(t, "damage") == 0 {
			stream[rapid.IntRange(0, len(stream)-1).Draw(t, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		}
		whole, verdict := tapeOf(1000, true, stream, func(left int) int { return left })
		single, sv := tapeOf(1000, true, stream, func(int) int { return 1 })
		theirs, their := reference(1000, true, stream)
		if whole.String() != single.String() || verdict != sv {
			t.Fatalf("whole: %v %s\nbytes: %v %s", whole, verdict, single, sv)
		}
		if whole.String() != theirs.String() || !sameVerdict(verdict, their) {
			t.Fatalf("ours:   %v %s\ngobwas: %v %s", whole, verdict, theirs, their)
		}
	})
}

// TestEarlyVerdicts: what the first bytes of a header say is enough, and nothing is allocated
// for what they promise.
func TestEarlyVerdicts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ hex, want string }{
		{"c2 80", "1002 remote=false"},                           // reserved bit
		{"83 80", "1002 remote=false"},                           // reserved opcode
		{"82 00", "1002 remote=false"},                           // no mask
		{"89 fe", "1002 remote=false"},                           // ping over 125
		{"09 80", "1002 remote=false"},                           // ping without fin
		{"80 80", "1002 remote=false"},                           // continuation of nothing
		{"81 80", "1003 remote=false"},                           // text
		{"82 fe 2001", "1009 remote=false"},                      // 8193 bytes
		{"82 fe 2000", "more"},                                   // 8192 bytes
		{"82 ff 0000000000002001", "1009 remote=false"},          //
		{"82 ff 8000000000000000", "1002 remote=false"},          // top bit
		{"02 81 00000000 61 00 fe 2000", "1009 remote=false"},    // one byte too many in all
		{"02 81 00000000 61 00 fe 1fff", "more"},                 // just not
		{"02 81 00000000 61 82 80", "1002 remote=false"},         // message in a message
		{"02 81 00000000 61 89 80 00000000 00", "more"},          // ping in a message
		{"88 82 00000000 03e8", "1000 remote=true"},              //
		{"88 80 00000000 82", "1005 remote=true"},                //
		{"82 ff 7fffffffffffffff 00000000", "1009 remote=false"}, //
	} {
		for _, step := range []int{1, 1000} {
			if _, got := tapeOf(8192, false, unhex(c.hex), func(left int) int { return min(step, left) }); got != c.want {
				t.Errorf("%s in steps of %d: %s, want %s", c.hex, step, got, c.want)
			}
		}
	}
}

// TestIdleOwnsNothing: between messages a reader holds no memory, whatever came before.
func TestIdleOwnsNothing(t *testing.T) {
	t.Parallel()
	r := reader{max: 8192}
	stream := frames(frame(0x02, "a"), frame(0x89, "ping"), frame(0x80, "b"), binaryFrame("c"), frame(0x89, ""))
	for i := range stream {
		if err := r.feed(bytes.Clone(stream[i:i+1]), new(tape)); err != nil {
			t.Fatal(err)
		}
	}
	if r.part != nil {
		t.Fatalf("it holds %+v", r.part)
	}
}

// TestEndlessFragments: a message of empty fragments ends.
func TestEndlessFragments(t *testing.T) {
	t.Parallel()
	r := reader{max: 8192}
	err := r.feed(frame(0x02, ""), new(tape))
	n := 0
	for ; err == nil; n++ {
		err = r.feed(frame(0x00, ""), new(tape))
	}
	if verdictOf(err) != "1008 remote=false" || n != r.maxFragments() {
		t.Fatalf("after %d fragments: %v", n, err)
	}
	r.drop()
}

func TestMask(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "bytes")
		k := [4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "key"))
		cut := rapid.IntRange(0, len(b)).Draw(t, "cut")
		want := bytes.Clone(b)
		ws.Cipher(want, k, 0)
		key := mask(b[:cut], binary.LittleEndian.Uint32(k[:]))
		mask(b[cut:], key)
		if !bytes.Equal(b, want) {
			t.Fatalf("% x, want % x", b, want)
		}
	})
}

// TestTextCheck: pieces of text are judged as the whole is, and at the earliest byte.
func TestTextCheck(t *testing.T) {
	t.Parallel()
	alphabet := []byte{'a', 0x80, 0xBF, 0xC2, 0xE0, 0xA0, 0xED, 0x9F, 0xF0, 0x90, 0xF4, 0x8F, 0xFF}
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.OneOf(rapid.SliceOfN(rapid.SampledFrom(alphabet), 0, 12), rapid.Map(rapid.String(), func(s string) []byte { return []byte(s) })).Draw(t, "text")
		var c textCheck
		ok, rest, seen := true, b, 0
		for ok && len(rest) > 0 {
			n := rapid.IntRange(0, len(rest)).Draw(t, "piece")
			ok = c.add(rest[:n])
			rest, seen = rest[n:], seen+n
			if want := canBeText(b[:seen], false); ok != want {
				t.Fatalf("%q up to %d: %v, want %v", b, seen, ok, want)
			}
		}
		if ok && c.done() != utf8.Valid(b) {
			t.Fatalf("%q", b)
		}
	})
}

// TestSeal checks the header written into the headroom with gobwas/ws.
func TestSeal(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 125, 126, 127, 65535, 65536, 100000} {
		f := make([]byte, Headroom+n)
		for i := range n {
			f[Headroom+i] = byte(i)
		}
		got, err := readFrame(bytes.NewReader(seal(opBinary, f)))
		if err != nil {
			t.Fatal(err)
		}
		if !got.Header.Fin || got.Header.OpCode != ws.OpBinary || got.Header.Masked || !bytes.Equal(got.Payload, f[Headroom:]) {
			t.Fatalf("%d bytes: %+v", n, got.Header)
		}
	}
}

func TestAppendClose(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		code   int
		reason string
		hex    string
	}{
		{1000, "", "88 02 03e8"},
		{1001, "ab", "88 04 03e9 6162"},
		{4321, "", "88 02 10e1"},
		{closecode.NoStatus, "ignored", "88 00"},
		{closecode.Lost, "", ""},
		{1015, "", ""},
		{0, "", ""},
		{math.MaxInt32, "", ""},
		{4011, "caf\xe9", "88 08 0fab 636166efbfbd"},        // é as Latin-1 has it
		{4011, "cut \xe2\x82", "88 09 0fab 63757420efbfbd"}, // the half of a €
	} {
		if got := appendClose(nil, &CloseError{Code: c.code, Reason: c.reason}); !bytes.Equal(got, unhex(c.hex)) {
			t.Errorf("%d %q: % x, want %s", c.code, c.reason, got, c.hex)
		}
	}
	long := ""
	for range 50 {
		long += "äöü"
	}
	for _, long := range []string{long, long[1:], strings.Repeat("\xe2\x82x", 50), "x" + long, "xx" + long} {
		b := appendClose(nil, &CloseError{Code: 1000, Reason: long})
		if len(b) > 127 || len(b) < 123 || !utf8.Valid(b[4:]) {
			t.Errorf("% x", b)
		}
	}
}
