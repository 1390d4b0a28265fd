package arena

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	arenav1 "github.com/tickroom/tickroom/proto/gen/tickroom/arena/v1"
	"github.com/tickroom/tickroom/text"
	"github.com/tickroom/tickroom/world"
)

func TestTeams(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 1, empty+"teams=2")
	var ps []*world.Player
	var ss []*ship
	for id := uint32(1); id <= 4; id++ {
		p, s := r.join(id)
		ps, ss = append(ps, p), append(ss, s)
	}
	if got := fmt.Sprint(ss[0].id.Team, ss[1].id.Team, ss[2].id.Team, ss[3].id.Team); got != "1 2 1 2" {
		t.Fatalf("teams %s", got)
	}
	// Friendly fire passes through; the enemy behind is hit.
	r.put(ss[0], 1000, 1000, 0)
	r.put(ss[2], 1100, 1000, 0)
	r.put(ss[1], 1200, 1000, 0)
	r.input(ps[0], &arenav1.ShipInput{Fire: true})
	for range 20 {
		r.tick()
		r.input(ps[0], &arenav1.ShipInput{})
	}
	if ss[2].vitals.Health != full || ss[1].vitals.Health != full-damage {
		t.Errorf("health of the friend %d, of the enemy %d", ss[2].vitals.Health, ss[1].vitals.Health)
	}
	for ss[1].alive {
		r.hurt(ss[1], damage, ss[0])
	}
	if r.team[1].score != killScore || r.team[2].score != 0 {
		t.Errorf("team scores %d, %d", r.team[1].score, r.team[2].score)
	}

	choose := func(p *world.Player, team uint32) error {
		return r.command(p, &arenav1.ChooseTeam{Team: team}, &arenav1.ChooseTeamReply{})
	}
	for _, team := range []uint32{0, 1, 3} {
		if choose(ps[0], team) == nil {
			t.Errorf("team %d was allowed", team)
		}
	}
	if err := choose(ps[0], 2); err != nil {
		t.Fatal(err)
	}
	if choose(ps[0], 1) == nil {
		t.Error("changing the team twice at once was allowed")
	}
	if choose(ps[2], 2) == nil {
		t.Error("a team with all ships was allowed")
	}
	if ss[0].alive || ss[0].id.Team != 2 || ss[0].tally.Deaths != 0 || !ps[0].SeesGroup(r.crew[2]) || ps[0].SeesGroup(r.crew[1]) {
		t.Errorf("after choosing team 2: %+v", *ss[0].id)
	}

	// What is said to a team is heard by it alone.
	if err := r.command(ps[1], &arenav1.Chat{Text: "psst", Team: true}, &arenav1.ChatReply{}); err != nil {
		t.Fatal(err)
	}
	r.tick()
	for i, p := range ps {
		if got, want := strings.Contains(string(r.look(p)), "psst"), i != 2; got != want {
			t.Errorf("player %d of team %d heard it: %t", p.ID, ss[i].id.Team, got)
		}
	}
	for range 20 {
		r.tick()
	}
	if ts := *r.team[2].row; ts.Ships != 3 || ts.Team != 2 {
		t.Errorf("the board says %+v", ts)
	}
}

func TestChatAndNames(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 1, empty)
	pa, a := r.join(1)
	pb, _ := r.join(2)
	say := func(text string, team bool) error {
		return r.command(pa, &arenav1.Chat{Text: text, Team: team}, &arenav1.ChatReply{})
	}
	for _, bad := range []string{"", "  ", strings.Repeat("x", maxText+1), "a\x00b", "a\u202eb"} {
		if say(bad, false) == nil {
			t.Errorf("the text %q was allowed", bad)
		}
	}
	if say("x", true) == nil {
		t.Error("team chat without teams was allowed")
	}
	if err := say(" hello there ", false); err != nil {
		t.Fatal(err)
	}
	if err := say("again", false); err == nil || !strings.Contains(err.Error(), "1.0 s") {
		t.Errorf("a second text at once: %v", err)
	}
	r.tick()
	if !strings.Contains(string(r.look(pb)), "hello there") {
		t.Error("nobody heard it")
	}
	for range 19 {
		r.tick()
	}
	if err := say("again", false); err != nil {
		t.Errorf("a second later: %v", err)
	}

	for _, good := range []string{"\u4f60\u597d\u3000\u4e16\u754c", "Ah\u00a0!", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\U0001F468\u200D\U0001F469\u200D\U0001F467"} {
		for range 20 {
			r.tick()
		}
		if err := say(good, false); err != nil {
			t.Errorf("the text %+q: %v", good, err)
		}
	}

	var reply arenav1.SetNameReply
	if err := r.command(pa, &arenav1.SetName{Name: "  Zoë "}, &reply); err != nil || reply.Name != "Zoë" || a.id.Name != "Zoë" {
		t.Errorf("SetName: %v, %+v", err, reply)
	}
	for _, bad := range []string{"", "\u3164", strings.Repeat("ä", maxName+1), "a\nb"} {
		if r.command(pa, &arenav1.SetName{Name: bad}, &reply) == nil {
			t.Errorf("the name %q was allowed", bad)
		}
	}
	for name, want := range map[string]string{
		"a\x00b\xffc":            "abc",
		strings.Repeat("ö", 40):  strings.Repeat("ö", maxName),
		"\u200b\u200b":           "",
		" " + "spaces inside ok": "spaces inside ok",
	} {
		if got := text.CleanName(name, maxName); got != want {
			t.Errorf("CleanName(%q) = %q; want %q", name, got, want)
		}
	}
}

func TestNobodyElseSeesAPilot(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 1, "bots=5 teams=2 map=512 obstacles=5")
	var ps []*world.Player
	for id := uint32(1); id <= 8; id++ {
		p, _ := r.join(id)
		ps = append(ps, p)
	}
	for range 100 {
		for _, p := range ps {
			r.input(p, &arenav1.ShipInput{Thrust: 1, Fire: true, Turn: 0.3})
		}
		r.tick()
		for i, p := range ps {
			r.look(p)
			own := 0
			p.Each(func(e world.Entity) {
				if row := r.pilot.Get(e); row != nil {
					own++
					if row != ps[i].Data.(*ship).pilot {
						t.Fatalf("player %d sees the pilot of ship %d", p.ID, row.Ship)
					}
				}
				if r.GroupOf(e) == r.limbo {
					t.Fatalf("player %d sees the dead ship %d", p.ID, e)
				}
			})
			if own != 1 {
				t.Fatalf("player %d sees %d pilots", p.ID, own)
			}
		}
	}
}

func TestBoard(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 1, empty+"bots=3")
	var ps []*world.Player
	var ss []*ship
	for id := uint32(1); id <= 15; id++ {
		p, s := r.join(id)
		s.tally.Score = id
		ps, ss = append(ps, p), append(ss, s)
	}
	second := func() {
		for range 20 {
			r.game.Tick()
			r.Commit()
		}
	}
	check := func(want ...uint32) {
		t.Helper()
		var got [maxLeaders + 1]uint32
		for _, l := range r.leader.All() {
			got[l.Rank] = l.Score
		}
		if fmt.Sprint(got[1:1+r.leader.Len()]) != fmt.Sprint(want) {
			t.Errorf("the board has %v; want %v", got[1:], want)
		}
	}
	second()
	check(15, 14, 13, 12, 11, 10, 9, 8, 7, 6)
	if *r.census != (arenav1.Census{Players: 15, Bots: 3}) {
		t.Errorf("census %+v", *r.census)
	}
	e := ss[14].board
	ss[0].tally.Score = 100
	second()
	check(100, 15, 14, 13, 12, 11, 10, 9, 8, 7)
	if ss[14].board != e {
		t.Error("a leader whose rank changed got another entity, and so its name is sent again")
	}
	r.game.Leave(ps[14])
	r.Commit()
	check(100, 0, 14, 13, 12, 11, 10, 9, 8) // the gap closes within a second
	second()
	check(100, 14, 13, 12, 11, 10, 9, 8, 7, 6)
	for _, s := range ss {
		s.tally.Score = 0
	}
	second()
	check()
}

func TestFullRoom(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 1, "players=3 bots=10")
	for id := uint32(1); id <= 3; id++ {
		r.join(id)
	}
	p := &world.Player{Interest: world.NewInterest(r.World), ID: 4}
	if err := r.game.Join(p, nil); !errors.Is(err, world.ErrFull) {
		t.Errorf("the 4th of 3: %v; want ErrFull", err)
	}
	r.game.Leave(p)
	r.input(p, &arenav1.ShipInput{Thrust: 1})
	if r.command(p, &arenav1.Chat{Text: "x"}, &arenav1.ChatReply{}) == nil {
		t.Error("a player without a ship chats")
	}
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	for _, o := range []map[string]string{
		{"players": "0"}, {"bots": "-1"}, {"map": "100"}, {"radius": "nan"}, {"rate": "5"}, {"teams": "1"}, {"teams": "5"}, {"pickups": "x"},
		{"obstacles": "-1"}, {"lasers": "1"},
	} {
		if _, _, err := world.NewRoom(Kind(), world.Setup{Seed: 1, Options: o}); err == nil {
			t.Errorf("options %v were taken", o)
		}
	}
}

// In a large room a kill is told to those who see it and to the two concerned.
func TestKillFeedOfALargeRoom(t *testing.T) {
	t.Parallel()
	r := newRoom(t, 1, "bots=60 obstacles=0 pickups=0 radius=200 map=16384")
	pa, a := r.join(1001)
	pb, b := r.join(1002)
	pc, c := r.join(1003)
	r.put(a, 1000, 1000, 0)
	r.put(b, 1300, 1000, 0) // beyond what the killer sees
	r.put(c, 9000, 9000, 0)
	r.tick()
	for b.alive {
		r.hurt(b, damage, a)
	}
	r.tick()
	for _, tt := range []struct {
		who  string
		p    *world.Player
		want int
	}{{"the killer", pa, 1}, {"the victim", pb, 1}, {"one far away", pc, 0}} {
		if got := strings.Count(string(r.look(tt.p)), "player 1002"); got != tt.want {
			t.Errorf("%s is told %d times; want %d", tt.who, got, tt.want)
		}
	}
}
