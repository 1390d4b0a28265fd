package world

import "math"

// grid finds the entities of a group near a point: square cells, each with the
// list of its entities. Positions outside the bounds count to the cells at the
// border.
type grid struct {
	b       Bounds
	perCell float64 // 1 / edge
	nx, ny  int
	cells   [][]gridEntry
}

type gridEntry struct {
	e      Entity
	joined uint32 // tick in which it came into the group
	x, y   float64
}

// maxCells bounds a grid's memory; a finer grid than that is made coarser.
const maxCells = 1 << 20

func newGrid(b Bounds, edge float64) *grid {
	w, h := b.MaxX-b.MinX, b.MaxY-b.MinY
	if !(w > 0 && h > 0 && edge > 0) || math.IsInf(w, 0) || math.IsInf(h, 0) {
		panic("world: a spatial group needs finite bounds with an area, and cells with an edge")
	}
	for math.Ceil(w/edge)*math.Ceil(h/edge) > maxCells {
		edge *= 2
	}
	g := &grid{b: b, perCell: 1 / edge, nx: int(math.Ceil(w / edge)), ny: int(math.Ceil(h / edge))}
	g.cells = make([][]gridEntry, g.nx*g.ny)
	return g
}

// column and row return the index of a coordinate's cell, within the grid.
func (g *grid) column(x float64) int { return clampCell((x-g.b.MinX)*g.perCell, g.nx) }
func (g *grid) row(y float64) int    { return clampCell((y-g.b.MinY)*g.perCell, g.ny) }

func clampCell(c float64, n int) int {
	if !(c > 0) { // also catches NaN
		return 0
	}
	if c >= float64(n) {
		return n - 1
	}
	return int(c)
}

func (g *grid) place(w *World, e Entity, s *entityState) {
	cell := int32(g.row(s.y)*g.nx + g.column(s.x))
	if s.cell != cell {
		if s.cell >= 0 {
			g.remove(w, s)
		}
		s.cell = cell
		s.inCell = int32(len(g.cells[cell]))
		g.cells[cell] = append(g.cells[cell], gridEntry{e, s.joined, s.x, s.y})
		return
	}
	p := &g.cells[cell][s.inCell]
	p.x, p.y = s.x, s.y
}

func (g *grid) remove(w *World, s *entityState) {
	c := g.cells[s.cell]
	last := len(c) - 1
	moved := c[last]
	c[s.inCell] = moved
	w.ents[moved.e].inCell = s.inCell
	g.cells[s.cell] = c[:last]
	s.cell = -1
}

// span returns the range of cells that a circle touches, both ends included.
func (g *grid) span(x, y, r float64) (x0, y0, x1, y1 int) {
	return g.column(x - r), g.row(y - r), g.column(x + r), g.row(y + r)
}

// Near calls fn for every placed entity of a spatial group within r of a point,
// until fn returns false. The order is that of the grid's cells. fn must not
// move, add or remove entities.
func (g *Group) Near(x, y, r float64, fn func(e Entity, x, y float64) bool) {
	if g.grid == nil {
		return
	}
	x0, y0, x1, y1 := g.grid.span(x, y, r)
	for cy := y0; cy <= y1; cy++ {
		for cx := x0; cx <= x1; cx++ {
			for _, p := range g.grid.cells[cy*g.grid.nx+cx] {
				dx, dy := p.x-x, p.y-y
				if dx*dx+dy*dy <= r*r && !fn(p.e, p.x, p.y) {
					return
				}
			}
		}
	}
}
