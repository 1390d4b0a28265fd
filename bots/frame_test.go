package bots

import (
	"bytes"
	"errors"
	"testing"

	"github.com/gobwas/ws"
	"pgregory.net/rapid"
)

// Frames are compared with those of the library.
func TestAppendFrame(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.OneOf(rapid.IntRange(0, 300), rapid.IntRange(65500, 65600)).Draw(t, "size")
		payload := bytes.Repeat([]byte{7, 1, 9}, size)[:size]
		key := rapid.Uint32().Draw(t, "key")
		got := appendFrame([]byte("before"), ws.OpBinary, key, func(b []byte) []byte { return append(b, payload...) })
		mask := [4]byte{byte(key), byte(key >> 8), byte(key >> 16), byte(key >> 24)}
		want, err := ws.CompileFrame(ws.MaskFrameWith(ws.NewBinaryFrame(payload), mask))
		if err != nil || !bytes.Equal(got, append([]byte("before"), want...)) {
			t.Fatalf("a frame of %d bytes differs: %v", size, err)
		}
	})
}

func FuzzParseHead(f *testing.F) {
	for _, s := range []string{"\x82\x05hello", "\x82\x7e\x01\x00", "\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00", "\x88\x00", "\x89\x7e\x00\x7e", "\x01\x03abc", "\xc2\x01a", "\x82"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := parseHead(b)
		r := bytes.NewReader(b)
		want, werr := ws.ReadHeader(r)
		switch {
		case err != nil:
			if !errors.Is(err, errFrame) {
				t.Fatal(err)
			}
			if werr == nil && !want.Masked && want.Rsv == 0 && want.Length <= maxMessage && (!want.OpCode.IsControl() || want.Fin && want.Length <= 125) {
				t.Fatalf("refused: %+v", want)
			}
		case got.len == 0:
			if werr == nil {
				t.Fatalf("too short, but %+v", want)
			}
		default:
			if werr != nil || got.op != want.OpCode || got.fin != want.Fin || int64(got.size) != want.Length || got.len != len(b)-r.Len() {
				t.Fatalf("%+v, want %+v, %v", got, want, werr)
			}
		}
	})
}
