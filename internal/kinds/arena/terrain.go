package arena

import (
	"math"
	"math/rand/v2"

	arenav1 "github.com/tickroom/tickroom/proto/gen/tickroom/arena/v1"
)

// Obstacle is a circle or a box along the axes that nothing gets through.
type Obstacle struct {
	X, Y         float64 // middle
	Radius       float64 // of a circle; 0: it is a box
	HalfW, HalfH float64 // half the edges of a box
}

// ObstacleOf returns the obstacle that a row describes.
func ObstacleOf(row *arenav1.Obstacle) Obstacle {
	return Obstacle{
		X: float64(row.X), Y: float64(row.Y), Radius: float64(row.Radius), HalfW: float64(row.HalfWidth), HalfH: float64(row.HalfHeight),
	}
}

// reach returns the radius of the circle around the obstacle.
func (o *Obstacle) reach() float64 {
	if o.Radius > 0 {
		return o.Radius
	}
	return math.Hypot(o.HalfW, o.HalfH)
}

// extent returns how far the obstacle goes from its middle along each axis.
func (o *Obstacle) extent() (w, h float64) {
	if o.Radius > 0 {
		return o.Radius, o.Radius
	}
	return o.HalfW, o.HalfH
}

// distance returns how far a point is from the obstacle's edge, 0 inside.
func (o *Obstacle) distance(x, y float64) float64 {
	if o.Radius > 0 {
		return max(0, math.Hypot(x-o.X, y-o.Y)-o.Radius)
	}
	return math.Hypot(max(0, math.Abs(x-o.X)-o.HalfW), max(0, math.Abs(y-o.Y)-o.HalfH))
}

const (
	// gap is the least space between two obstacles, or one and a wall: a ship
	// touches only one at a time, so that pushing it out of that is enough.
	gap = 2*ShipRadius + 24
	// skin is how near to an edge a ship counts as touching it, and how far beyond
	// that it is pushed: rounding its position moves it by less, so not inside.
	skin  = 1.0 / 64
	touch = ShipRadius + skin
)

// Terrain is what of a map does not change: its walls and obstacles. It can be
// shared.
type Terrain struct {
	Edge      float64 // the map is from 0 to Edge, both ways
	Obstacles []Obstacle

	cell  float64
	n     int     // cells along an edge
	first []int32 // by cell: where in items its obstacles begin; and the end
	items []int32 // obstacles that a ship in the cell may touch, cell after cell
}

// NewTerrain makes a terrain of obstacles as they are sent to clients.
func NewTerrain(edge float64, obstacles []Obstacle) *Terrain {
	t := &Terrain{Edge: edge, Obstacles: obstacles, cell: 128}
	t.n = max(1, int(math.Ceil(edge/t.cell)))
	// As a counting sort: how many there are in each cell, then where each cell ends, then, the last
	// obstacle first, each one before those that are there.
	t.first = make([]int32, t.n*t.n+1)
	for i := range obstacles {
		t.touched(i, func(cell int) { t.first[cell]++ })
	}
	sum := int32(0)
	for cell, n := range t.first {
		sum += n
		t.first[cell] = sum
	}
	t.items = make([]int32, sum)
	for i := len(obstacles) - 1; i >= 0; i-- {
		t.touched(i, func(cell int) {
			t.first[cell]--
			t.items[t.first[cell]] = int32(i)
		})
	}
	return t
}

// touched calls fn for each cell in which a ship may touch an obstacle.
func (t *Terrain) touched(i int, fn func(cell int)) {
	o := &t.Obstacles[i]
	w, h := o.extent()
	w, h = w+ShipRadius+1, h+ShipRadius+1
	for cy := t.at(o.Y - h); cy <= t.at(o.Y+h); cy++ {
		for cx := t.at(o.X - w); cx <= t.at(o.X+w); cx++ {
			fn(cy*t.n + cx)
		}
	}
}

// at returns the column or row of a coordinate.
func (t *Terrain) at(v float64) int { return min(max(int(v/t.cell), 0), t.n-1) }

func (t *Terrain) near(x, y float64) []int32 { return t.in(t.at(y)*t.n + t.at(x)) }

// in returns the obstacles of a cell.
func (t *Terrain) in(cell int) []int32 { return t.items[t.first[cell]:t.first[cell+1]] }

// generate strews count obstacles over a map, fewer if there is no room. They lie
// on a raster of 4 units, in which they travel.
func generate(rnd *rand.Rand, edge float64, count int) []Obstacle {
	const raster = 4
	var all []Obstacle
	for try := 0; len(all) < count && try < 30*count; try++ {
		var o Obstacle
		size := func(lo, hi float64) float64 { return raster * math.Round((lo+(hi-lo)*rnd.Float64())/raster) }
		if rnd.IntN(2) == 0 {
			o.Radius = size(24, 72)
		} else {
			o.HalfW, o.HalfH = size(20, 80), size(20, 80)
		}
		r := o.reach()
		lo, hi := r+gap, edge-r-gap
		if lo >= hi {
			continue
		}
		o.X, o.Y = size(lo, hi), size(lo, hi)
		free := true
		for i := range all {
			if math.Hypot(all[i].X-o.X, all[i].Y-o.Y) < all[i].reach()+r+gap {
				free = false
				break
			}
		}
		if free {
			all = append(all, o)
		}
	}
	return all
}

// Free reports whether a circle of radius r, at most that of a ship and one, is
// within the walls and touches no obstacle.
func (t *Terrain) Free(x, y, r float64) bool {
	if !(x >= r && y >= r && x <= t.Edge-r && y <= t.Edge-r) {
		return false
	}
	for _, i := range t.near(x, y) {
		if t.Obstacles[i].distance(x, y) < r {
			return false
		}
	}
	return true
}

// collide puts a ship that is in a wall or an obstacle out of it, and gives its
// position and velocity after.
func (t *Terrain) collide(x, y, vx, vy float64) (px, py, pvx, pvy float64) {
	x, vx = wall(x, vx, t.Edge)
	y, vy = wall(y, vy, t.Edge)
	for _, i := range t.near(x, y) {
		o := &t.Obstacles[i]
		var nx, ny, deep float64 // the way out
		if o.Radius > 0 {
			dx, dy := x-o.X, y-o.Y
			r := o.Radius + touch
			d2 := float64(dx*dx) + float64(dy*dy)
			if d2 >= r*r {
				continue
			}
			d := math.Sqrt(d2)
			nx, ny, deep = 1, 0, r-d
			if d > 0 {
				nx, ny = dx/d, dy/d
			}
		} else {
			dx, dy := x-o.X, y-o.Y
			ox, oy := math.Abs(dx)-o.HalfW, math.Abs(dy)-o.HalfH
			switch {
			case ox >= touch || oy >= touch:
				continue
			case ox > 0 && oy > 0: // at a corner
				d2 := float64(ox*ox) + float64(oy*oy)
				if d2 >= touch*touch {
					continue
				}
				d := math.Sqrt(d2)
				nx, ny, deep = math.Copysign(ox/d, dx), math.Copysign(oy/d, dy), touch-d
			case ox > oy:
				nx, deep = math.Copysign(1, dx), touch-ox
			default:
				ny, deep = math.Copysign(1, dy), touch-oy
			}
		}
		deep += skin
		x, y = x+float64(nx*deep), y+float64(ny*deep)
		if vn := float64(vx*nx) + float64(vy*ny); vn < 0 {
			vn *= 1 + bounce
			vx, vy = vx-float64(vn*nx), vy-float64(vn*ny)
		}
		break
	}
	return x, y, vx, vy
}

// wall holds one coordinate of a ship within the map.
func wall(x, v, edge float64) (px, pv float64) {
	switch {
	case x < ShipRadius:
		return ShipRadius, math.Abs(v) * bounce
	case x > edge-ShipRadius:
		return edge - ShipRadius, -math.Abs(v) * bounce
	}
	return x, v
}

// Ray returns how far one gets from a point in the direction of the unit vector
// (ux, uy) before there is a wall or an obstacle: at most limit.
func (t *Terrain) Ray(x, y, ux, uy, limit float64) float64 {
	best := min(limit, exit(x, ux, t.Edge), exit(y, uy, t.Edge))
	cx, cy := t.at(x), t.at(y)
	for {
		for _, i := range t.in(cy*t.n + cx) {
			best = min(best, t.Obstacles[i].ray(x, y, ux, uy))
		}
		// On to the next cell on the way.
		tx, ty := crossing(x, ux, cx, t.cell), crossing(y, uy, cy, t.cell)
		if min(tx, ty) >= best {
			return best
		}
		if tx < ty {
			cx += sign(ux)
		} else {
			cy += sign(uy)
		}
		if cx < 0 || cy < 0 || cx >= t.n || cy >= t.n {
			return best
		}
	}
}

// exit returns the distance at which one coordinate leaves the map.
func exit(x, u, edge float64) float64 {
	switch {
	case u > 0:
		return max(0, (edge-x)/u)
	case u < 0:
		return max(0, -x/u)
	}
	return math.Inf(1)
}

// crossing returns the distance at which one coordinate leaves its cell.
func crossing(x, u float64, c int, cell float64) float64 {
	switch {
	case u > 0:
		return (float64(c+1)*cell - x) / u
	case u < 0:
		return (float64(c)*cell - x) / u
	}
	return math.Inf(1)
}

func sign(u float64) int {
	if u < 0 {
		return -1
	}
	return 1
}

// ray returns the distance at which a ray meets the obstacle, infinite if never.
func (o *Obstacle) ray(x, y, ux, uy float64) float64 {
	dx, dy := o.X-x, o.Y-y
	if o.Radius > 0 {
		along := dx*ux + dy*uy
		off2 := dx*dx + dy*dy - along*along
		r2 := o.Radius * o.Radius
		if off2 > r2 {
			return math.Inf(1)
		}
		half := math.Sqrt(r2 - off2)
		if along+half < 0 {
			return math.Inf(1)
		}
		return max(0, along-half)
	}
	x0, x1 := slab(dx, ux, o.HalfW)
	y0, y1 := slab(dy, uy, o.HalfH)
	in, out := max(x0, y0), min(x1, y1)
	if in > out || out < 0 {
		return math.Inf(1)
	}
	return max(0, in)
}

// slab returns the distances between which one coordinate is within half of d.
func slab(d, u, half float64) (in, out float64) {
	if u == 0 {
		if math.Abs(d) > half {
			return math.Inf(1), math.Inf(-1)
		}
		return math.Inf(-1), math.Inf(1)
	}
	a, b := (d-half)/u, (d+half)/u
	return min(a, b), max(a, b)
}
