package messages_test

import (
	"strings"
	"testing"

	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
	quizv1 "github.com/tickroom/tickroom/proto/gen/tickroom/quiz/v1"
	"github.com/tickroom/tickroom/server/internal/messages"
	"github.com/tickroom/tickroom/world"
)

func catalogue(t *testing.T) *messages.Catalogue {
	t.Helper()
	var kinds []*world.Kind
	for _, k := range []world.Kind{{Name: "danmaku", Schema: danmakuv1.Schema}, {Name: "danmaku-show", Schema: danmakuv1.Schema}, {Name: "quiz", Schema: quizv1.Schema}} {
		kinds = append(kinds, &k)
	}
	c, err := messages.New(kinds)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestJSON(t *testing.T) {
	t.Parallel()
	c := catalogue(t)
	typ := c.Find("tickroom.danmaku.v1.Gift")
	if typ == nil || c.Of("danmaku", typ.ID) != typ || !typ.Of("danmaku-show") || typ.Of("quiz") || c.Of("arena", 1) != nil || c.Find("x.Y") != nil {
		t.Fatalf("%+v", typ)
	}
	for text, want := range map[string]string{
		`{}`:                    "",
		`{"x": 1}`:              `tickroom.danmaku.v1.Gift has no field "x"; its fields are: `,
		`{"count": "many"}`:     "count",
		`{"count": 1.5}`:        "count",
		`{"count": 5000000000}`: "count",
		`{"count": {}}`:         "count",
		`[]`:                    "it is no tickroom.danmaku.v1.Gift",
	} {
		data, err := typ.FromJSON([]byte(text))
		if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "line 1")) {
			t.Errorf("%s: %v; want %s", text, err, want)
		}
		if err == nil {
			if back, err := typ.ToJSON(data); err != nil || string(back) != text {
				t.Errorf("%s comes back as %s, %v", text, back, err)
			}
		}
	}
	if _, err := typ.Canonical([]byte{0xff}); err == nil {
		t.Error("bytes that are no message")
	}
	// The fields in another order, and a zero that need not be there.
	one := (&danmakuv1.Gift{PlayerId: "ann", Gift: "rose", Count: 2}).AppendProto(nil)
	other := append((&danmakuv1.Gift{Gift: "rose", Count: 2}).AppendProto(nil), (&danmakuv1.Gift{PlayerId: "ann"}).AppendProto(nil)...)
	other = append(other, 6<<3, 0)
	fromJSON, err := typ.FromJSON([]byte(`{"playerId": "ann", "gift": "rose", "count": 2, "value": "0"}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, data := range [][]byte{one, other, fromJSON} {
		if got, err := typ.Canonical(data); err != nil || string(got) != string(fromJSON) {
			t.Errorf("%x is %x, %v; want %x", data, got, err, fromJSON)
		}
	}
}
