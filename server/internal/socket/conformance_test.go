package socket

import (
	"fmt"
	"strings"
	"testing"
)

// The table below transcribes the case families 1 to 7 and 10 of the Autobahn test suite.
// 9 (volumes) is for server/internal/wsecho and the suite itself; 12 and 13 are about compression, which
// is never negotiated here.

type wsCase struct {
	name string
	send []byte
	want []string // what client.next says, up to the end
}

// hexCase is a case whose bytes are worth seeing. Masks are zero where that helps.
func hexCase(name, hex string, want ...string) wsCase {
	return wsCase{name, unhex(hex), want}
}

func echoed(kind string, n int) wsCase {
	head := byte(0x82)
	if kind == "text" {
		head = 0x81
	}
	p := strings.Repeat("*", n)
	return wsCase{fmt.Sprintf("1 %s of %d", kind, n), frames(frame(head, p), frame(0x88, "\x03\xe8")), []string{kind + " " + p, "close 1000", "gone"}}
}

func conformanceCases() []wsCase {
	var list []wsCase
	add := func(c ...wsCase) { list = append(list, c...) }

	// 1: echo of every length form.
	for _, n := range []int{0, 1, 125, 126, 127, 128, 65535, 65536} {
		add(echoed("text", n), echoed("binary", n))
	}

	// 2: pings and pongs. Closing at the end shows that nothing else was said.
	bye := "88 82 00000000 03e8"
	add(
		hexCase("2.1 empty ping", "89 80 00000000"+bye, "pong ", "close 1000", "gone"),
		hexCase("2.2 ping Hello", "89 85 00000000 48656c6c6f"+bye, "pong Hello", "close 1000", "gone"),
		hexCase("2.3 ping with bytes that are not text", "89 88 00000000 00fffefdfcfb00ff"+bye, "pong \x00\xff\xfe\xfd\xfc\xfb\x00\xff", "close 1000", "gone"),
		wsCase{"2.4 ping of 125", frames(frame(0x89, strings.Repeat("\xfe", 125)), frame(0x88, "\x03\xe8")), []string{"pong " + strings.Repeat("\xfe", 125), "close 1000", "gone"}},
		wsCase{"2.5 ping of 126", frame(0x89, strings.Repeat("\xfe", 126)), []string{"close 1002", "gone"}},
		hexCase("2.7 unasked pong", "8a 80 00000000"+bye, "close 1000", "gone"),
		hexCase("2.8 unasked pong with payload", "8a 82 00000000 4869"+bye, "close 1000", "gone"),
		hexCase("2.9 unasked pong, then ping", "8a 82 00000000 4869  89 82 00000000 4f6b"+bye, "pong Ok", "close 1000", "gone"),
	)
	pings, pongs := []byte(nil), []string(nil)
	for i := range 10 {
		p := fmt.Sprint("payload-", i)
		pings, pongs = append(pings, frame(0x89, p)...), append(pongs, "pong "+p)
	}
	add(wsCase{"2.10 ten pings", frames(pings, frame(0x88, "\x03\xe8")), append(pongs, "close 1000", "gone")})

	// 3: reserved bits.
	for rsv := byte(1); rsv < 8; rsv++ {
		add(
			wsCase{fmt.Sprintf("3 text, text with reserved bits %d", rsv), frames(frame(0x81, "Hello"), frame(0x81|rsv<<4, "Hello"), frame(0x89, "")), []string{"text Hello", "close 1002", "gone"}},
			wsCase{fmt.Sprintf("3 ping with reserved bits %d", rsv), frame(0x89|rsv<<4, "x"), []string{"close 1002", "gone"}},
			wsCase{fmt.Sprintf("3 close with reserved bits %d", rsv), frame(0x88|rsv<<4, ""), []string{"close 1002", "gone"}},
		)
	}

	// 4: reserved opcodes.
	for _, op := range []byte{3, 4, 5, 6, 7, 11, 12, 13, 14, 15} {
		add(
			wsCase{fmt.Sprintf("4 opcode %d", op), frame(0x80|op, ""), []string{"close 1002", "gone"}},
			wsCase{fmt.Sprintf("4 text, opcode %d with payload, ping", op), frames(frame(0x81, "Hello"), frame(0x80|op, "x"), frame(0x89, "")), []string{"text Hello", "close 1002", "gone"}},
		)
	}

	// 5: fragments.
	add(
		hexCase("5.1 ping in fragments", "09 81 00000000 61  80 81 00000000 62", "close 1002", "gone"),
		hexCase("5.2 pong in fragments", "0a 81 00000000 61  80 81 00000000 62", "close 1002", "gone"),
		hexCase("5.3 text in two fragments", "01 82 00000000 6162  80 82 00000000 6364"+bye, "text abcd", "close 1000", "gone"),
		hexCase("5.6 ping between fragments", "01 82 00000000 6162  89 81 00000000 70  80 82 00000000 6364"+bye, "pong p", "text abcd", "close 1000", "gone"),
		hexCase("5.9 continuation of nothing, fin", "80 81 00000000 61", "close 1002", "gone"),
		hexCase("5.12 continuation of nothing", "00 81 00000000 61", "close 1002", "gone"),
		hexCase("5.15 text in two fragments, continuation of nothing", "01 81 00000000 61  80 81 00000000 62  00 81 00000000 63", "text ab", "close 1002", "gone"),
		hexCase("5.17 text without fin, text", "01 81 00000000 61  81 81 00000000 62", "close 1002", "gone"),
		hexCase("5.18 text without fin, text without fin", "01 81 00000000 61  01 81 00000000 62", "close 1002", "gone"),
		hexCase("5.19 five fragments and two pings", "01 81 00000000 61  00 81 00000000 62  89 81 00000000 31  00 81 00000000 63  00 80 00000000  89 81 00000000 32  80 81 00000000 64"+bye,
			"pong 1", "pong 2", "text abcd", "close 1000", "gone"),
		hexCase("5 empty fragments", "02 80 00000000  00 80 00000000  80 80 00000000"+bye, "binary ", "close 1000", "gone"),
		hexCase("frame without a mask", "82 01 61", "close 1002", "gone"),
		hexCase("length with its top bit set", "82 ff 8000000000000000 00000000", "close 1002", "gone"),
		hexCase("all bits of the length set", "82 ff ffffffffffffffff 00000000", "close 1002", "gone"),
		hexCase("length 1<<40", "82 ff 0000010000000000 00000000", "close 1009", "gone"),
		hexCase("length one over the limit", "82 ff 0000000000020001 00000000", "close 1009", "gone"),
		hexCase("length in more bytes than needed", "82 fe 0001 00000000 61"+bye, "binary a", "close 1000", "gone"),
	)

	// 6: UTF-8. Fragments may cut a rune; the message may not.
	for _, s := range []string{
		"Hello-\u00b5@\u00df\u00f6\u00e4\u00fc\u00e0\u00e1-UTF-8!!", "\u03ba\u1f79\u03c3\u03bc\u03b5",
		"\x00", "\u0080", "\u0800", "\U00010000", "\x7f", "\u07ff", "\uffff", "\U0010ffff",
		"\ud7ff", "\ue000", "\ufffd", "\ufeff", "\U0001fffe", "\U000fffff",
	} {
		add(wsCase{fmt.Sprintf("6 valid %+q", s), frames(frame(0x81, s), frame(0x88, "\x03\xe8")), []string{"text " + s, "close 1000", "gone"}})
		cut := []byte(nil)
		for i := range len(s) {
			head := byte(0)
			if i == 0 {
				head = opText
			}
			cut = append(cut, frame(head, s[i:i+1])...)
		}
		add(wsCase{fmt.Sprintf("6.2 valid %+q in fragments of a byte", s), frames(cut, frame(0x80, ""), frame(0x88, "\x03\xe8")), []string{"text " + s, "close 1000", "gone"}})
	}
	for _, s := range []string{
		"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited", // 6.3: a surrogate
		"\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xfc\x84\x80\x80\x80\x80", "\xf7\xbf\xbf\xbf", "\xfb\xbf\xbf\xbf\xbf", "\xfd\xbf\xbf\xbf\xbf\xbf",
		"\x80", "\xbf", "\x80\xbf", "\x80\xbf\x80\xbf\x80", "\xc0 \xc1 ", "\xe0 \xef ", "\xf0 \xf7 ",
		"\xc0", "\xe0\x80", "\xf0\x80\x80", "\xdf", "\xef\xbf", "\xf7\xbf\xbf", "\xfe", "\xff", "\xfe\xfe\xff\xff",
		"\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf", "\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xc0\x80", "\xe0\x80\x80",
		"\xed\xa0\x80", "\xed\xad\xbf", "\xed\xbf\xbf", "\xed\xa0\x80\xed\xb0\x80",
		"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce", "\xe4", "\xf0\x9f\x98", // cut at the end
	} {
		add(
			wsCase{fmt.Sprintf("6 invalid %+q", s), frame(0x81, s), []string{"close 1007", "gone"}},
			wsCase{fmt.Sprintf("6 invalid %+q in two fragments", s), frames(frame(0x01, s[:len(s)/2]), frame(0x80, s[len(s)/2:])), []string{"close 1007", "gone"}},
		)
	}

	// 7: the close handshake.
	add(
		hexCase("7.1.1 message, close", "81 81 00000000 61"+bye, "text a", "close 1000", "gone"),
		hexCase("7.1.2 two closes", bye+bye, "close 1000", "gone"),
		hexCase("7.1.3 ping after close", bye+"89 80 00000000", "close 1000", "gone"),
		hexCase("7.1.4 text after close", bye+"81 81 00000000 61", "close 1000", "gone"),
		hexCase("7.1.5 close between fragments", "01 81 00000000 61"+bye+"80 81 00000000 62", "close 1000", "gone"),
		hexCase("7.3.1 close without a code", "88 80 00000000", "close", "gone"),
		hexCase("7.3.2 close of one byte", "88 81 00000000 61", "close 1002", "gone"),
		hexCase("7.3.3 close with a code", bye, "close 1000", "gone"),
		hexCase("7.3.4 close with a reason", "88 84 00000000 03e8 6f6b", "close 1000 ok", "gone"),
		wsCase{"7.3.5 the longest reason", frame(0x88, "\x03\xe8"+strings.Repeat("*", 123)), []string{"close 1000 " + strings.Repeat("*", 123), "gone"}},
		wsCase{"7.3.6 a reason too long", frame(0x88, "\x03\xe8"+strings.Repeat("*", 124)), []string{"close 1002", "gone"}},
		wsCase{"7.5.1 a reason that is not UTF-8", frame(0x88, "\x03\xe8\xce\xba\xed\xa0\x80"), []string{"close 1007", "gone"}},
		hexCase("close in fragments", "08 82 00000000 03e8", "close 1002", "gone"),
	)
	for _, code := range []int{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 3000, 3999, 4000, 4999} {
		add(wsCase{fmt.Sprint("7.7 code ", code), frame(0x88, string([]byte{byte(code >> 8), byte(code)})), []string{fmt.Sprint("close ", code), "gone"}})
	}
	for _, code := range []int{0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535} {
		add(wsCase{fmt.Sprint("7.9 code ", code), frame(0x88, string([]byte{byte(code >> 8), byte(code)})), []string{"close 1002", "gone"}})
	}

	// 10: a long message in fragments of 1300.
	long := strings.Repeat("*", 65536)
	var parts []byte
	for i := 0; i < len(long); i += 1300 {
		head := byte(0)
		if i == 0 {
			head = opText
		}
		parts = append(parts, frame(head, long[i:min(i+1300, len(long))])...)
	}
	add(wsCase{"10.1.1 fragments of 1300", frames(parts, frame(0x80, ""), frame(0x88, "\x03\xe8")), []string{"text " + long, "close 1000", "gone"}})
	return list
}

// TestConformance runs every case in one piece, and byte by byte. Bytes are sent one at a time
// with the kernel's Nagle off; how they arrive is the kernel's business, so
// TestAnySplit, without sockets, has the last word.
func TestConformance(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, kind string) {
		r := newRoom(t)
		r.text = true
		r.run()
		s := open(t, kind, Options{NoHello: true, AllowText: true, MaxMessage: 128 << 10, MaxOutbox: 1 << 20, OnHello: r.onHello})
		for _, c := range conformanceCases() {
			for _, chop := range []int{0, 1} {
				if chop == 1 && len(c.send) > 4096 {
					chop = 997
				}
				name := fmt.Sprintf("%s, chops of %d", c.name, chop)
				t.Run(name, func(t *testing.T) {
					cl := s.upgrade(nil)
					cl.t = t
					go func(b []byte) { // the server may stop reading before all is written
						for n := max(chop, 1); chop > 0 && len(b) > n; b = b[n:] {
							if _, err := cl.nc.Write(b[:n]); err != nil {
								return
							}
						}
						_, _ = cl.nc.Write(b)
					}(c.send)
					cl.want(c.want...)
				})
			}
		}
	})
}
