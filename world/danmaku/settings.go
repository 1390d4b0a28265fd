package danmaku

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/tickroom/tickroom/world"
)

// settings are a house's, from its options. Times are in ticks.
type settings struct {
	show       string
	tiers      [tierCount]float64 // comments a second, in sum
	emotes     []string
	maxText    int     // characters
	every      float64 // seconds between two comments of a viewer, after a burst
	room       int     // comments that the house takes in a window, of burstWindows at once
	candidates int     // of a window
	windowLen  uint32
	maxAge     uint32
	collate    uint32
	words      string // file of blocked words; empty: none
	leet       bool   // digits and signs may stand for letters of blocked words
	review     string // address of the external reviewer; empty: none
	reviewFor  float64
	reviewPass bool // what the reviewer could not judge is shown
}

func houseOptions() []world.Option {
	return []world.Option{
		{Name: "show", Default: "main", Doc: "name of the show that the room is a house of", Clients: true, Check: world.CheckShowName},
		{Name: "viewers", Default: "10000", Doc: "viewers per house"},
		{Name: "rate", Default: "5", Doc: "ticks per second: 5, 10 or 20"},
		{Name: "tiers", Default: "5,20,60", Doc: "comments a second that viewers get, of the first tier, the first two, all three"},
		{Name: "emotes", Default: "smile,heart,clap,fire,wow,cry", Doc: "names of the emotes that comments may have as :name:"},
		{Name: "max_text", Default: "80", Doc: "longest comment, in characters"},
		{Name: "every", Default: "2", Doc: "seconds between two comments of a viewer, after three at once"},
		{Name: "room", Default: "2000", Doc: "comments a second that a house takes in, whatever becomes of them"},
		{Name: "candidates", Default: "40", Doc: "comments that a house takes out of a window of 200 ms, half of them for those who go first"},
		{Name: "max_age", Default: "3", Doc: "seconds after which a comment is not shown any more"},
		{Name: "collate", Default: "5", Doc: "seconds in which equal texts are shown as one; 0: not at all"},
		{Name: "words", Default: "", Doc: "file of blocked words, one a line, which is read again while the room runs"},
		{Name: "leet", Default: "true", Doc: "whether blocked words count, too, that are written with digits and signs for letters, as 5h1t"},
		{Name: "review", Default: "", Doc: "address of an external reviewer, which is asked before comments are shown", Secret: true},
		{Name: "review_deadline", Default: "0.5", Doc: "seconds that the reviewer has"},
		{Name: "review_failure", Default: "show", Doc: "what becomes of comments that it could not judge in time: show or drop"},
	}
}

func readSettings(r *world.Room) (settings, error) {
	var s settings
	var err error
	get := func(name string, lo, hi float64) float64 {
		v, e := r.Float(name, lo, hi)
		if err == nil {
			err = e
		}
		return v
	}
	s.show = r.Text("show")
	if e := world.CheckShowName(s.show); e != nil {
		return s, fmt.Errorf("option show=%q: %w", s.show, e)
	}
	switch rate := r.Text("rate"); rate {
	case "5", "10", "20":
		r.TickRate, _ = strconv.ParseFloat(rate, 64)
	default:
		return s, fmt.Errorf("option rate=%q: it must be 5, 10 or 20", rate)
	}
	s.windowLen = uint32(r.TickRate) / windowRate
	r.MaxPlayers = int(get("viewers", 1, 100_000))
	s.maxText = int(get("max_text", 1, 500))
	s.every = get("every", 0.1, 600)
	s.room = max(1, int(get("room", 1, 1e5)/windowRate))
	s.candidates = int(get("candidates", 2, 200))
	s.maxAge = uint32(get("max_age", 0.5, 60) * r.TickRate)
	s.collate = uint32(get("collate", 0, 60) * r.TickRate)
	s.reviewFor = get("review_deadline", 0.05, 10)
	if err != nil {
		return s, err
	}
	if s.tiers, err = readTiers(r.Text("tiers")); err != nil {
		return s, err
	}
	if s.emotes, err = readEmotes(r.Text("emotes")); err != nil {
		return s, err
	}
	s.review, s.words = r.Text("review"), r.Text("words")
	switch how := r.Text("leet"); how {
	case "true", "false":
		s.leet = how == "true"
	default:
		return s, fmt.Errorf("option leet=%q: it must be true or false", how)
	}
	switch how := r.Text("review_failure"); how {
	case "show", "drop":
		s.reviewPass = how == "show"
	default:
		return s, fmt.Errorf("option review_failure=%q: it must be show or drop", how)
	}
	return s, nil
}

func readTiers(v string) (tiers [tierCount]float64, err error) {
	parts := strings.Split(v, ",")
	last := 0.0
	for i, p := range parts {
		x, e := strconv.ParseFloat(strings.TrimSpace(p), 64)
		if len(parts) != tierCount || e != nil || !(x > last) || x > 1000 {
			return tiers, fmt.Errorf("option tiers=%q: it must be three rising numbers up to 1000, such as 5,20,60", v)
		}
		tiers[i], last = x, x
	}
	return tiers, nil
}

var emoteName = regexp.MustCompile(`^[A-Za-z0-9_]{1,32}$`)

func readEmotes(v string) (names []string, err error) {
	for name := range strings.SplitSeq(v, ",") {
		name = strings.TrimSpace(name)
		switch {
		case name == "":
		case !emoteName.MatchString(name) || len(names) == 500:
			return nil, fmt.Errorf("option emotes: %q: an emote has a name of 1 to 32 letters of ASCII, digits and _, and there may be 500", name)
		default:
			names = append(names, name)
		}
	}
	return names, nil
}
