package danmaku

import "slices"

// maxCollated bounds the texts that a collator knows. The oldest goes first.
const maxCollated = 4096

// collator finds texts that say the same within some time, and counts them.
type collator struct {
	byKey map[uint64]*said
	order []*said // as they came
	loud  []*said // those that were said again since the last tallies, as they came
}

// said is a text that was said, and is shown by one comment.
type said struct {
	key     uint64
	comment uint64 // that is to show it
	tier    uint32 // in which it is shown; 0: not yet
	since   uint32 // tick
	until   uint32 // tick
	same    uint32 // how often it was said again
	news    uint32 // of that since the last reports
	loud    bool
}

func newCollator() collator { return collator{byKey: map[uint64]*said{}} }

// first notes that a comment says a text, and returns nil if it is the first one in so many ticks, or
// the one before was not shown within grace; else the entry of the one that counts it.
func (c *collator) first(key, comment uint64, now, ticks, grace uint32) *said {
	c.forget(now)
	if s := c.byKey[key]; s != nil {
		if s.tier == 0 && now-s.since > grace { // there was no room for it
			s.comment, s.since = comment, now
			s.same++
			return nil
		}
		return s
	}
	s := &said{key: key, comment: comment, since: now, until: now + ticks}
	if len(c.order) >= maxCollated {
		c.drop(1)
	}
	c.byKey[key] = s
	c.order = append(c.order, s)
	return nil
}

// again counts a text that was said again n times.
func (c *collator) again(s *said, n uint32) {
	s.same += n
	s.news += n
	if !s.loud {
		s.loud = true
		c.loud = append(c.loud, s)
	}
}

// shown notes by which comment a text is shown, and in what tier, and returns how many have said it beside
// that.
func (c *collator) shown(key, comment uint64, tier uint32) uint32 {
	s := c.byKey[key]
	if s == nil {
		return 0
	}
	s.comment, s.tier = comment, tier
	return s.same
}

// take returns up to n of those that were said again since the last call.
func (c *collator) take(n int) []*said {
	out := slices.Clone(c.loud[:min(n, len(c.loud))])
	for _, s := range out {
		s.loud = false
	}
	c.loud = slices.Delete(c.loud, 0, len(out))
	return out
}

// forget drops what is too long ago.
func (c *collator) forget(now uint32) {
	n := 0
	for n < len(c.order) && c.order[n].until <= now {
		n++
	}
	c.drop(n)
}

func (c *collator) drop(n int) {
	for _, s := range c.order[:n] {
		if c.byKey[s.key] == s {
			delete(c.byKey, s.key)
		}
	}
	clear(c.order[:n])
	if c.order = c.order[n:]; len(c.order) == 0 {
		c.order = nil
	}
}
