package danmaku

import (
	"errors"

	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
	"github.com/tickroom/tickroom/proto/schema"
	"github.com/tickroom/tickroom/world"
)

// house is a room in which viewers are.
type house struct {
	r     *world.Room
	stage *world.Group    // what all see
	tiers [3]*world.Group // comments, each in one
	desk  *world.Group    // what moderators see

	stages        *world.Table[danmakuv1.Stage]
	modes         *world.Table[danmakuv1.Modes]
	audience      *world.Table[danmakuv1.Audience]
	drops         *world.Table[danmakuv1.Drops]
	pins          *world.Table[danmakuv1.Pin]
	superChats    *world.Table[danmakuv1.SuperChat]
	givers        *world.Table[danmakuv1.Giver]
	polls         *world.Table[danmakuv1.Poll]
	choices       *world.Table[danmakuv1.Choice]
	lotteries     *world.Table[danmakuv1.Lottery]
	announcements *world.Table[danmakuv1.Announcement]
	reports       *world.Table[danmakuv1.Report]
	mutes         *world.Table[danmakuv1.Mute]
	wordlists     *world.Table[danmakuv1.Wordlist]
	logEntries    *world.Table[danmakuv1.LogEntry]
}

func newHouse(r *world.Room) (world.Game, error) {
	h := &house{r: r, stage: r.NewGroup("stage"), desk: r.NewGroup("desk")}
	for i, name := range []string{"t1", "t2", "t3"} {
		h.tiers[i] = r.NewGroup(name)
	}
	w := r.World
	h.stages = world.NewTable[danmakuv1.Stage](w)
	h.modes = world.NewTable[danmakuv1.Modes](w)
	h.audience = world.NewTable[danmakuv1.Audience](w)
	h.drops = world.NewTable[danmakuv1.Drops](w)
	h.pins = world.NewTable[danmakuv1.Pin](w)
	h.superChats = world.NewTable[danmakuv1.SuperChat](w)
	h.givers = world.NewTable[danmakuv1.Giver](w)
	h.polls = world.NewTable[danmakuv1.Poll](w)
	h.choices = world.NewTable[danmakuv1.Choice](w)
	h.lotteries = world.NewTable[danmakuv1.Lottery](w)
	h.announcements = world.NewTable[danmakuv1.Announcement](w)
	h.reports = world.NewTable[danmakuv1.Report](w)
	h.mutes = world.NewTable[danmakuv1.Mute](w)
	h.wordlists = world.NewTable[danmakuv1.Wordlist](w)
	h.logEntries = world.NewTable[danmakuv1.LogEntry](w)
	world.OnCommand(r, func(*world.Player, *danmakuv1.Say) (*danmakuv1.Said, error) { return nil, errNotYet })
	notYet[danmakuv1.Like](r)
	notYet[danmakuv1.SetTier](r)
	notYet[danmakuv1.Follow](r)
	notYet[danmakuv1.Vote](r)
	notYet[danmakuv1.Complain](r)
	notYet[danmakuv1.Silence](r)
	notYet[danmakuv1.Unsilence](r)
	notYet[danmakuv1.Delete](r)
	notYet[danmakuv1.PinComment](r)
	notYet[danmakuv1.Unpin](r)
	notYet[danmakuv1.SetModes](r)
	notYet[danmakuv1.Announce](r)
	notYet[danmakuv1.OpenPoll](r)
	notYet[danmakuv1.ClosePoll](r)
	notYet[danmakuv1.OpenLottery](r)
	notYet[danmakuv1.Draw](r)
	notYet[danmakuv1.BlockWords](r)
	notYet[danmakuv1.Record](r)
	notYet[danmakuv1.Settle](r)
	return h, nil
}

var errNotYet = errors.New("the room can't do this yet")

func notYet[C any, PC interface {
	*C
	schema.Command
}](r *world.Room) {
	world.OnOrder[C, PC](r, func(*world.Player, *C) error { return errNotYet })
}

// Join lets a player see the stage and all tiers.
func (h *house) Join(p *world.Player, _ []byte) error {
	p.Subscribe(h.stage)
	for _, t := range h.tiers {
		p.Subscribe(t)
	}
	return nil
}

// Leave does nothing.
func (h *house) Leave(*world.Player) {}

// Tick does nothing.
func (h *house) Tick() {}
