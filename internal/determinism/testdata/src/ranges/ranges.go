// Package ranges has loops over maps.
package ranges

import (
	"maps"
	"slices"
	"sort"
	"strings"

	"github.com/tickroom/tickroom/world"
)

type game struct {
	scores map[string]int
	floats map[string]float64
	ships  map[*ship]bool
	last   string
	n      int
	sum    float64
	all    []string
}

type ship struct{ hits int }

func (g *game) Join(p *world.Player, data []byte) error { return nil }
func (g *game) Leave(p *world.Player)                   {}
func (g *game) do(string)                               {}

func (g *game) Tick() {
	for name := range g.scores { // want `a range over a map, .* it calls g.do, which may do something; go through slices.Sorted`
		g.do(name)
	}
	for name := range g.scores { // want `g.last stays as what comes last has set it`
		g.last = name
	}
	for _, x := range g.floats { // want `g.sum comes out otherwise in another order`
		g.sum += x
	}
	for name := range g.scores { // want `g.all is filled in that order, and not sorted afterwards`
		g.all = append(g.all, name)
	}
	for s := range g.ships { // want `it ends with what comes first`
		s.hits++
		if s.hits > 3 {
			break
		}
	}
	for name := range maps.Keys(g.scores) { // want `a range over maps.Keys, .* it calls g.do`
		g.do(name)
	}
	g.all = slices.Collect(maps.Values(map[int]string{})) // want `maps.Values goes in an order`
	seen := 0
	for name := range g.scores { // want `seen is what the rounds before have made of it`
		g.scores[name] = seen
		seen++
	}
	for name, n := range g.scores { // want `it ends with what comes first`
		if n == 0 {
			delete(g.scores, name)
			return
		}
	}
	side := 0
	for _, n := range g.scores { // want `side stays as what comes last has set it`
		if n > 3 {
			side = 1
		} else {
			side = 2
		}
	}
	_ = side
}

func (g *game) first() string {
	for name := range g.scores { // want `it returns what comes first`
		return name
	}
	return ""
}

// What is the same in any order.
func (g *game) harmless() bool {
	names := make([]string, 0, len(g.scores))
	for name, n := range g.scores {
		if n > 0 && strings.HasPrefix(name, "a") {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	for _, name := range slices.Sorted(maps.Keys(g.scores)) {
		g.do(name)
	}
	all := slices.Collect(maps.Keys(g.scores))
	slices.Sort(all)
	for name := range g.scores {
		delete(g.scores, name)
	}
	for range g.scores {
		g.n++
	}
	most, lowest := 0, 0
	for _, n := range g.scores {
		g.n += n
		if n > most {
			most = n
		}
		lowest = min(lowest, n)
	}
	other := map[string]int{}
	for name, n := range g.scores {
		other[name] = n + 1
		g.scores[name] = g.scores[name] + 1
	}
	found := false
	for s := range g.ships {
		s.hits = 0
		if s.hits == 3 {
			found = true
			continue
		}
		for i := 0; i < 3; i++ {
			s.hits += i
		}
	}
	for _, m := range []map[string]int{g.scores, other} {
		g.do("") // a slice of maps
		_ = m
	}
	for name := range g.scores { //tickroom:deterministic do has no effect
		g.do(name)
	}
	for _, n := range g.scores {
		if n == 3 {
			return true
		}
	}
	return found
}
