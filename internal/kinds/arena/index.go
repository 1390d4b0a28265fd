package arena

import "math"

// index finds living ships by where they are in the middle of a tick, which the
// grid of their group, as of the last commit, does not know yet. It is made anew
// in each tick by a counting sort: the ships of the cells of one row lie side by
// side, in the order of their cells.
type index struct {
	perCell float64 // 1 / edge of a cell
	n       int     // cells along an edge of the map
	starts  []int32 // by cell: where its ships begin; and the end
	items   []*ship
}

func newIndex(edge float64) index {
	cell := max(64, edge/128)
	n := int(math.Ceil(edge / cell))
	return index{perCell: 1 / cell, n: n, starts: make([]int32, n*n+1)}
}

func (ix *index) at(v float64) int { return min(max(int(v*ix.perCell), 0), ix.n-1) }

func (ix *index) cell(s *ship) int { return ix.at(s.Y)*ix.n + ix.at(s.X) }

func (ix *index) build(ships []*ship) {
	clear(ix.starts)
	alive := 0
	for _, s := range ships {
		if s.alive {
			ix.starts[ix.cell(s)]++
			alive++
		}
	}
	sum := int32(0)
	for c, n := range ix.starts {
		sum += n
		ix.starts[c] = sum
	}
	for len(ix.items) < alive {
		ix.items = append(ix.items, nil)
	}
	clear(ix.items[alive:])
	ix.items = ix.items[:alive]
	for i := len(ships) - 1; i >= 0; i-- {
		if s := ships[i]; s.alive {
			c := ix.cell(s)
			ix.starts[c]--
			ix.items[ix.starts[c]] = s
		}
	}
}

// restore puts ships into the index in whose order they were there, dead ones among them.
func (ix *index) restore(items []*ship) {
	clear(ix.starts)
	for _, s := range items {
		ix.starts[ix.cell(s)]++
	}
	sum := int32(0)
	for c, n := range ix.starts {
		sum += n
		ix.starts[c] = sum
	}
	ix.items = make([]*ship, len(items))
	for i := len(items) - 1; i >= 0; i-- {
		c := ix.cell(items[i])
		ix.starts[c]--
		ix.items[ix.starts[c]] = items[i]
	}
}

// rows returns the rows of cells that a box touches, and row the ships of the
// cells of one of them. Ships near the box are among them, and ships that have
// died since the index was made.
func (ix *index) rows(y0, y1 float64) (first, last int) { return ix.at(y0), ix.at(y1) }

func (ix *index) row(cy int, x0, x1 float64) []*ship {
	base := cy * ix.n
	return ix.items[ix.starts[base+ix.at(x0)]:ix.starts[base+ix.at(x1)+1]]
}
