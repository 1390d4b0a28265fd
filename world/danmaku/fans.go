package danmaku

import "slices"

// Bounds of following.
const (
	maxFollows  = 50
	maxPrized   = 64  // authors that a house tells its show of
	maxPersonal = 200 // viewers in a house whom a comment reaches personally
)

// fans knows who in a house follows whom.
type fans struct {
	of     map[uint64][]*viewer
	most   []uint64        // of the authors with the most followers here, in no order
	abroad map[uint64]bool // authors who are followed in other houses
}

func newFans() fans { return fans{of: map[uint64][]*viewer{}} }

// set has a viewer follow some authors, and nobody else.
func (f *fans) set(v *viewer, authors []uint64) {
	for _, a := range v.follows {
		list := f.of[a]
		if i := slices.Index(list, v); i >= 0 {
			list = slices.Delete(list, i, i+1)
		}
		if len(list) > 0 {
			f.of[a] = list
			continue
		}
		delete(f.of, a)
		f.most = slices.DeleteFunc(f.most, func(m uint64) bool { return m == a })
	}
	v.follows = slices.Clone(authors)
	for _, a := range authors {
		f.of[a] = append(f.of[a], v)
		f.rise(a)
	}
}

// rise sees that an author is among those with the most followers, if it is one of those.
func (f *fans) rise(a uint64) {
	if slices.Contains(f.most, a) {
		return
	}
	if len(f.most) < maxPrized {
		f.most = append(f.most, a)
		return
	}
	least := 0
	for i, m := range f.most {
		if len(f.of[m]) < len(f.of[f.most[least]]) {
			least = i
		}
	}
	if len(f.of[f.most[least]]) < len(f.of[a]) {
		f.most[least] = a
	}
}

// prized reports whether somebody follows an author, here or elsewhere.
func (f *fans) prized(a uint64) bool { return len(f.of[a]) > 0 || f.abroad[a] }
