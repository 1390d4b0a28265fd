package seat

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"
)

// FuzzDecode signs whatever the fuzzer thinks of: what is decoded must be written
// the same way again.
func FuzzDecode(f *testing.F) {
	keys, err := NewKeys([]byte("a secret that is only for fuzzing it"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(make([]byte, 30+5))
	f.Add([]byte("0123456789abcdef\x00\x00\x01\x90\x00\x00\x00\x00\x00\x00\x75\x30\x01\x01\x03ann\x01r\x01n\x00\x00"))
	gate := NewGate("n", keys, nil, 0, func() time.Time { return time.UnixMilli(0x019000000000) })
	f.Fuzz(func(t *testing.T, body []byte) {
		k := keys.current()
		b := append([]byte{version}, k.id[:]...)
		b = append(b, body...)
		b = k.mac(b, b)
		token := Token(base64.RawURLEncoding.EncodeToString(b))
		s, err := gate.open(token)
		if err != nil {
			if Label(err) == "" {
				t.Errorf("%v has no label", err)
			}
			return
		}
		if again := encode(s, k); again != token {
			t.Errorf("%x decodes to %+v, which is %x", b, s, string(again))
		}
	})
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	head := strings.Repeat("i", 16) + "\x00\x00\x01\x90\x00\x00\x00\x00\x00\x00\x75\x30\x01\x00"
	for name, body := range map[string]string{
		"no texts":           head,
		"four texts":         head + "\x01p\x01r\x01n\x00",
		"text beyond end":    head + "\x01p\x01r\x01n\x00\x05abc",
		"long text":          head + "\x81" + strings.Repeat("x", 129) + "\x01r\x01n\x00\x00",
		"more after the end": head + "\x01p\x01r\x01n\x00\x00\x00",
		"good for too long":  head[:24] + "\xff\xff\xff\xff\x01\x00" + "\x01p\x01r\x01n\x00\x00",
		"another flag":       head[:29] + "\x02" + "\x01p\x01r\x01n\x00\x00",
		"made in year 300k":  head[:16] + "\xff" + head[17:] + "\x01p\x01r\x01n\x00\x00",
	} {
		if s, err := decode([]byte(body)); err == nil {
			t.Errorf("%s: %+v", name, s)
		}
	}
	if _, err := decode([]byte(head + "\x01p\x01r\x01n\x00\x00")); err != nil {
		t.Error(err)
	}
}
