package danmaku

import (
	"cmp"
	"slices"
	"strings"

	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
	"github.com/tickroom/tickroom/text"
	"github.com/tickroom/tickroom/world"
)

// Bounds of gifts.
const (
	maxKeys      = 200_000 // idempotency keys that a show knows
	maxGiftRing  = 4096    // gifts that a house may have missed
	maxGiftsSent = 200     // of one report
	maxDonors    = 100_000 // whose sums are kept
	maxCombos    = 10_000
	maxGiftName  = 32
	maxGiftID    = 64
	maxSuperText = 200
	// oldGift is how long before a show a gift was given, in seconds, of which viewers were told
	// by the show before it.
	oldGift = 60
)

// gifts are those that backends have posted.
type gifts struct {
	keys   map[string]bool
	order  []string // the keys, as they came
	ring   []*danmakuv1.Gifted
	out    []*danmakuv1.Gifted // to be told
	last   uint64              // number of the last gift that was told to houses
	sums   map[uint64]uint64   // by author: the value of all of its gifts that are known
	combos map[comboKey]*combo
}

type comboKey struct {
	author uint64
	name   string
	gift   string
}

type combo struct {
	count uint32
	until uint32 // tick
}

func newGifts() gifts {
	return gifts{keys: map[string]bool{}, sums: map[uint64]uint64{}, combos: map[comboKey]*combo{}}
}

// fresh reports whether a posting of a backend has not been taken yet, by its key.
func (g *gifts) fresh(from *world.Posting) bool {
	if from.Key == "" {
		return true
	}
	if g.keys[from.Key] {
		return false
	}
	if len(g.order) >= maxKeys {
		delete(g.keys, g.order[0])
		g.order = g.order[1:]
	}
	g.keys[from.Key] = true
	g.order = append(g.order, from.Key)
	return true
}

// take returns the gifts that the houses are to be told now.
func (g *gifts) take() []*danmakuv1.Gifted {
	out := g.out[:min(len(g.out), maxGiftsSent)]
	if g.out = g.out[len(out):]; len(g.out) == 0 {
		g.out = nil
	}
	if len(out) > 0 {
		g.last = out[len(out)-1].Number
	}
	return out
}

// since returns gifts that were told after the one with a number, as many as one message has room for.
func (g *gifts) since(number uint64) []*danmakuv1.Gifted {
	i, _ := slices.BinarySearchFunc(g.ring, number+1, func(x *danmakuv1.Gifted, n uint64) int { return cmp.Compare(x.Number, n) })
	j, _ := slices.BinarySearchFunc(g.ring, g.last+1, func(x *danmakuv1.Gifted, n uint64) int { return cmp.Compare(x.Number, n) })
	if i >= j {
		return nil
	}
	return g.ring[i:min(j, i+maxGiftsSent)]
}

func (g *gifts) remember(one *danmakuv1.Gifted) {
	if len(g.ring) >= maxGiftRing {
		g.ring = slices.Delete(g.ring, 0, maxGiftRing/4)
	}
	g.ring = append(g.ring, one)
}

// combo counts a gift with those of the kind that the giver gave shortly before.
func (g *gifts) combo(k comboKey, n, now, ticks uint32) uint32 {
	c := g.combos[k]
	if c == nil || c.until <= now {
		if len(g.combos) >= maxCombos {
			for old, o := range g.combos { // in any order: what is over is over
				if o.until <= now {
					delete(g.combos, old)
				}
			}
		}
		c = &combo{}
		g.combos[k] = c
	}
	c.count += n
	c.until = now + ticks
	return c.count
}

// onGift takes a gift. Only backends give them.
func (s *show) onGift(from *world.Posting, m *danmakuv1.Gift) {
	if !s.paid(from) {
		return
	}
	o := s.offer(from)
	s.later(from, func() { s.give(&o, m) })
}

// offer is a posting that has been paid.
type offer struct {
	number uint64
	key    string
	atMs   uint64 // when it was posted
	old    bool   // that long before this show that nobody is told of it again
}

func (s *show) offer(from *world.Posting) offer {
	if s.began == 0 {
		s.began = s.r.Now()
	}
	o := offer{number: from.Number, key: from.Key, atMs: nowMs(s.r)}
	if from.At > 0 {
		o.atMs, o.old = min(o.atMs, uint64(from.At)/1000), s.began-from.At > oldGift*1_000_000
	}
	return o
}

// paid reports whether a posting may be a gift, which was not taken yet.
func (s *show) paid(from *world.Posting) bool {
	if from.From != "" || from.Topic != topicGifts(s.name) {
		s.r.Log.Warn("a gift is passed over that no backend has posted to the topic of gifts", "topic", from.Topic, "from", from.From)
		return false
	}
	return s.gifts.fresh(from)
}

func (s *show) give(o *offer, m *danmakuv1.Gift) {
	number := o.number
	g := &danmakuv1.Gifted{
		Number: number, Name: cmp.Or(text.CleanName(m.Name, maxName), "guest"), Gift: cleanLine(m.Gift, maxGiftID),
		Title: cleanLine(m.Title, maxGiftName), Count: max(m.Count, 1), Value: m.Value,
	}
	if m.PlayerId != "" {
		g.Author = authorOf(s.state.Salt, m.PlayerId)
	}
	g.Combo = s.gifts.combo(comboKey{g.Author, g.Name, g.Gift}, g.Count, s.r.Tick(), s.ticks(comboFor))
	if !o.old {
		s.gifts.remember(g)
	}
	s.count(g.Author, g.Name, g.Value, number)
	entry := &danmakuv1.GiftEntry{
		Show: s.name, Key: o.key, Number: number, PlayerId: m.PlayerId, Name: g.Name, Gift: g.Gift, Count: g.Count, Value: g.Value, AtMs: o.atMs,
	}
	if number <= s.state.Gift { // one of before this show began; a house that lacks it is sent it
		s.gifts.last = max(s.gifts.last, number)
		s.tellAgain(o, entry)
		return
	}
	s.state.Gift = number
	s.state.Gifts += uint64(g.Count)
	if o.old {
		s.gifts.last = max(s.gifts.last, number)
	} else {
		s.gifts.out = append(s.gifts.out, g)
	}
	s.r.Tell(entry)
	s.change()
}

// tellAgain writes a gift into the ledger that a show before this one has taken, if that was not long ago: the
// entry may have been in the memory of its server when that died. The key tells that it is the same.
func (s *show) tellAgain(o *offer, entry *danmakuv1.GiftEntry) {
	if !o.old {
		s.r.Tell(entry)
	}
}

// onPaidComment takes a super chat. Only backends post them.
func (s *show) onPaidComment(from *world.Posting, m *danmakuv1.PaidComment) {
	if !s.paid(from) {
		return
	}
	o := s.offer(from)
	s.later(from, func() { s.pay(&o, m) })
}

func (s *show) pay(o *offer, m *danmakuv1.PaidComment) {
	number := o.number
	value := cmp.Or(m.Value, m.Amount)
	name := cmp.Or(text.CleanName(m.Name, maxName), "guest")
	var author uint64
	if m.PlayerId != "" {
		author = authorOf(s.state.Salt, m.PlayerId)
	}
	s.count(author, name, value, number)
	entry := &danmakuv1.GiftEntry{
		Show: s.name, Key: o.key, Number: number, PlayerId: m.PlayerId, Name: name, Count: 1, Value: value, AtMs: o.atMs,
		Text: cleanLine(m.Text, maxSuperText), Amount: m.Amount, Currency: text.CutBytes(m.Currency, 8),
	}
	if number <= s.state.Gift {
		s.tellAgain(o, entry)
		return
	}
	s.state.Gift = number
	s.state.Gifts++
	level, seconds := superLevel(m.Amount)
	c := &danmakuv1.SuperChat{
		Id: 1<<63 | number, Author: author, Name: name, Text: entry.Text, Amount: m.Amount, Currency: entry.Currency,
		Level: level, FromMs: o.atMs, UntilMs: until(o.atMs, min(cmp.Or(m.Seconds, seconds), maxSeconds)),
	}
	if c.UntilMs > nowMs(s.r) {
		s.pin(c)
	}
	s.r.Tell(entry)
	s.change()
}

// pin shows a super chat, in the place of the one that would end first if there are many.
func (s *show) pin(c *danmakuv1.SuperChat) {
	if len(s.state.SuperChats) >= maxSuperChats {
		first := 0
		for i, o := range s.state.SuperChats {
			if o.UntilMs < s.state.SuperChats[first].UntilMs {
				first = i
			}
		}
		s.state.SuperChats = slices.Delete(s.state.SuperChats, first, first+1)
	}
	s.state.SuperChats = append(s.state.SuperChats, c)
}

// superLevels are from which amount on a super chat has a level, and for how many seconds it is pinned.
var superLevels = []struct {
	amount  uint64
	seconds uint32
}{{0, 30}, {1000, 60}, {3000, 120}, {5000, 300}, {10_000, 600}, {50_000, 1800}, {100_000, 3600}}

func superLevel(amount uint64) (level, seconds uint32) {
	for i, l := range superLevels {
		if amount >= l.amount {
			level, seconds = uint32(i+1), l.seconds
		}
	}
	return level, seconds
}

// cleanLine makes a line of what a backend has sent: what can't be shown is left out.
func cleanLine(s string, most int) string {
	s = strings.TrimSpace(strings.ToValidUTF8(s, ""))
	if line, err := text.Line("text", s, most); err == nil {
		return line
	}
	var b strings.Builder
	for s != "" && b.Len() < 16*most {
		one := text.Cut(s, 1)
		if one == "" {
			break
		}
		if _, err := text.Line("text", "x"+one, 2); err == nil {
			b.WriteString(one)
		}
		s = s[len(one):]
	}
	line, err := text.Line("text", text.Cut(b.String(), most), most)
	if err != nil {
		return ""
	}
	return line
}

// count adds to what somebody has given, and keeps the wall of givers. What the state has of
// before this show is as much as is known at least.
func (s *show) count(author uint64, name string, value, number uint64) {
	if author == 0 || value == 0 {
		return
	}
	if _, is := s.gifts.sums[author]; !is && len(s.gifts.sums) >= maxDonors {
		return
	}
	s.gifts.sums[author] += value
	sum := s.gifts.sums[author]
	i := slices.IndexFunc(s.state.Givers, func(g *danmakuv1.Giver) bool { return g.Author == author })
	if i >= 0 {
		old := s.state.Givers[i]
		if number > s.state.Gift { // it is not in what the state has
			sum = max(sum, old.Value+value)
		}
		sum = max(sum, old.Value)
		s.state.Givers = slices.Delete(s.state.Givers, i, i+1)
	}
	at, _ := slices.BinarySearchFunc(s.state.Givers, sum, func(g *danmakuv1.Giver, v uint64) int { return -cmp.Compare(g.Value, v) })
	for at < len(s.state.Givers) && s.state.Givers[at].Value == sum {
		at++
	}
	if at >= maxGivers {
		return
	}
	s.state.Givers = slices.Insert(s.state.Givers, at, &danmakuv1.Giver{Author: author, Name: name, Value: sum})
	s.state.Givers = s.state.Givers[:min(len(s.state.Givers), maxGivers)]
	for i, g := range s.state.Givers {
		if g.Rank != uint32(i+1) {
			one := *g
			one.Rank = uint32(i + 1)
			s.state.Givers[i] = &one
		}
	}
}
