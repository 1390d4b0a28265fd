package danmaku

import (
	"slices"
	"strings"

	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
	"github.com/tickroom/tickroom/proto/schema"
	"github.com/tickroom/tickroom/world"
)

// maxGone is how many ids of comments a house knows that were taken away.
const maxGone = 1000

// board is the rows that clients of a house see.
type board struct {
	h     *house
	stale bool // the state has changed
	// Of the show, as of its last report.
	summed   bool
	audience *danmakuv1.Audience
	total    drops
	words    []string        // that moderators have blocked
	scaled   uint32          // slow mode by viewers, in seconds
	told     uint32          // tick of the last counters
	logged   uint32          // tick of the last ones in the log
	before   drops           // which those were
	erased   map[uint64]bool // authors of whom nothing has come since all was taken away
	gone     map[uint64]bool
	goneIDs  []uint64

	stageRow, modesRow, audienceRow, totalRow, houseRow, wordsRow world.Entity

	stages        *world.Table[danmakuv1.Stage]
	modes         *world.Table[danmakuv1.Modes]
	audiences     *world.Table[danmakuv1.Audience]
	drops         *world.Table[danmakuv1.Drops]
	wordlists     *world.Table[danmakuv1.Wordlist]
	pins          rows[uint64, danmakuv1.Pin]
	superChats    rows[uint64, danmakuv1.SuperChat]
	givers        rows[uint32, danmakuv1.Giver]
	polls         rows[uint32, danmakuv1.Poll]
	choices       rows[[2]uint32, danmakuv1.Choice]
	lotteries     rows[uint32, danmakuv1.Lottery]
	announcements rows[uint32, danmakuv1.Announcement]
	mutes         rows[uint64, danmakuv1.Mute]
	log           rows[uint64, danmakuv1.LogEntry]
	reports       *world.Table[danmakuv1.Report]
	reported      []reportRow // the oldest first
}

// rows keeps a table's rows equal to a list, one for each key.
type rows[K comparable, T any] struct {
	table *world.Table[T]
	group *world.Group
	at    []keyed[K] // in the order in which they came
}

type keyed[K comparable] struct {
	key    K
	entity world.Entity
	wanted bool
}

func newRows[K comparable, T any, P schema.Row[T]](r *world.Room, g *world.Group) rows[K, T] {
	return rows[K, T]{table: world.NewTable[T, P](r.World), group: g}
}

// set makes the rows those of the list.
func (s *rows[K, T]) set(r *world.Room, list []*T, key func(*T) K) {
	for i := range s.at {
		s.at[i].wanted = false
	}
	for _, v := range list {
		k := key(v)
		i := slices.IndexFunc(s.at, func(e keyed[K]) bool { return e.key == k })
		if i < 0 {
			i = len(s.at)
			s.at = append(s.at, keyed[K]{key: k, entity: r.Spawn(s.group)})
		}
		s.at[i].wanted = true
		s.table.Set(s.at[i].entity, *v)
	}
	s.at = slices.DeleteFunc(s.at, func(e keyed[K]) bool {
		if !e.wanted {
			r.Destroy(e.entity)
		}
		return !e.wanted
	})
}

func (b *board) init(h *house) {
	r := h.r
	b.h, b.gone, b.erased = h, map[uint64]bool{}, map[uint64]bool{}
	b.stages = world.NewTable[danmakuv1.Stage](r.World)
	b.modes = world.NewTable[danmakuv1.Modes](r.World)
	b.audiences = world.NewTable[danmakuv1.Audience](r.World)
	b.drops = world.NewTable[danmakuv1.Drops](r.World)
	b.pins = newRows[uint64, danmakuv1.Pin](r, h.stage)
	b.superChats = newRows[uint64, danmakuv1.SuperChat](r, h.stage)
	b.givers = newRows[uint32, danmakuv1.Giver](r, h.stage)
	b.polls = newRows[uint32, danmakuv1.Poll](r, h.stage)
	b.choices = newRows[[2]uint32, danmakuv1.Choice](r, h.stage)
	b.lotteries = newRows[uint32, danmakuv1.Lottery](r, h.stage)
	b.announcements = newRows[uint32, danmakuv1.Announcement](r, h.stage)
	b.reports = world.NewTable[danmakuv1.Report](r.World)
	b.mutes = newRows[uint64, danmakuv1.Mute](r, h.desk)
	b.wordlists = world.NewTable[danmakuv1.Wordlist](r.World)
	b.log = newRows[uint64, danmakuv1.LogEntry](r, h.desk)

	b.stageRow = r.Spawn(h.stage)
	b.modesRow = r.Spawn(h.stage)
	b.audienceRow = r.Spawn(h.stage)
	b.totalRow = r.Spawn(h.stage)
	b.houseRow = r.Spawn(h.stage)
	b.wordsRow = r.Spawn(h.desk)
	b.stages.Set(b.stageRow, danmakuv1.Stage{
		Show: h.set.show, Emotes: h.set.emotes, MaxText: uint32(h.set.maxText), StartedMs: h.state.StartedMs,
		Tiers: []uint32{uint32(h.set.tiers[0]), uint32(h.set.tiers[1]), uint32(h.set.tiers[2])},
	})
	b.audiences.Add(b.audienceRow)
	b.drops.Set(b.totalRow, danmakuv1.Drops{})
	b.drops.Set(b.houseRow, danmakuv1.Drops{House: true})
	b.wordlists.Add(b.wordsRow)
	b.modes.Add(b.modesRow)
	b.setModes()
}

// slow returns the seconds of the slow mode as it is.
func (b *board) slow() uint32 { return b.modes.Get(b.modesRow).Slow }

func (b *board) setModes() {
	m := b.h.state.Modes
	slow := m.Slow
	if m.SlowAuto {
		slow = max(slow, b.scaled)
	}
	b.modes.Set(b.modesRow, danmakuv1.Modes{
		Slow: slow, SlowSet: m.Slow, SlowAuto: m.SlowAuto, Followers: m.Followers, Members: m.Members,
		Subscribers: m.Subscribers, EmotesOnly: m.EmotesOnly, Unique: m.Unique,
	})
}

// update brings the rows up to date: at once with the state, and with the counters once a second.
func (b *board) update() {
	h := b.h
	now := h.r.Tick()
	if b.told == 0 || now-b.told >= h.ticks(1) {
		b.told = now
		b.count()
	}
	if !b.stale {
		return
	}
	b.stale = false
	s := h.state
	st := b.stages.Get(b.stageRow)
	st.Live, st.Recording, st.StartedMs = h.link.live, s.Recording, s.StartedMs
	b.setModes()
	b.pins.set(h.r, h.shownPins(s.Pins), func(p *danmakuv1.Pin) uint64 { return p.Comment })
	b.superChats.set(h.r, h.shownSuperChats(s.SuperChats), func(c *danmakuv1.SuperChat) uint64 { return c.Id })
	b.givers.set(h.r, h.shownGivers(s.Givers), func(g *danmakuv1.Giver) uint32 { return g.Rank })
	b.polls.set(h.r, s.Polls, func(p *danmakuv1.Poll) uint32 { return p.Poll })
	var lotteries []*danmakuv1.Lottery
	if s.Lottery != nil {
		lotteries = append(lotteries, s.Lottery)
	}
	b.lotteries.set(h.r, lotteries, func(l *danmakuv1.Lottery) uint32 { return l.Lottery })
	var announcements []*danmakuv1.Announcement
	if s.Announcement != nil {
		announcements = append(announcements, s.Announcement)
	}
	b.announcements.set(h.r, announcements, func(*danmakuv1.Announcement) uint32 { return 0 })
	b.mutes.set(h.r, s.Mutes[max(0, len(s.Mutes)-toldMutes):], func(m *danmakuv1.Mute) uint64 { return m.Author })
	b.log.set(h.r, s.Log, func(e *danmakuv1.LogEntry) uint64 { return e.AtMs<<8 ^ uint64(len(e.Action)+len(e.About)) })
	b.setVotes()
	b.setEntrants()
	*b.wordlists.Get(b.wordsRow) = danmakuv1.Wordlist{Words: s.Words, Listed: uint32(h.listed.count()), Lists: h.listed.lists}
}

// count brings the counters up to date.
func (b *board) count() {
	h := b.h
	a := b.audiences.Get(b.audienceRow)
	if h.link.live && b.audience != nil {
		*a = *b.audience
	} else { // what the house knows by itself
		a.Viewers, a.Houses = uint32(h.r.PlayerCount()), 1
		a.Peak = max(a.Peak, a.Viewers)
		a.Likes, a.Comments = max(a.Likes, h.sums.likes), max(a.Comments, h.sums.comments)
	}
	if scaled := scaledSlow(a.Viewers, b.scaled); scaled != b.scaled {
		b.scaled = scaled
		b.setModes()
	}
	*b.drops.Get(b.houseRow) = h.sums.drops.row(true)
	if h.link.live && b.summed {
		*b.drops.Get(b.totalRow) = b.total.row(false)
	} else {
		*b.drops.Get(b.totalRow) = h.sums.drops.row(false)
	}
	b.setVotes()
	b.setEntrants()
	b.tellReports()
	if now := h.r.Tick(); now-b.logged >= h.ticks(60) {
		b.logged = now
		b.logDrops()
	}
}

// logDrops tells the operator what became of the comments since the last time, if there were any.
func (b *board) logDrops() {
	d, before := &b.h.sums.drops, &b.before
	if d.said == before.said {
		return
	}
	attrs := []any{"viewers", b.h.r.PlayerCount(), "live", b.h.link.live, "said", d.said - before.said, "shown", d.shown - before.shown}
	for i, n := range d.reasons {
		if n != before.reasons[i] {
			attrs = append(attrs, strings.ToLower(strings.TrimPrefix(danmakuv1.Reason(i).String(), "REASON_")), n-before.reasons[i])
		}
	}
	b.h.r.Log.Info("comments", attrs...)
	b.before = *d
}

func (b *board) setVotes() {
	list := make([]*danmakuv1.Choice, len(b.h.state.Choices))
	for i, c := range b.h.state.Choices {
		one := *c
		one.Votes = max(one.Votes, b.h.polls.votes(c.Poll, c.Choice))
		list[i] = &one
	}
	b.choices.set(b.h.r, list, func(c *danmakuv1.Choice) [2]uint32 { return [2]uint32{c.Poll, c.Choice} })
}

func (b *board) setEntrants() {
	s := b.h.state
	if s.Lottery == nil || len(b.lotteries.at) == 0 {
		return
	}
	row := b.lotteries.table.Get(b.lotteries.at[0].entity)
	if !row.Drawn {
		row.Entrants = max(b.h.link.entrants, uint32(len(b.h.polls.entrants)), s.Lottery.Entrants)
	}
}

// removed notes that something was taken away, and reports whether that is news.
func (b *board) removed(r *danmakuv1.Removed) bool {
	if r.Author != 0 {
		if b.erased[r.Author] {
			return false
		}
		if len(b.erased) >= maxGone {
			clear(b.erased)
		}
		b.erased[r.Author] = true
		return true
	}
	if b.gone[r.Comment] {
		return false
	}
	if len(b.goneIDs) >= maxGone {
		delete(b.gone, b.goneIDs[0])
		b.goneIDs = b.goneIDs[1:]
	}
	b.gone[r.Comment] = true
	b.goneIDs = append(b.goneIDs, r.Comment)
	return true
}
