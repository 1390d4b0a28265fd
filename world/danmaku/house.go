package danmaku

import (
	"errors"
	"hash/fnv"
	"slices"

	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
	"github.com/tickroom/tickroom/text"
	"github.com/tickroom/tickroom/world"
	"github.com/tickroom/tickroom/world/danmaku/internal/words"
)

const (
	maxName  = 32 // characters
	recap    = 30 // comments that late joiners get
	known    = 1000
	maxTries = 4 // of Say in one tick
)

// house is a room in which viewers are. It takes comments in and shows them.
type house struct {
	r       *world.Room
	set     settings
	outside Outside

	stage *world.Group            // what all see
	tiers [tierCount]*world.Group // comments, each in one
	desk  *world.Group            // what moderators see
	board board                   // the rows

	// Viewers.
	byAuthor map[uint64]*viewer
	byName   map[string]*viewer // those who can be mentioned by what they are called
	fans     fans
	entries  entries
	traces   traces

	// Comments.
	prefix   uint64 // of their ids
	count    uint64
	taken    int // in this window, and before it beyond what a window takes
	window   window
	ready    []*danmakuv1.Candidate // those that were picked, and may be shown
	budget   budget
	ceiling  ceiling
	collator collator
	unique   collator
	known    remembered
	shown    remembered
	met      met
	text     words.Text // used again
	listed   wordLists
	blocked  *words.Filter // what moderators have blocked
	lists    uint32        // how often blocked words have changed

	// What this house has of its show, and the show of it.
	state *danmakuv1.ShowState
	mutes map[uint64]*danmakuv1.Mute
	link  link
	sums  sums
	polls polls
}

// sums are the house's own counters.
type sums struct {
	likes    uint64
	comments uint64
	drops    drops
}

func newHouse(r *world.Room, outside Outside) (world.Game, error) {
	set, err := readSettings(r)
	if err != nil {
		return nil, err
	}
	if set.review != "" && outside.Reviewer == nil {
		return nil, errors.New("option review: this program has no external reviewer")
	}
	if set.words != "" && outside.ReadFile == nil {
		return nil, errors.New("option words: this program reads no files for rooms")
	}
	h := &house{
		r: r, set: set, outside: outside, stage: r.NewGroup("stage"), desk: r.NewGroup("desk"),
		byAuthor: map[uint64]*viewer{}, byName: map[string]*viewer{}, fans: newFans(),
		prefix: idPrefix(r.ID()), budget: newBudget(set.tiers, r.TickRate), ceiling: newCeiling(set.tiers, r.TickRate), collator: newCollator(), unique: newCollator(),
		known: newRemembered(known), shown: newRemembered(recap), listed: newWordLists(),
		mutes: map[uint64]*danmakuv1.Mute{}, polls: newPolls(),
	}
	for i, name := range []string{"t1", "t2", "t3"} {
		h.tiers[i] = r.NewGroup(name)
	}
	h.state = &danmakuv1.ShowState{
		Salt: r.Rand().Uint64(), StartedMs: nowMs(r), Modes: &danmakuv1.SetModes{SlowAuto: true},
	}
	h.link = newLink(h)
	h.board.init(h)
	h.handle()
	r.Listen(topicDown(set.show), world.Now)
	r.Listen(topicWords, world.Start)
	r.Listen(topicWords+"/"+set.show, world.Start)
	return h, nil
}

// idPrefix returns the upper half of the ids of a house's comments, by which they differ from those of others.
func idPrefix(room string) uint64 {
	f := fnv.New32a()
	_, _ = f.Write([]byte(room))
	return uint64(f.Sum32()&0x7fffffff) << 32 // the highest bit is for super chats
}

func nowMs(r *world.Room) uint64 { return uint64(max(r.Now(), 0)) / 1000 }

// ticks returns how many ticks some seconds have.
func (h *house) ticks(seconds float64) uint32 { return max(1, uint32(seconds*h.r.TickRate)) }

// handle sets the handlers of all that clients and other rooms send.
func (h *house) handle() {
	world.OnCommand(h.r, h.say)
	world.OnOrder(h.r, h.like)
	world.OnOrder(h.r, h.setTier)
	world.OnOrder(h.r, h.follow)
	world.OnOrder(h.r, h.vote)
	world.OnOrder(h.r, h.complain)
	h.handleOrders()
	world.OnMessage(h.r, h.onReport)
	world.OnMessage(h.r, h.onState)
	world.OnMessage(h.r, h.onResend)
	world.OnMessage(h.r, h.onWords)
}

// Join lets a viewer in.
func (h *house) Join(p *world.Player, data []byte) error {
	var enter danmakuv1.Enter
	if err := enter.UnmarshalProto(data); err != nil {
		return errors.New("the data of the hello are no tickroom.danmaku.v1.Enter")
	}
	v := &viewer{p: p, badges: badgesOf(p)}
	p.Data = v
	h.number(v)
	h.traces.recall(v)
	p.Subscribe(h.stage)
	switch enter.Tier {
	case 0:
		h.tune(v, tierCount)
	case 1, 2, 3:
		h.tune(v, enter.Tier)
	}
	if staff(v.badges) {
		p.Subscribe(h.desk)
	}
	h.welcome(v)
	h.entries.enter(v)
	return nil
}

// number gives a viewer its number, and a name if it has none.
func (h *house) number(v *viewer) {
	v.author = authorOf(h.state.Salt, v.p.PlayerID)
	h.byAuthor[v.author] = v
	h.call(v)
}

// call gives a viewer the name by which it is shown.
func (h *house) call(v *viewer) {
	if h.byName[v.name] == v {
		delete(h.byName, v.name)
	}
	v.name, v.judged = h.named(text.CleanName(v.p.Name, maxName), v.author), h.lists
	h.byName[v.name] = v
}

func guestName(author uint64) string {
	const digits = "0123456789"
	b := []byte("guest-")
	for range 5 {
		b = append(b, digits[author%10])
		author /= 10
	}
	return string(b)
}

// welcome tells a viewer who it is, and what it missed.
func (h *house) welcome(v *viewer) {
	w := &danmakuv1.Welcome{Author: v.author, Badges: v.badges}
	h.shown.each(func(c *danmakuv1.Comment) bool {
		w.Comments = append(w.Comments, c)
		return true
	})
	v.p.Emit(w)
	if m := h.mutes[v.author]; m != nil && !m.Shadow {
		v.p.Emit(&danmakuv1.Standing{Muted: true, UntilMs: m.UntilMs, Reason: m.Reason})
	}
}

// Away does nothing: what a viewer has in the room is held with its session.
func (h *house) Away(*world.Player) {}

// Back tells a viewer again what it is told first: it may have come with another device, or with
// a page that was loaded anew, and has missed the comments of meanwhile in any case.
func (h *house) Back(p *world.Player) {
	if v, ok := p.Data.(*viewer); ok {
		h.welcome(v)
	}
}

// Leave lets a viewer go.
func (h *house) Leave(p *world.Player) {
	v, ok := p.Data.(*viewer)
	if !ok {
		return
	}
	h.fans.set(v, nil)
	h.traces.keep(v)
	if h.byAuthor[v.author] == v {
		delete(h.byAuthor, v.author)
	}
	if h.byName[v.name] == v {
		delete(h.byName, v.name)
	}
	h.entries.leave(v)
}

// Tick shows what has come together in a window, and tells the show.
func (h *house) Tick() {
	now := h.r.Tick()
	if now%h.set.windowLen == 0 {
		h.closeWindow()
	}
	h.show()
	h.tally()
	h.entries.tell(h)
	h.expire()
	h.readWords()
	h.buildWords()
	h.report()
	h.board.update()
}

// tune lets a viewer see the tiers up to one.
func (h *house) tune(v *viewer, tier uint32) {
	v.tier = tier
	for i, g := range h.tiers {
		if uint32(i) < tier {
			v.p.Subscribe(g)
		} else {
			v.p.Unsubscribe(g)
		}
	}
}

func (h *house) setTier(p *world.Player, cmd *danmakuv1.SetTier) error {
	if cmd.Tier > tierCount {
		return errors.New("there are the tiers 1 to 3, and 0 for none")
	}
	h.tune(viewerOf(p), cmd.Tier)
	return nil
}

// maxLikes is how many likes of one viewer count in a second.
const maxLikes = 20

func (h *house) like(p *world.Player, cmd *danmakuv1.Like) error {
	v := viewerOf(p)
	v.likes.fill(h.r.Tick(), maxLikes/h.r.TickRate, 100)
	n := min(float64(min(max(cmd.Count, 1), 100)), float64(uint32(v.likes.tokens)))
	v.likes.tokens -= n
	h.sums.likes += uint64(n)
	return nil
}

// viewerOf returns the viewer that a player is.
func viewerOf(p *world.Player) *viewer { return p.Data.(*viewer) }

// expire takes out what has had its time, also while the show is away.
func (h *house) expire() {
	now := nowMs(h.r)
	if now < h.link.nextExpiry {
		return
	}
	h.link.nextExpiry = now + 500
	if changed, _ := expire(h.state, now); changed {
		h.takeOver()
	}
}

// takeOver has all follow from the state that is not the state itself.
func (h *house) takeOver() {
	h.takeMutes()
	if !slices.Equal(h.board.words, h.state.Words) {
		h.board.words = slices.Clone(h.state.Words)
		h.blocked = words.NewFilter(h.state.Words)
		h.lists++
	}
	h.board.stale = true
}

// takeMutes notes who is muted, and tells those who are to know.
func (h *house) takeMutes() {
	before := h.mutes
	h.mutes = make(map[uint64]*danmakuv1.Mute, len(h.state.Mutes))
	for _, m := range h.state.Mutes {
		h.mutes[m.Author] = m
		v, old := h.byAuthor[m.Author], before[m.Author]
		if v != nil && !m.Shadow && (old == nil || old.Shadow || old.UntilMs != m.UntilMs || old.Reason != m.Reason) {
			v.p.Emit(&danmakuv1.Standing{Muted: true, UntilMs: m.UntilMs, Reason: m.Reason})
		}
	}
	var freed []uint64
	for a, m := range before {
		if h.mutes[a] == nil && !m.Shadow {
			freed = append(freed, a)
		}
	}
	slices.Sort(freed)
	for _, a := range freed {
		if v := h.byAuthor[a]; v != nil {
			v.p.Emit(&danmakuv1.Standing{})
		}
	}
}
