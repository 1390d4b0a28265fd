package danmaku

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tickroom/tickroom/gametest"
	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
	"github.com/tickroom/tickroom/world"
)

func TestACommentIsSeen(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 2, nil)
	ann, bob, cid := f.viewer(0, "Ann"), f.viewer(0, "Bob"), f.viewer(1, "Cid")
	f.run(1)
	id := say(t, ann, "  Hello <b>\u4e16\u754c</b> ")
	f.houses[0].Tick(1)
	public, own := heard(ann)
	if !slices.Equal(own, []string{"OWN Ann: Hello <b>世界</b>"}) || len(public) != 1 {
		t.Errorf("in the next tick the author has %q, and %q for itself", public, own)
	}
	f.run(3)
	for _, p := range []*gametest.Player{bob, cid} {
		public, own := heard(p)
		if !slices.Equal(public, []string{"Ann: Hello <b>世界</b>"}) || own != nil {
			t.Errorf("%s has %q, and %q for itself", p.Name, public, own)
		}
	}
	late := f.viewer(1, "Late")
	f.run(1)
	w := gametest.Events[danmakuv1.Welcome](late)
	if len(w) != 1 || w[0].Author != author(late) || len(w[0].Comments) != 1 || w[0].Comments[0].Id != id || w[0].Comments[0].Tier == 0 {
		t.Errorf("who comes later gets %v", w)
	}
	f.run(10)
	d := rowsOf[danmakuv1.Drops](bob)
	if len(d) != 2 || d[0].House || !d[1].House || d[0].Said != 1 || d[0].Shown != 1 || d[1].Shown != 1 {
		t.Errorf("the counters: %v", d)
	}
	if a := row[danmakuv1.Audience](t, cid); a.Viewers != 4 || a.Houses != 2 || a.Comments != 1 || a.Peak != 4 {
		t.Errorf("the audience: %+v", a)
	}
	if s := row[danmakuv1.Stage](t, cid); !s.Live || s.Show != "main" || !slices.Equal(s.Tiers, []uint32{5, 20, 60}) {
		t.Errorf("the stage: %+v", s)
	}
}

// TestWhoComesBackIsWelcomed: the client may be another one, which knows nothing.
func TestWhoComesBackIsWelcomed(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 1, nil)
	ann, bob := f.viewer(0, "Ann"), f.viewer(0, "Bob")
	f.run(1)
	gametest.Events[danmakuv1.Welcome](bob)
	bob.Lose()
	id := say(t, ann, "Meanwhile")
	f.run(3)
	bob.Return()
	f.run(1)
	w := gametest.Events[danmakuv1.Welcome](bob)
	if len(w) != 1 || w[0].Author != author(bob) || len(w[0].Comments) != 1 || w[0].Comments[0].Id != id {
		t.Errorf("who comes back gets %v", w)
	}
}

// TestTiers looks that each viewer gets as much as its tier has, that tiers contain one another, and that all
// houses show the same.
func TestTiers(t *testing.T) {
	t.Parallel()
	for _, houses := range []int{1, 2} {
		f := newFleet(t, houses, nil)
		var watchers [][]*gametest.Player // by house and tier
		for h := range houses {
			var tiers []*gametest.Player
			for tier := range uint32(4) {
				p := f.viewer(h, fmt.Sprintf("w%d%d", h, tier))
				do(t, p, &danmakuv1.SetTier{Tier: tier})
				tiers = append(tiers, p)
			}
			watchers = append(watchers, tiers)
		}
		var writers []*gametest.Player
		for i := range 400 {
			writers = append(writers, f.viewer(i%houses, fmt.Sprintf("p%d", i)))
		}
		got := make([][]map[uint64]bool, houses)
		for h := range got {
			got[h] = []map[uint64]bool{{}, {}, {}, {}}
		}
		const seconds = 5
		n := 0
		for range seconds * windowRate {
			for range 60 { // 300 a second
				_ = sayErr(writers[n%len(writers)], fmt.Sprint("comment number ", n))
				n++
			}
			f.run(1)
			for h := range watchers {
				for tier, p := range watchers[h] {
					for _, c := range gametest.Events[danmakuv1.Comment](p) {
						got[h][tier][c.Id] = true
					}
				}
			}
		}
		f.run(3)
		for h := range watchers {
			for tier, p := range watchers[h] {
				for _, c := range gametest.Events[danmakuv1.Comment](p) {
					got[h][tier][c.Id] = true
				}
			}
			for tier, rate := range []int{0, 5, 20, 60} {
				most := rate*seconds + rate // what a bucket holds comes on top
				least := rate * seconds * 8 / 10
				if n := len(got[h][tier]); n > most || n < least {
					t.Errorf("%d houses: tier %d got %d comments in %d s; it has %d a second", houses, tier, n, seconds, rate)
				}
				if tier > 0 {
					for id := range got[h][tier-1] {
						if !got[h][tier][id] {
							t.Errorf("%d houses: tier %d lacks comment %d of the one below", houses, tier, id)
							break
						}
					}
				}
			}
		}
		if houses == 2 {
			for id := range got[0][3] {
				if !got[1][3][id] {
					t.Errorf("comment %d is shown in one house alone", id)
					break
				}
			}
		}
	}
}

// TestTiersHoldWhileHousesCome: also while the number of houses changes, and the show is lost and made anew,
// nobody is shown more than its tier has.
func TestTiersHoldWhileHousesCome(t *testing.T) {
	t.Parallel()
	const span, rateOfAll = 5 * windowRate, 40
	f := newFleet(t, 1, nil)
	type watcher struct {
		p     *gametest.Player
		limit int
		shown []int // by window
	}
	var watchers []*watcher
	var writers []*gametest.Player
	people := func(house int) {
		for i, limit := range []int{5, 20, 60} {
			p := f.viewer(house, fmt.Sprint("w", house, i))
			do(t, p, &danmakuv1.SetTier{Tier: uint32(i + 1)})
			watchers = append(watchers, &watcher{p: p, limit: limit})
		}
		for i := range 150 {
			writers = append(writers, f.viewer(house, fmt.Sprint("p", house, "-", i)))
		}
	}
	people(0)
	n := 0
	flood := func(windows int) {
		for range windows {
			for range rateOfAll {
				_ = sayErr(writers[n*7%len(writers)], fmt.Sprint("comment number ", n))
				n++
			}
			f.run(1)
			for _, w := range watchers {
				public, _ := heard(w.p)
				w.shown = append(w.shown, len(public))
			}
		}
	}
	flood(7)
	for k := 1; k < 4; k++ {
		r, h := newRoom[*house](t, fmt.Sprintf("house-%d", k+1), Kind(Outside{}), nil)
		f.houses, f.h = append(f.houses, r), append(f.h, h)
		gametest.Link(f.houses[0], r)
		people(k)
		flood(7)
	}
	down := topicDown(f.h[0].set.show)
	for _, r := range f.houses {
		r.Deafen(down)
	}
	flood(8)
	for _, r := range f.houses {
		r.Undeafen(down, false)
	}
	flood(12)
	for _, w := range watchers {
		most := 0
		for i := range w.shown {
			sum := 0
			for _, k := range w.shown[i:min(i+span, len(w.shown))] {
				sum += k
			}
			most = max(most, sum)
		}
		if most > w.limit*(span/windowRate+1) {
			t.Errorf("%s was shown %d comments in 5 s; its tier has %d a second", w.p.Name, most, w.limit)
		}
	}
}

func TestNoRoomIsForFloods(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 1, map[string]string{"room": "250"}) // 50 in a window
	one, bob := f.viewer(0, "One"), f.viewer(0, "Bob")
	f.run(1)
	taken := 0
	for range 100 {
		if sayErr(one, fmt.Sprint("flood ", taken)) == nil {
			taken++
		}
	}
	if taken != burst {
		t.Errorf("%d comments of one player were taken at once, want %d", taken, burst)
	}
	one.Leave()
	one = f.viewer(0, "One")
	if sayErr(one, "and I am back") == nil {
		t.Error("who leaves and comes back may write again")
	}
	f.run(5)
	if public, _ := heard(bob); len(public) != burst {
		t.Errorf("%d were shown", len(public))
	}
	var all []*gametest.Player
	for i := range 1000 {
		all = append(all, f.viewer(0, fmt.Sprint("p", i)))
	}
	f.run(1)
	taken = 0
	for i, p := range all {
		if sayErr(p, fmt.Sprint("flood number ", i)) == nil {
			taken++
		}
	}
	mod := f.viewer(0, "Mod", "moderator")
	say(t, mod, "calm down")
	f.run(10)
	if taken != 150 {
		t.Errorf("%d comments of a thousand players were taken at once, want 150, of three windows", taken)
	}
	public, _ := heard(bob)
	if !slices.Contains(public, "Mod: calm down") || len(public) > 40 {
		t.Errorf("%d comments were shown, the moderator's among them: %v", len(public), slices.Contains(public, "Mod: calm down"))
	}
	d := rowsOf[danmakuv1.Drops](bob)[1]
	if d.Slow != 98 || d.Busy != 850 || d.Said != 1102 || d.Shown+d.Crowded+d.Collated != 154 {
		t.Errorf("the counters: %+v", d)
	}
}

func TestTextsThatAreNone(t *testing.T) {
	t.Parallel()
	r, h := newRoom[*house](t, "h", Kind(Outside{}), nil)
	p, mod := join(t, r, "Ann"), join(t, r, "Mod", "moderator")
	do(t, mod, &danmakuv1.BlockWords{Add: []string{"badword", "微信", "*shabi*"}})
	r.Tick(1)
	for _, text := range []string{
		"", "   ", "\u200b\u200b", "a" + strings.Repeat("\u0301", 5000), "Z\u0336\u0337\u0338" + strings.Repeat("\u0360", 20),
		"\u202etxet sdrawkcab", "a\nb", strings.Repeat("哈", 81),
		"BadWord", "b a d w o r d", "ЬаdwоrԀ badwоrd", "加 微 信", "s.h.a b-i", "xxSHABIxx", "ｂａｄｗｏｒｄ", "b\u200dadword", "bа\u0301dword",
	} {
		r.Tick(15)
		if err := sayErr(p, text); err == nil {
			t.Errorf("%.40q was taken", text)
		}
	}
	r.Tick(5)
	if d := h.sums.drops; d.reasons[danmakuv1.Reason_REASON_TEXT] != 8 || d.reasons[danmakuv1.Reason_REASON_WORD] != 9 {
		t.Errorf("the counters: %+v", d)
	}
	if public, own := heard(p); public != nil || own != nil {
		t.Errorf("there was shown %q, %q", public, own)
	}
	bad := join(t, r, "B.A.D.W.O.R.D")
	if name := bad.Data.(*viewer).name; !strings.HasPrefix(name, "guest-") {
		t.Errorf("somebody is called %s", name)
	}
	do(t, mod, &danmakuv1.BlockWords{Remove: []string{"badword"}})
	say(t, p, "badword")
	for _, w := range []string{"a", "", "!!"} {
		if err := gametest.Order(mod, &danmakuv1.BlockWords{Add: []string{w}}); err == nil {
			t.Errorf("the word %q may be blocked", w)
		}
	}
	if err := gametest.Order(p, &danmakuv1.BlockWords{Add: []string{"hello"}}); err == nil {
		t.Error("a viewer may block words")
	}
}

func TestEqualTextsAreOne(t *testing.T) {
	t.Parallel()
	for _, houses := range []int{1, 2} {
		f := newFleet(t, houses, nil)
		bob := f.viewer(0, "Bob")
		var all []*gametest.Player
		for i := range 24 {
			all = append(all, f.viewer(i%houses, fmt.Sprint("p", i)))
		}
		f.run(10)
		for i, p := range all {
			say(t, p, strings.Repeat("6", 3+i%4))
			if i%4 == 3 {
				f.run(1)
			}
		}
		f.run(10)
		public, _ := heard(bob)
		same := uint32(0)
		for _, tally := range gametest.Events[danmakuv1.Tally](bob) {
			same = tally.Same
		}
		// Two houses may each show the first one of their own before they hear of each other.
		if len(public) > houses || int(same) < 22 || int(same) > 23 {
			t.Errorf("%d houses: %d comments are shown, and the tally is %d", houses, len(public), same)
		}
	}
}

func TestPersonalComments(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 2, nil)
	ann, bob, cid, eve := f.viewer(0, "Ann"), f.viewer(0, "Bob"), f.viewer(1, "Cid"), f.viewer(1, "Eve")
	for _, p := range []*gametest.Player{ann, bob, cid, eve} {
		do(t, p, &danmakuv1.SetTier{})
	}
	do(t, eve, &danmakuv1.Follow{Authors: []uint64{author(bob)}})
	f.run(12) // until all know whom somebody follows
	first := say(t, ann, "first")
	f.run(3)
	reply := &danmakuv1.Say{Text: "I agree", ReplyTo: first, Mentions: []uint64{author(cid), author(cid)}}
	if _, err := gametest.Call[danmakuv1.Say, danmakuv1.Said](bob, reply); err != nil {
		t.Fatal(err)
	}
	say(t, bob, "hello @Ann and others")
	f.run(5)
	for _, c := range []struct {
		p    *gametest.Player
		want []string
	}{
		{ann, []string{"OWN Ann: first", "REPLY Bob: I agree", "MENTION Bob: hello @Ann and others"}},
		{cid, []string{"MENTION Bob: I agree"}},
		{eve, []string{"FOLLOWED Bob: I agree", "FOLLOWED Bob: hello @Ann and others"}},
	} {
		public, own := heard(c.p)
		if public != nil || !slices.Equal(own, c.want) {
			t.Errorf("%s has %q, want %q; and of all %q", c.p.Name, own, c.want, public)
		}
	}
	eve.Leave()
	if err := gametest.Order(cid, &danmakuv1.Follow{Authors: make([]uint64, 51)}); err == nil {
		t.Error("one may follow 51")
	}
	if len(f.h[1].fans.of) != 0 || len(f.h[1].fans.most) != 0 {
		t.Error("who is gone follows still")
	}
}

func TestModes(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 1, nil)
	mod := f.viewer(0, "Mod", "player", "host")
	guest, fan, member, sub := f.viewer(0, "g"), f.viewer(0, "f", "follower"), f.viewer(0, "m", "member"), f.viewer(0, "s", "subscriber")
	n := 0
	may := func(text string) string {
		f.run(40)
		out := ""
		for _, p := range []*gametest.Player{guest, fan, member, sub, mod} {
			n++
			if sayErr(p, strings.ReplaceAll(text, "%d", fmt.Sprint(n))) == nil {
				out += p.Name[:1]
			}
		}
		return out
	}
	for _, c := range []struct {
		modes danmakuv1.SetModes
		text  string
		want  string
	}{
		{danmakuv1.SetModes{}, "text %d", "gfmsM"},
		{danmakuv1.SetModes{Followers: true}, "text %d", "fmsM"},
		{danmakuv1.SetModes{Members: true}, "text %d", "msM"},
		{danmakuv1.SetModes{Subscribers: true}, "text %d", "sM"},
		{danmakuv1.SetModes{EmotesOnly: true}, "text %d", "M"},
		{danmakuv1.SetModes{EmotesOnly: true}, ":heart: 👨‍👩‍👧👍🏽:fire:", "gfmsM"},
		{danmakuv1.SetModes{Unique: true}, "the same", "gM"},
	} {
		do(t, mod, &c.modes)
		if got := may(c.text); got != c.want {
			t.Errorf("%+v: %q may comment, want %q", c.modes, got, c.want)
		}
		f.run(3)
		if m := row[danmakuv1.Modes](t, guest); m.Followers != c.modes.Followers || m.Unique != c.modes.Unique || m.EmotesOnly != c.modes.EmotesOnly {
			t.Errorf("viewers see %+v", m)
		}
	}
	do(t, mod, &danmakuv1.SetModes{Slow: 60})
	f.run(100)
	if err := sayErr(guest, "x"); err == nil || !strings.Contains(err.Error(), "too often") {
		t.Errorf("in slow mode: %v", err)
	}
	f.run(300)
	say(t, guest, "x")
	if err := gametest.Order(mod, &danmakuv1.SetModes{Slow: 601}); err == nil {
		t.Error("the slow mode may be of 601 s")
	}
	if err := gametest.Order(guest, &danmakuv1.SetModes{}); err == nil {
		t.Error("a viewer may set modes")
	}
}

func TestReview(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		failure, text string
		shown         bool
	}{{"show", "fine", true}, {"show", "refuse", false}, {"show", "fail", true}, {"drop", "fail", false}, {"drop", "fine", true}} {
		r, h := newRoom[*house](t, "h", Kind(Outside{Reviewer: reviewer{}}), map[string]string{"review": "http://reviewer", "review_failure": c.failure})
		ann, bob := join(t, r, "Ann"), join(t, r, "Bob")
		r.Tick(1)
		say(t, ann, c.text)
		r.Tick(3)
		public, _ := heard(bob)
		if (len(public) == 1) != c.shown || (h.sums.drops.reasons[danmakuv1.Reason_REASON_REVIEW] == 0) != c.shown {
			t.Errorf("%+v: shown %q", c, public)
		}
		if _, own := heard(ann); len(own) != 1 {
			t.Errorf("the author has %q", own)
		}
	}
	k := Kind(Outside{})
	if _, _, err := world.NewRoom(k, world.Setup{Options: map[string]string{"review": "http://x"}}); err == nil {
		t.Error("a program without a reviewer may have one")
	}
}

// TestAHouseThatTicksFaster has windows of 200 ms still.
func TestAHouseThatTicksFaster(t *testing.T) {
	t.Parallel()
	r, h := newRoom[*house](t, "h", Kind(Outside{}), map[string]string{"rate": "20", "tiers": "5,10,15"})
	bob := join(t, r, "Bob")
	var all []*gametest.Player
	for i := range 200 {
		all = append(all, join(t, r, fmt.Sprint("p", i)))
	}
	r.Tick(1)
	say(t, all[0], "first")
	r.Tick(1)
	if public, _ := heard(bob); public != nil {
		t.Errorf("in tick %d there is %q", r.Committed(), public)
	}
	if _, own := heard(all[0]); len(own) != 1 {
		t.Error("the author has no echo in the next tick")
	}
	r.Tick(2)
	if public, _ := heard(bob); len(public) != 1 {
		t.Errorf("in tick %d there is %q", r.Committed(), public)
	}
	for i := range 200 {
		_ = sayErr(all[i], fmt.Sprint("text number ", i))
		if i%5 == 0 {
			r.Tick(2)
		}
	}
	if public, _ := heard(bob); len(public) < 4*12 || len(public) > 4*15+15 {
		t.Errorf("%d comments are shown in 4 s, of 15 a second; %+v", len(public), h.sums.drops)
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	k := Kind(Outside{})
	for name, value := range map[string]string{
		"show": "a b", "viewers": "0", "rate": "7", "tiers": "5,4,60", "emotes": "a,b c", "max_text": "x", "every": "0",
		"room": "0", "candidates": "1", "max_age": "0", "collate": "61", "review_failure": "perhaps", "review_deadline": "11",
	} {
		if _, _, err := world.NewRoom(k, world.Setup{Options: map[string]string{name: value}}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("option %s=%q: %v", name, value, err)
		}
	}
	for name, value := range map[string]string{"show": "a/b", "epoch": "-1", "tiers": "1", "slow": "601", "candidates": "0", "max_age": "x"} {
		if _, _, err := world.NewRoom(ShowKind(), world.Setup{Options: map[string]string{name: value}}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("option %s=%q of a show: %v", name, value, err)
		}
	}
	if err := k.Options[0].Check(strings.Repeat("x", world.MaxShowName+1)); err == nil {
		t.Error("a show may have a long name")
	}
}
