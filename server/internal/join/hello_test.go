package join

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/tickroom/tickroom/internal/identity"
	"github.com/tickroom/tickroom/proto/gen/closecode"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/server/internal/refusal"
	"github.com/tickroom/tickroom/server/internal/seat"
)

func TestReadHello(t *testing.T) {
	t.Parallel()
	message := func(f *tickroomv1.ClientFrame) []byte {
		b, err := proto.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	hello := func(h *tickroomv1.Hello) []byte { return message(&tickroomv1.ClientFrame{Hello: h}) }
	for name, c := range map[string]struct {
		first []byte
		code  int // 0: it is good
		why   string
	}{
		"good":                {hello(&tickroomv1.Hello{Version: 1, Kind: "arena", Name: strings.Repeat("n", identity.MaxName)}), 0, ""},
		"a name in Greek":     {hello(&tickroomv1.Hello{Version: 1, Name: "Άννα"}), 0, ""},
		"nothing":             {nil, closecode.BadHello, "bad_hello"},
		"garbage":             {[]byte{0xff, 0xff, 0xff}, closecode.BadHello, "bad_hello"},
		"another message":     {message(&tickroomv1.ClientFrame{Ack: 1}), closecode.BadHello, "bad_hello"},
		"another version":     {hello(&tickroomv1.Hello{Version: 2}), closecode.BadHello, "version"},
		"no version":          {hello(&tickroomv1.Hello{}), closecode.BadHello, "version"},
		"a family":            {hello(&tickroomv1.Hello{Version: 1, Name: "\U0001F468\u200D\U0001F469\u200D\U0001F467"}), 0, ""},
		"wide spaces":         {hello(&tickroomv1.Hello{Version: 1, Name: "\u5f20\u3000\u4f1f"}), 0, ""},
		"a reversed name":     {hello(&tickroomv1.Hello{Version: 1, Name: "\u202Enna"}), closecode.BadHello, "bad_name"},
		"a name not seen":     {hello(&tickroomv1.Hello{Version: 1, Name: "\u200B"}), closecode.BadHello, "bad_name"},
		"a blank name":        {hello(&tickroomv1.Hello{Version: 1, Name: "\u3164"}), closecode.BadHello, "bad_name"},
		"a long name":         {hello(&tickroomv1.Hello{Version: 1, Name: strings.Repeat("n", identity.MaxName+1)}), closecode.BadHello, "bad_name"},
		"a bell":              {hello(&tickroomv1.Hello{Version: 1, Name: "a\ab"}), closecode.BadHello, "bad_name"},
		"a long seat":         {hello(&tickroomv1.Hello{Version: 1, Seat: strings.Repeat("A", seat.MaxToken+1)}), closecode.SeatRefused, "seat_malformed"},
		"a long session":      {hello(&tickroomv1.Hello{Version: 1, Resume: strings.Repeat("A", maxTokenBytes+1)}), closecode.BadHello, "bad_hello"},
		"a hello that is cut": {[]byte{0x0a, 0x05, 0x08}, closecode.BadHello, "bad_hello"},
	} {
		h, err := readHello(c.first)
		if c.code == 0 {
			if err != nil || h.GetVersion() != Version {
				t.Errorf("%s: %v, %v", name, h, err)
			}
			continue
		}
		if r := refusal.Of(err); err == nil || r.Code != c.code || r.Why != c.why || len(r.Reason) > 123 {
			t.Errorf("%s: %v; want %d %s", name, err, c.code, c.why)
		}
	}
}
