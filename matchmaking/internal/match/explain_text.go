package match

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// lines is a text in the making.
type lines struct{ strings.Builder }

func (b *lines) add(format string, args ...any) { fmt.Fprintf(b, format+"\n", args...) }

// String returns the explanation as a text of a few lines.
func (x Explanation) String() string {
	var b lines
	b.add("Ticket %s has waited for %s in %s.", x.Ticket, short(x.Wait), x.Mode)
	own := "it is one of them"
	if x.Own > 1 {
		own = fmt.Sprintf("%d of them are its own", x.Own)
	}
	among := ""
	if len(x.Regions) > 0 {
		among = " in " + strings.Join(x.Regions, ", ")
	}
	b.add("A match has %d players; %s. It may meet players within %s points of rating%s.", x.Players, own, number(x.Window), among)
	x.others(&b)
	x.outlook(&b)
	return b.String()
}

// missing returns how many players there are too few.
func (x *Explanation) missing() int { return x.Players - x.Own - x.Suitable }

// others adds who waits besides, and what keeps them away.
func (x *Explanation) others(b *lines) {
	scarce := func(r RoleSupply) bool { return r.There < r.Needed }
	enough := ". That is enough in number: they don't suit each other, or others came first."
	switch {
	case x.missing() > 0:
		enough = fmt.Sprintf(": %d too few.", x.missing())
	case slices.ContainsFunc(x.Roles, scarce):
		enough = ". That is enough in number, but not in each role."
	}
	b.add("Of %s who wait besides, %d could play with it now%s", players(x.Waiting), x.Suitable, enough)
	for _, r := range rules {
		only := ""
		if k := x.Only[r.name]; k > 0 {
			only = fmt.Sprintf(" (%d by that alone)", k)
		}
		if n := x.Excluded[r.name]; n > 0 {
			b.add("  %s: %s%s", players(n), r.because, only)
		}
	}
	for _, r := range x.Roles {
		if scarce(r) {
			b.add("  who play %s: %d, and %d are needed", r.Role, r.There, r.Needed)
		}
	}
}

// outlook adds what will change.
func (x *Explanation) outlook(b *lines) {
	if x.Next != nil && x.Next.In > 0 {
		b.add("The next widening is in %s: %s.", short(x.Next.In), x.Next)
	} else if x.Next != nil {
		b.add("It is widening now: %s.", x.Next)
	}
	switch {
	case x.Enough != nil && x.Enough.Rating != 0:
		b.add("If nobody comes or goes, there are enough in %s, when its window is %s.", short(x.Enough.In), number(x.Enough.Rating))
	case x.Enough != nil:
		b.add("If nobody comes or goes, there are enough in %s.", short(x.Enough.In))
	case x.missing() > 0:
		b.add("Those who wait now will not be enough: %s more must come.", players(x.missing()))
	}
	for _, f := range []struct {
		what string
		in   *time.Duration
	}{{"A match may be smaller", x.Smaller}, {"Bots may fill a match", x.Bots}, {"The ticket is given up", x.GivesUp}} {
		switch {
		case f.in == nil:
		case *f.in == 0:
			b.add("%s from now on.", f.what)
		default:
			b.add("%s in %s.", f.what, short(*f.in))
		}
	}
}

// String returns what becomes wider.
func (n *Widening) String() string {
	var what []string
	switch {
	case n.PerSecond > 0 && n.In > 0:
		what = append(what, fmt.Sprintf("the window of rating grows by %s a second", number(n.PerSecond)))
	case n.PerSecond > 0:
		what = append(what, fmt.Sprintf("the window of rating, which grows by %s a second", number(n.PerSecond)))
	case n.Rating != 0:
		what = append(what, fmt.Sprintf("the window of rating becomes %s", number(n.Rating)))
	}
	if n.Latency {
		what = append(what, "latency may be more")
	}
	return strings.Join(what, ", ")
}

func number(x float64) string {
	if x < 0 {
		return "any number of"
	}
	return fmt.Sprintf("%.4g", x)
}

func players(n int) string {
	if n == 1 {
		return "1 player"
	}
	return fmt.Sprintf("%d players", n)
}

// short returns a time without what nobody wants to know.
func short(d time.Duration) string {
	if d < 10*time.Second {
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}
