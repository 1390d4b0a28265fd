package socket

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestFair(t *testing.T) {
	t.Parallel()
	var c fair[int]
	if _, ok := c.pop(); ok {
		t.Error("somebody goes where nobody waits")
	}
	c.push(1, "honest")
	for i := range 3 {
		c.push(10+i, "greedy")
	}
	c.push(2, "other")
	c.doom(2)
	c.doom(3) // was never in
	if !c.remove(11) || c.remove(11) {
		t.Error("a member leaves once")
	}
	var order []int
	for v, ok := c.pop(); ok; v, ok = c.pop() {
		order = append(order, v)
	}
	// Those that are doomed, the last one first; the greedy one's oldest; then each holder has
	// one, and who has had one for longest goes.
	if want := []int{3, 2, 10, 1, 12}; !slices.Equal(order, want) {
		t.Errorf("they went as %v, want %v", order, want)
	}
	if len(c.at) != 0 || len(c.holders) != 0 || len(c.weights) != 0 {
		t.Errorf("left over: %+v", c)
	}
}

// Whoever goes is always the oldest of a holder that has most.
func TestFairPopsOfTheGreediest(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	var c fair[int]
	has := map[string][]int{}
	for v := range 20_000 {
		switch name := string(rune('a' + rng.IntN(6))); rng.IntN(4) {
		case 0, 1:
			c.push(v, name)
			has[name] = append(has[name], v)
		case 2:
			if n := len(has[name]); n > 0 {
				i := rng.IntN(n)
				c.remove(has[name][i])
				has[name] = slices.Delete(has[name], i, i+1)
			}
		case 3:
			v, ok := c.pop()
			most := 0
			for _, list := range has {
				most = max(most, len(list))
			}
			if ok != (most > 0) {
				t.Fatalf("popped %v where the greediest has %d", ok, most)
			}
			for name, list := range has {
				if ok && len(list) > 0 && list[0] == v {
					if len(list) != most {
						t.Fatalf("one of %d goes where another has %d", len(list), most)
					}
					has[name] = list[1:]
					ok = false
				}
			}
			if ok {
				t.Fatalf("%d goes, who is nobody's oldest", v)
			}
		}
	}
}
