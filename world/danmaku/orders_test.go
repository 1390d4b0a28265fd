package danmaku

import (
	"strings"
	"testing"

	"github.com/tickroom/tickroom/gametest"
	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
	"github.com/tickroom/tickroom/proto/schema"
)

// order gives an order of somebody in the first house.
func (f *fleet) order(p *gametest.Player, cmd schema.Command) error {
	_, err := f.houses[0].HandleCommand(p.Player, cmd.CommandID(), cmd.AppendProto(nil), nil)
	return err
}

// TestNotFound has moderators name what is not there, and what was there and is forgotten.
func TestNotFound(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 2, nil)
	mod, ann, bob := f.viewer(0, "Mod", "moderator"), f.viewer(0, "Ann"), f.viewer(1, "Bob")
	f.run(1)
	here, there := say(t, ann, "from here"), say(t, bob, "from there")
	f.backend("k", &danmakuv1.PaidComment{PlayerId: "id-Bob", Name: "Bob", Text: "paid", Amount: 100, Currency: "EUR"})
	f.run(4)
	super := row[danmakuv1.SuperChat](t, mod).Id
	for name, cmd := range map[string]schema.Command{
		"delete nothing":           &danmakuv1.Delete{},
		"delete an unknown one":    &danmakuv1.Delete{Comment: 12345},
		"delete one to come":       &danmakuv1.Delete{Comment: here + 1000},
		"delete another's":         &danmakuv1.Delete{Comment: there + 1000},
		"delete a super chat":      &danmakuv1.Delete{Comment: super + 1},
		"mute nobody":              &danmakuv1.Silence{},
		"mute somebody unknown":    &danmakuv1.Silence{Author: 12345},
		"unmute who is not muted":  &danmakuv1.Unsilence{Author: author(ann)},
		"pin an unknown one":       &danmakuv1.PinComment{Comment: 12345},
		"take down what is not up": &danmakuv1.Unpin{Comment: here},
		"close no poll":            &danmakuv1.ClosePoll{Poll: 7},
		"draw no lottery":          &danmakuv1.Draw{Lottery: 7},
		"free a word":              &danmakuv1.BlockWords{Remove: []string{"free"}},
		"settle nothing":           &danmakuv1.Settle{Comment: here},
	} {
		if err := f.order(mod, cmd); err == nil || !strings.Contains(err.Error(), "not found: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if told := gametest.Told[danmakuv1.ModerationEntry](f.show); len(told) != 0 {
		t.Errorf("backends are told %v", told)
	}
	// What the house has forgotten the comment itself of was there all the same.
	for _, r := range append(f.houses, f.show) {
		touched.Store(r, true)
	}
	for range known + 100 {
		f.h[0].learn(&danmakuv1.Comment{Id: f.h[0].prefix | (f.h[0].count + 1)})
		f.h[0].count++
	}
	if f.h[0].known.get(here) != nil {
		t.Fatal("it is not forgotten")
	}
	do(t, mod, &danmakuv1.Delete{Comment: here})
	do(t, mod, &danmakuv1.Delete{Comment: there})
	do(t, mod, &danmakuv1.Delete{Comment: super})
	do(t, mod, &danmakuv1.Silence{Author: author(bob)})
	ann.Leave()
	do(t, mod, &danmakuv1.Silence{Author: author(ann)})
	f.run(4)
	if n := len(rowsOf[danmakuv1.SuperChat](mod)); n != 0 {
		t.Errorf("there are %d super chats", n)
	}
}

// TestToldOnce: who is muted is told so once, and screens are cleared once, however the moderator's house and
// the show hear of it, and while the show sends states that it made before it heard.
func TestToldOnce(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 2, nil)
	mod, ann, bob := f.viewer(0, "Mod", "moderator"), f.viewer(0, "Ann"), f.viewer(1, "Bob")
	f.run(1)
	say(t, ann, "one")
	say(t, bob, "two")
	f.run(4)
	for i, p := range []*gametest.Player{ann, bob} {
		do(t, mod, &danmakuv1.Announce{Text: "so that there are states under way"})
		f.backend("", &danmakuv1.Order{By: "shop", Announce: &danmakuv1.Announce{Text: "more"}})
		do(t, mod, &danmakuv1.Silence{Author: author(p), Seconds: 600, Reason: "rude", Erase: true})
		f.run(20)
		if s := gametest.Events[danmakuv1.Standing](p); len(s) != 1 || !s[0].Muted || s[0].Reason != "rude" {
			t.Errorf("%s is told %d times: %v", p.Name, len(s), s)
		}
		for _, v := range []*gametest.Player{mod, ann, bob} {
			if r := gametest.Events[danmakuv1.Removed](v); len(r) != 1 || r[0].Author != author(p) {
				t.Errorf("round %d: %s is told to remove %v", i, v.Name, r)
			}
		}
	}
	do(t, mod, &danmakuv1.Unsilence{Author: author(ann)})
	f.run(20)
	if s := gametest.Events[danmakuv1.Standing](ann); len(s) != 1 || s[0].Muted {
		t.Errorf("who may write again is told %v", s)
	}
	say(t, ann, "again")
	f.run(4)
	do(t, mod, &danmakuv1.Silence{Author: author(ann), Erase: true})
	f.run(20)
	if r := gametest.Events[danmakuv1.Removed](bob); len(r) != 1 {
		t.Errorf("what has come since is removed %d times", len(r))
	}
}

// TestAllTextsAreFiltered: whatever all see goes through the lists of blocked words.
func TestAllTextsAreFiltered(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 1, nil)
	host, mod, ann := f.viewer(0, "Host", "host"), f.viewer(0, "Mod", "moderator"), f.viewer(0, "Big Troll")
	f.run(1)
	do(t, mod, &danmakuv1.BlockWords{Add: []string{"troll"}})
	f.run(4)
	for _, spelt := range []string{"tr0ll", "ᴛʀᴏʟʟ", "ｔｒｏｌｌ", "trooooll", "t r o l l", "тroll", "t̶r̶o̶l̶l̶"} {
		if err := sayErr(ann, "you "+spelt); err == nil || !strings.Contains(err.Error(), "not allowed") {
			t.Errorf("%q: %v", spelt, err)
		}
		f.run(12)
	}
	say(t, ann, "hello")
	f.backend("a", &danmakuv1.PaidComment{PlayerId: "x", Name: "a tr0ll", Text: "you troll", Amount: 100, Currency: "EUR"})
	f.backend("b", &danmakuv1.Gift{PlayerId: "x", Name: "a tr0ll", Gift: "rose", Title: "Troll", Count: 1, Value: 1})
	f.run(6)
	public, _ := heard(mod)
	for _, said := range public {
		if strings.Contains(said, "Troll") {
			t.Errorf("the name of who joined before the word was blocked is shown: %q", said)
		}
	}
	c, g, w := row[danmakuv1.SuperChat](t, mod), gametest.Events[danmakuv1.Gifted](mod), row[danmakuv1.Giver](t, mod)
	if c.Text != "***" || !strings.HasPrefix(c.Name, "guest-") || len(g) != 1 || g[0].Title != "***" || !strings.HasPrefix(g[0].Name, "guest-") || !strings.HasPrefix(w.Name, "guest-") {
		t.Errorf("shown: %+v, %+v, %+v", c, g, w)
	}
	if told := gametest.Told[danmakuv1.GiftEntry](f.show); len(told) != 2 || told[0].Text != "you troll" {
		t.Errorf("the ledger: %v", told)
	}
	for name, cmd := range map[string]schema.Command{
		"question": &danmakuv1.OpenPoll{Question: "Is he a troll?", Choices: []string{"yes", "no"}},
		"choice":   &danmakuv1.OpenPoll{Question: "What is he?", Choices: []string{"a tr0ll", "no"}},
		"word":     &danmakuv1.OpenLottery{Word: "troll", Places: 1},
		"prize":    &danmakuv1.OpenLottery{Word: "win", Prize: "a troll", Places: 1},
		"news":     &danmakuv1.Announce{Text: "troll!"},
	} {
		if err := f.order(mod, cmd); err == nil || !strings.Contains(err.Error(), "not allowed") {
			t.Errorf("%s: %v", name, err)
		}
		if err := f.order(host, cmd); err != nil {
			t.Errorf("%s of the host: %v", name, err)
		}
	}
}

// TestTheLedgerAfterACrash has what was taken by a show whose server has died written down again, though nobody is
// shown it again: the entry may have been lost with the server.
func TestTheLedgerAfterACrash(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 2, nil)
	ann := f.viewer(0, "Ann")
	f.backend("k1", &danmakuv1.Gift{PlayerId: "id-Ann", Name: "Ann", Gift: "rose", Count: 2, Value: 20})
	f.backend("k2", &danmakuv1.PaidComment{PlayerId: "id-Ann", Name: "Ann", Text: "hello", Amount: 100, Currency: "EUR"})
	f.run(6)
	before := gametest.Told[danmakuv1.GiftEntry](f.show)
	if len(before) != 2 || len(giftsSeen(ann)) != 1 {
		t.Fatalf("the ledger has %v", before)
	}
	f.restart(2, 10)
	f.run(30)
	after := gametest.Told[danmakuv1.GiftEntry](f.show)
	if len(after) != 2 {
		t.Fatalf("the ledger has %v afterwards", after)
	}
	for i, e := range after {
		if e.Key != before[i].Key || e.Number != before[i].Number || e.Value != before[i].Value || e.Text != before[i].Text {
			t.Errorf("%+v was told, and then %+v", before[i], e)
		}
	}
	if seen := giftsSeen(ann); seen != nil {
		t.Errorf("it is shown again: %q", seen)
	}
}
