package danmaku

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tickroom/tickroom/gametest"
	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
	"github.com/tickroom/tickroom/proto/schema"
	"github.com/tickroom/tickroom/world"
)

// backend posts to a show as a backend does.
func (f *fleet) backend(key string, m schema.Posted) {
	f.houses[0].PostAs(world.Posting{Topic: topicGifts("main"), Key: key}, m)
}

// restart has the show begin again on another node, after it was away for some windows.
func (f *fleet) restart(epoch, away int) {
	f.show, f.s = nil, nil
	f.run(away)
	f.show, f.s = newRoom[*show](f.t, fmt.Sprint("show-", epoch), ShowKind(), map[string]string{"epoch": fmt.Sprint(epoch)})
	gametest.Link(f.houses[0], f.show)
}

// TestAGiftThatNobodySees is given to a show that is made for it, without a house: the ledger has it.
func TestAGiftThatNobodySees(t *testing.T) {
	t.Parallel()
	r, _ := newRoom[*show](t, "show-1", ShowKind(), map[string]string{"epoch": "1"})
	r.PostAs(world.Posting{Topic: topicGifts("main"), Key: "order"}, &danmakuv1.Gift{PlayerId: "ann", Gift: "rose", Count: 2, Value: 20})
	r.Seconds(8)
	if all := gametest.Told[danmakuv1.GiftEntry](r); len(all) != 1 || all[0].Key != "order" || all[0].Count != 2 {
		t.Errorf("the ledger has %v", all)
	}
}

func giftsSeen(p *gametest.Player) (all []string) {
	for _, g := range gametest.Events[danmakuv1.Gifted](p) {
		all = append(all, fmt.Sprintf("%s %s x%d/%d", g.Name, g.Gift, g.Count, g.Combo))
	}
	return all
}

func TestGifts(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 2, nil)
	ann, bob := f.viewer(0, "Ann"), f.viewer(1, "Bob")
	f.backend("k1", &danmakuv1.Gift{PlayerId: "id-Ann", Name: "Ann", Gift: "rose", Title: "Rose", Count: 2, Value: 20})
	f.backend("k1", &danmakuv1.Gift{PlayerId: "id-Ann", Name: "Ann", Gift: "rose", Count: 2, Value: 20})
	f.backend("k2", &danmakuv1.Gift{PlayerId: "id-Ann", Name: "Ann", Gift: "rose", Value: 10})
	f.backend("k3", &danmakuv1.Gift{Name: "\u202eevil\n", Gift: "star", Value: 5})
	f.backend("k4", &danmakuv1.PaidComment{PlayerId: "id-Bob", Name: "Bob", Text: "go\u0000 on\u202e!", Amount: 5000, Currency: "CNY"})
	f.run(4)
	want := []string{"Ann rose x2/2", "Ann rose x1/3", "evil star x1/1"}
	for _, p := range []*gametest.Player{ann, bob} {
		if got := giftsSeen(p); !slices.Equal(got, want) {
			t.Errorf("%s sees %q", p.Name, got)
		}
		c := row[danmakuv1.SuperChat](t, p)
		if c.Text != "go on!" || c.Level != 4 || c.UntilMs-c.FromMs != 300_000 || c.Author != author(bob) {
			t.Errorf("the super chat: %+v", c)
		}
		givers := rowsOf[danmakuv1.Giver](p)
		if len(givers) != 2 || givers[0].Name+givers[1].Name != "BobAnn" && givers[0].Name+givers[1].Name != "AnnBob" {
			t.Fatalf("the wall: %v", givers)
		}
		for _, g := range givers {
			if g.Name == "Bob" && (g.Rank != 1 || g.Value != 5000) || g.Name == "Ann" && (g.Rank != 2 || g.Value != 30) {
				t.Errorf("the wall has %+v", g)
			}
		}
	}
	told := gametest.Told[danmakuv1.GiftEntry](f.show)
	if len(told) != 4 || told[0].Key != "k1" || told[0].PlayerId != "id-Ann" || told[3].Amount != 5000 {
		t.Errorf("the ledger: %v", told)
	}
	f.run(5)
	if a := row[danmakuv1.Audience](t, ann); a.Gifts != 5 {
		t.Errorf("there were %d gifts", a.Gifts)
	}
	// Rooms can't give, and what a client sends is no message at all.
	f.houses[0].PostAs(world.Posting{Topic: topicGifts("main"), From: "house-1"}, &danmakuv1.Gift{Name: "X", Gift: "rose"})
	f.houses[0].Post(topicDown("main"), &danmakuv1.Gift{Name: "X", Gift: "rose"})
	if _, err := f.houses[0].HandleCommand(ann.Player, 1<<20, (&danmakuv1.Gift{Name: "X"}).AppendProto(nil), nil); err == nil {
		t.Error("a gift is a command")
	}
	f.run(4)
	if got := giftsSeen(ann); got != nil {
		t.Errorf("forged gifts are shown: %q", got)
	}
	f.run(1600) // its time is over
	if n := len(rowsOf[danmakuv1.SuperChat](ann)); n != 0 {
		t.Errorf("%d super chats are pinned for ever", n)
	}
}

// TestOldGiftsAreNotToldAgain has a show begin that reads gifts which the one before it has told.
func TestOldGiftsAreNotToldAgain(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 1, nil)
	ann := f.viewer(0, "Ann")
	f.run(1)
	now := f.show.Now()
	post := func(key string, ago int64, m schema.Posted) {
		f.houses[0].PostAs(world.Posting{Topic: topicGifts("main"), Key: key, At: now - ago*1_000_000}, m)
	}
	post("a", 3000, &danmakuv1.Gift{PlayerId: "id-Ann", Name: "Ann", Gift: "rose", Value: 7})
	post("b", 3000, &danmakuv1.PaidComment{PlayerId: "id-Bob", Name: "Bob", Text: "long ago", Amount: 100})
	post("c", 20, &danmakuv1.PaidComment{PlayerId: "id-Bob", Name: "Bob", Text: "just now", Amount: 100})
	post("d", 20, &danmakuv1.Gift{PlayerId: "id-Ann", Name: "Ann", Gift: "star", Value: 1})
	f.run(9)
	if got := giftsSeen(ann); !slices.Equal(got, []string{"Ann star x1/1"}) {
		t.Errorf("Ann sees %q", got)
	}
	if c := row[danmakuv1.SuperChat](t, ann); c.Text != "just now" || c.UntilMs-c.FromMs != 30_000 || int64(c.FromMs) != now/1000-20_000 {
		t.Errorf("the super chat: %+v; now it is %d", c, now/1000)
	}
	for _, g := range rowsOf[danmakuv1.Giver](ann) {
		if g.Name == "Ann" && g.Value != 8 || g.Name == "Bob" && g.Value != 200 {
			t.Errorf("the wall has %+v", g)
		}
	}
	if a := row[danmakuv1.Audience](t, ann); a.Gifts != 4 {
		t.Errorf("there were %d gifts", a.Gifts)
	}
	told := gametest.Told[danmakuv1.GiftEntry](f.show)
	if len(told) != 4 || int64(told[0].AtMs) != now/1000-3_000_000 {
		t.Errorf("the ledger: %v", told)
	}
}

// TestNoGiftIsLostOrDoubled ends the show under gifts, again and again: each viewer sees each gift once, and the
// ledger has all of them.
func TestNoGiftIsLostOrDoubled(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 2, nil)
	ann, bob := f.viewer(0, "Ann"), f.viewer(1, "Bob")
	seen := map[string]map[uint64]int{"Ann": {}, "Bob": {}}
	ledger := map[string]bool{}
	n := 0
	look := func() {
		for _, p := range []*gametest.Player{ann, bob} {
			for _, g := range gametest.Events[danmakuv1.Gifted](p) {
				seen[p.Name][g.Number]++
			}
		}
		if f.show != nil {
			for _, e := range gametest.Told[danmakuv1.GiftEntry](f.show) {
				ledger[e.Key] = true
			}
		}
	}
	give := func(count int) {
		for range count {
			n++
			f.backend(fmt.Sprint("key-", n), &danmakuv1.Gift{PlayerId: "id-Ann", Name: "Ann", Gift: "rose", Value: 1})
			if n%7 == 0 { // the backend tries again
				f.backend(fmt.Sprint("key-", n), &danmakuv1.Gift{PlayerId: "id-Ann", Name: "Ann", Gift: "rose", Value: 1})
			}
		}
	}
	for round := range 4 {
		for range 6 {
			give(15)
			f.run(1)
			look()
		}
		if round == 2 {
			f.houses[1].Deafen(topicDown("main"))
		}
		give(10)
		f.show.Tick(1) // and it is gone before the houses hear
		look()
		f.restart(2+round, 15)
		if round == 2 {
			f.houses[1].Undeafen(topicDown("main"), true)
		}
		look()
	}
	give(500)
	f.run(60)
	look()
	for name, numbers := range seen {
		twice := 0
		for _, times := range numbers {
			if times > 1 {
				twice++
			}
		}
		if len(numbers) != n || twice > 0 {
			t.Errorf("%s has seen %d gifts of %d, %d of them twice", name, len(numbers), n, twice)
		}
	}
	if len(ledger) != n {
		t.Errorf("the ledger has %d gifts of %d", len(ledger), n)
	}
	if g := row[danmakuv1.Giver](t, bob); g.Value != uint64(n) {
		t.Errorf("the wall has a value of %d; %d were given", g.Value, n)
	}
	if a := row[danmakuv1.Audience](t, bob); a.Gifts != uint64(n) {
		t.Errorf("the audience is told of %d gifts", a.Gifts)
	}
}

func TestModeration(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 2, nil)
	mod, ann, bob, eve := f.viewer(0, "Mod", "moderator"), f.viewer(0, "Ann"), f.viewer(1, "Bob"), f.viewer(1, "Eve")
	f.run(1)
	id := say(t, eve, "nasty")
	shadowed := say(t, bob, "odd")
	f.run(3)
	do(t, ann, &danmakuv1.Complain{Comment: id, Reason: "nasty"})
	do(t, ann, &danmakuv1.Complain{Comment: id})
	f.run(6)
	if r := row[danmakuv1.Report](t, mod); r.Comment != id || r.Viewers != 1 || r.Reason != "nasty" || r.Name != "Eve" {
		t.Errorf("the desk has %+v", r)
	}
	if told := gametest.Told[danmakuv1.CommentReported](f.houses[0]); len(told) != 1 || told[0].Comment.Text != "nasty" {
		t.Errorf("backends are told %v", told)
	}
	if len(rowsOf[danmakuv1.Report](ann)) != 0 {
		t.Error("a viewer sees the desk")
	}
	for _, cmd := range []func() error{
		func() error { return gametest.Order(ann, &danmakuv1.Delete{Comment: id}) },
		func() error { return gametest.Order(ann, &danmakuv1.Silence{Author: author(eve)}) },
		func() error { return gametest.Order(ann, &danmakuv1.Record{On: true}) },
		func() error { return gametest.Order(ann, &danmakuv1.Settle{}) },
		func() error { return gametest.Order(ann, &danmakuv1.Announce{Text: "x"}) },
	} {
		if err := cmd(); err == nil || !strings.Contains(err.Error(), "moderators") {
			t.Errorf("a viewer gives an order: %v", err)
		}
	}
	do(t, mod, &danmakuv1.Delete{Comment: id})
	f.run(3)
	for _, p := range []*gametest.Player{ann, bob, eve, mod} {
		if r := gametest.Events[danmakuv1.Removed](p); len(r) != 1 || r[0].Comment != id {
			t.Errorf("%s is told to remove %v", p.Name, r)
		}
	}
	if len(rowsOf[danmakuv1.Report](mod)) != 0 {
		t.Error("what is deleted is on the desk still")
	}
	do(t, mod, &danmakuv1.Silence{Author: author(eve), Seconds: 10, Reason: "be nice"})
	do(t, mod, &danmakuv1.Silence{Author: author(bob), Shadow: true, Erase: true})
	f.run(4)
	if err := sayErr(eve, "again"); err == nil || !strings.Contains(err.Error(), "be nice") {
		t.Errorf("who is muted says something: %v", err)
	}
	if s := gametest.Events[danmakuv1.Standing](eve); len(s) != 1 || !s[0].Muted || s[0].Reason != "be nice" {
		t.Errorf("who is muted is told %v", s)
	}
	if s := gametest.Events[danmakuv1.Standing](bob); s != nil {
		t.Errorf("who is not to know is told %v", s)
	}
	if r := gametest.Events[danmakuv1.Removed](ann); len(r) != 2 && len(r) != 1 || r[0].Author != author(bob) {
		t.Errorf("what was erased: %v", r)
	}
	heard(ann)
	heard(bob)
	say(t, bob, "can you hear me")
	f.run(4)
	if _, own := heard(bob); len(own) != 1 {
		t.Error("who is not to know has no echo")
	}
	if public, own := heard(ann); public != nil || own != nil {
		t.Errorf("who is muted is heard: %q %q", public, own)
	}
	if n := len(rowsOf[danmakuv1.Mute](mod)); n != 2 {
		t.Errorf("the desk has %d mutes", n)
	}
	f.run(55)
	say(t, eve, "sorry")
	if s := gametest.Events[danmakuv1.Standing](eve); len(s) != 1 || s[0].Muted {
		t.Errorf("whose time is over is told %v", s)
	}
	do(t, mod, &danmakuv1.Unsilence{Author: author(bob)})
	f.run(10)
	say(t, bob, "back")
	f.run(3)
	if public, _ := heard(ann); !slices.Contains(public, "Bob: back") || !slices.Contains(public, "Eve: sorry") {
		t.Errorf("afterwards there is %q", public)
	}
	if err := gametest.Order(mod, &danmakuv1.Silence{Author: author(mod)}); err == nil {
		t.Error("moderators may be muted")
	}
	if err := gametest.Order(mod, &danmakuv1.PinComment{Comment: shadowed}); err == nil {
		t.Error("what was erased may be pinned")
	}
	var actions []string
	for _, e := range gametest.Told[danmakuv1.ModerationEntry](f.show) {
		if e.PlayerId != "id-Mod" || e.Show != "main" {
			t.Errorf("the log has %+v", e)
		}
		actions = append(actions, e.Action)
	}
	if want := []string{"Delete", "Silence", "Silence", "Unsilence"}; !slices.Equal(actions, want) {
		t.Errorf("backends are told %q, want %q", actions, want)
	}
	if n := len(rowsOf[danmakuv1.LogEntry](mod)); n != 4 {
		t.Errorf("the log on the desk has %d lines", n)
	}
}

// TestARoleThatIsTaken has a moderator's token renewed without the role.
func TestARoleThatIsTaken(t *testing.T) {
	t.Parallel()
	r, _ := newRoom[*house](t, "h", Kind(Outside{}), nil)
	mod := join(t, r, "Mod", "moderator")
	do(t, mod, &danmakuv1.Announce{Text: "x"})
	r.Tick(1)
	if len(rowsOf[danmakuv1.Wordlist](mod)) != 1 {
		t.Error("a moderator does not see the desk")
	}
	mod.SetRoles("player")
	if err := gametest.Order(mod, &danmakuv1.Announce{Text: "x"}); err == nil {
		t.Error("who is no moderator any more announces something")
	}
	r.Tick(1)
	if len(rowsOf[danmakuv1.Wordlist](mod)) != 0 {
		t.Error("who is no moderator any more sees the desk")
	}
}

func TestStageOfModerators(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 2, nil)
	mod, ann, bob := f.viewer(0, "Mod", "host"), f.viewer(0, "Ann"), f.viewer(1, "Bob")
	f.run(1)
	id := say(t, bob, "wise words")
	f.run(3)
	do(t, mod, &danmakuv1.PinComment{Comment: id, Seconds: 5})
	do(t, mod, &danmakuv1.Announce{Text: "Welcome", Seconds: 5})
	do(t, mod, &danmakuv1.Record{On: true})
	f.backend("", &danmakuv1.Order{By: "shop", OpenPoll: &danmakuv1.OpenPoll{Question: "Who wins?", Choices: []string{"Red", "Blue"}, Seconds: 10}})
	f.run(5)
	for _, p := range []*gametest.Player{ann, bob} {
		if pin := row[danmakuv1.Pin](t, p); pin.Text != "wise words" || pin.Name != "Bob" || pin.By != "Mod" {
			t.Errorf("pinned is %+v", pin)
		}
		if a := row[danmakuv1.Announcement](t, p); a.Text != "Welcome" || !row[danmakuv1.Stage](t, p).Recording {
			t.Errorf("announced is %+v", a)
		}
	}
	poll := row[danmakuv1.Poll](t, ann)
	do(t, ann, &danmakuv1.Vote{Poll: poll.Poll, Choice: 1})
	do(t, ann, &danmakuv1.Vote{Poll: poll.Poll, Choice: 2}) // the first one counts
	ann.Leave()
	ann = f.viewer(0, "Ann")
	do(t, ann, &danmakuv1.Vote{Poll: poll.Poll, Choice: 2})
	do(t, bob, &danmakuv1.Vote{Poll: poll.Poll, Choice: 1})
	do(t, mod, &danmakuv1.Vote{Poll: poll.Poll, Choice: 2})
	if err := gametest.Order(f.viewer(0, "X"), &danmakuv1.Vote{Poll: poll.Poll, Choice: 3}); err == nil {
		t.Error("there is no third choice")
	}
	f.run(15)
	for _, p := range []*gametest.Player{ann, bob} {
		c := rowsOf[danmakuv1.Choice](p)
		if len(c) != 2 || c[0].Text != "Red" || c[0].Votes != 2 || c[1].Votes != 1 {
			t.Errorf("%s sees the votes %v", p.Name, c)
		}
	}
	f.run(50)
	if len(rowsOf[danmakuv1.Pin](ann)) != 0 || len(rowsOf[danmakuv1.Announcement](ann)) != 0 || !row[danmakuv1.Poll](t, bob).Closed {
		t.Error("what has had its time is there still")
	}
	if err := gametest.Order(f.viewer(1, "Y"), &danmakuv1.Vote{Poll: poll.Poll, Choice: 1}); err == nil {
		t.Error("a vote counts after the end")
	}
	if told := gametest.Told[danmakuv1.PollClosed](f.show); len(told) != 1 || !slices.Equal(told[0].Votes, []uint64{2, 1}) {
		t.Errorf("the result is %v", told)
	}
	do(t, mod, &danmakuv1.ClosePoll{Poll: poll.Poll, Remove: true})
	f.run(4)
	if len(rowsOf[danmakuv1.Choice](bob)) != 0 {
		t.Error("the poll is there still")
	}
	for range 60 {
		do(t, ann, &danmakuv1.Like{Count: 100})
	}
	do(t, bob, &danmakuv1.Like{})
	f.run(12)
	if a := row[danmakuv1.Audience](t, mod); a.Likes != 101 {
		t.Errorf("there are %d likes", a.Likes)
	}
}

func TestLottery(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 2, nil)
	mod := f.viewer(0, "Mod", "host")
	do(t, mod, &danmakuv1.OpenLottery{Word: "Lucky", Prize: "A mug", Places: 5, Seconds: 8})
	f.run(5)
	var all []*gametest.Player
	for i := range 30 {
		p := f.viewer(i%2, fmt.Sprint("p", i))
		all = append(all, p)
		say(t, p, []string{"l u c k y me", "ＬＵＣＫＹ", "no luck"}[i%3])
	}
	f.run(12)
	if l := row[danmakuv1.Lottery](t, all[0]); l.Entrants != 20 || l.Drawn {
		t.Errorf("before the end: %+v", l)
	}
	f.run(40)
	for _, p := range []*gametest.Player{all[0], all[1]} {
		l := row[danmakuv1.Lottery](t, p)
		if !l.Drawn || len(l.Winners) != 5 || len(l.Names) != 5 || l.Entrants != 20 {
			t.Fatalf("drawn was %+v", l)
		}
		seen := map[uint64]bool{}
		for i, w := range l.Winners {
			j := slices.IndexFunc(all, func(p *gametest.Player) bool { return author(p) == w })
			if j < 0 || all[j].Name != l.Names[i] || j%3 == 2 || seen[w] {
				t.Errorf("winner %d, %s", j, l.Names[i])
			}
			seen[w] = true
		}
	}
	told := gametest.Told[danmakuv1.LotteryDrawn](f.show)
	if len(told) != 1 || len(told[0].PlayerIds) != 5 || !strings.HasPrefix(told[0].PlayerIds[0], "id-p") || told[0].Prize != "A mug" {
		t.Errorf("backends are told %v", told)
	}
	do(t, mod, &danmakuv1.OpenLottery{Word: "x", Places: 3})
	f.run(4)
	say(t, all[0], "X!")
	f.run(8)
	do(t, mod, &danmakuv1.Draw{Lottery: 2})
	f.run(20)
	if l := row[danmakuv1.Lottery](t, all[1]); !l.Drawn || len(l.Winners) != 1 {
		t.Errorf("with one entrant: %+v", l)
	}
	do(t, mod, &danmakuv1.Draw{Lottery: 2, Remove: true})
	f.run(4)
	if len(rowsOf[danmakuv1.Lottery](mod)) != 0 {
		t.Error("the lottery is there still")
	}
}

// TestAHouseGoesOnAlone takes the show away: viewers of a house see each other and are told, and what
// moderators wanted meanwhile is done when the show is there again, on another node.
func TestAHouseGoesOnAlone(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 2, nil)
	mod, ann, bob := f.viewer(0, "Mod", "moderator"), f.viewer(0, "Ann"), f.viewer(1, "Bob")
	do(t, mod, &danmakuv1.Announce{Text: "kept"})
	do(t, mod, &danmakuv1.OpenPoll{Question: "?", Choices: []string{"a", "b"}})
	f.run(6)
	do(t, ann, &danmakuv1.Vote{Poll: 1, Choice: 2})
	do(t, ann, &danmakuv1.Like{Count: 7})
	say(t, bob, "the moderator sees this")
	f.run(6)
	heard(bob)
	heard(mod)
	numbers := author(ann)
	f.show = nil
	f.run(14)
	if row[danmakuv1.Stage](t, ann).Live || row[danmakuv1.Stage](t, bob).Live {
		t.Error("the houses do not say that they are alone")
	}
	say(t, ann, "anybody here?")
	do(t, mod, &danmakuv1.Silence{Author: author(bob)})
	do(t, mod, &danmakuv1.Announce{Text: "alone"})
	f.run(3)
	if public, _ := heard(mod); !slices.Contains(public, "Ann: anybody here?") {
		t.Errorf("alone, viewers see %q", public)
	}
	if public, _ := heard(bob); len(public) != 0 {
		t.Errorf("another house sees %q", public)
	}
	if err := sayErr(bob, "free"); err != nil {
		t.Errorf("another house knows of a mute: %v", err)
	}
	f.restart(1_700_000_000_000, 5)
	f.run(20)
	for _, p := range []*gametest.Player{ann, bob} {
		if !row[danmakuv1.Stage](t, p).Live || row[danmakuv1.Announcement](t, p).Text != "alone" {
			t.Errorf("%s sees %+v, %+v", p.Name, row[danmakuv1.Stage](t, p), row[danmakuv1.Announcement](t, p))
		}
		if c := rowsOf[danmakuv1.Choice](p); len(c) != 2 || c[1].Votes != 1 {
			t.Errorf("the poll is %v", c)
		}
		if a := row[danmakuv1.Audience](t, p); a.Likes != 7 || a.Viewers != 3 {
			t.Errorf("the audience is %+v", a)
		}
	}
	if err := sayErr(bob, "free?"); err == nil {
		t.Error("the mute was lost")
	}
	if author(ann) != numbers {
		t.Error("authors have other numbers")
	}
	if n := len(gametest.Told[danmakuv1.ModerationEntry](f.show)); n != 2 {
		t.Errorf("the show carried out %d orders, want 2", n)
	}
	say(t, ann, "all together")
	f.run(4)
	if public, _ := heard(bob); !slices.Contains(public, "Ann: all together") {
		t.Errorf("after that another house sees %q", public)
	}
	// One of the old show that does not know yet is passed over.
	f.houses[0].PostAs(world.Posting{Topic: topicDown("main"), From: "show-1"}, &danmakuv1.ShowState{Epoch: 1, Revision: 1 << 40})
	f.run(2)
	if a := row[danmakuv1.Announcement](t, ann); a.Text != "alone" {
		t.Error("an old show is heard")
	}
}

func TestWordLists(t *testing.T) {
	t.Parallel()
	r, h := newRoom[*house](t, "h", Kind(Outside{}), nil)
	p, mod := join(t, r, "Ann"), join(t, r, "Mod", "host")
	r.Post("words/danmaku", &danmakuv1.Words{Words: []string{"first", "one"}})
	r.Tick(1)
	if err := sayErr(p, "the first one"); err == nil {
		t.Error("a listed word is taken")
	}
	r.Post("words/danmaku", &danmakuv1.Words{Words: []string{"second"}, Part: 1, Parts: 2})
	r.Post("words/danmaku", &danmakuv1.Words{Words: []string{"third", "!!"}, Part: 2, Parts: 2})
	r.Post("words/danmaku/main", &danmakuv1.Words{Words: []string{"fourth"}})
	r.PostAs(world.Posting{Topic: "words/danmaku", From: "room"}, &danmakuv1.Words{})
	r.Post("words/danmaku/other", &danmakuv1.Words{Words: []string{"fifth"}})
	r.Tick(10)
	for text, good := range map[string]bool{"first": true, "second": false, "third": false, "fourth": false, "fifth": true} {
		r.Tick(15)
		if err := sayErr(p, text); (err == nil) != good {
			t.Errorf("%q: %v", text, err)
		}
	}
	r.Post("words/danmaku", &danmakuv1.Words{Words: []string{"x"}, Part: 2, Parts: 3}) // without a beginning
	r.Post("words/danmaku", &danmakuv1.Words{Part: 1, Parts: 65})
	r.Tick(1)
	if w := row[danmakuv1.Wordlist](t, mod); w.Listed != 3 || w.Lists != 3 || h.listed.count() != 3 {
		t.Errorf("the desk has %+v", w)
	}
}

func TestEntries(t *testing.T) {
	t.Parallel()
	r, _ := newRoom[*house](t, "h", Kind(Outside{}), nil)
	ann := join(t, r, "Ann")
	r.Tick(4)
	gametest.Events[danmakuv1.Entered](ann)
	for i := range 100 {
		join(t, r, fmt.Sprint("p", i))
	}
	join(t, r, "Sub", "subscriber")
	join(t, r, "").Leave()
	r.Tick(10)
	if got := gametest.Events[danmakuv1.Entered](ann); len(got) != 1 || got[0].Name != "Sub" || got[0].Others < 100 {
		t.Errorf("notices: %v", got)
	}
}

func TestWordsOfAFile(t *testing.T) {
	t.Parallel()
	content := "# a comment\nfirst\n\n  second  \n"
	var fails error
	k := Kind(Outside{ReadFile: func(_ context.Context, name string) ([]byte, error) {
		if name != "words.txt" {
			t.Errorf("the file %q is read", name)
		}
		return []byte(content), fails
	}})
	r, h := newRoom[*house](t, "h", k, map[string]string{"words": "words.txt"})
	p := join(t, r, "Ann")
	r.Tick(2)
	if sayErr(p, "first") == nil || h.listed.count() != 2 {
		t.Error("the file's words are taken")
	}
	content = "third"
	r.Tick(60)
	if sayErr(p, "third") == nil || sayErr(p, "first") != nil || h.listed.lists != 2 {
		t.Error("the file is not read again")
	}
	fails = errors.New("no such file")
	r.Tick(120)
	if sayErr(p, "third") == nil || h.listed.lists != 2 {
		t.Error("a file that can't be read has no words")
	}
	if _, _, err := world.NewRoom(Kind(Outside{}), world.Setup{Options: map[string]string{"words": "x"}}); err == nil {
		t.Error("a program that reads no files may have one")
	}
}
