package playback

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/tickroom/tickroom/internal/replay"
	"github.com/tickroom/tickroom/proto/gen/closecode"
	"github.com/tickroom/tickroom/world"
)

const (
	// spectator is the number of the spectator that a playhead looks as, which no player of a journal has.
	spectator = math.MaxUint32
	// before is how many seconds before the place that one goes to events are taken from: lines of chat, kills.
	before = 5
	// beat is how often it is looked whether a tick is due, and sparse how long the page is sent nothing after a
	// frame, however fast ticks pass.
	beat, sparse = 4 * time.Millisecond, 15 * time.Millisecond
	// tell is how often a page is told where the playhead is while it runs.
	tell = 100 * time.Millisecond
	// longest is the time that is made up for when the machine was busy.
	longest = 250 * time.Millisecond

	minSpeed, maxSpeed = 1. / 16, 16.
)

// Playhead is where one page is in a replay. All but do is its goroutine's.
type Playhead struct {
	show  *Show
	id    string
	calls chan func()   // to be called by the goroutine
	done  chan struct{} // closed when the goroutine has ended

	// Where it is.
	run     *replay.Run
	touched bool    // a spectator has joined the run
	pos     float64 // tick, with a fraction
	playing bool
	speed   float64
	eyes    uint32 // number of the player to look through, 0: a spectator's
	trouble string // why it can't go on

	// What it looks through, and who looks.
	player  *world.Player // nil: nobody is there
	seat    *world.Player // the spectator in run, nil: there is none
	view    view
	screen  *screen      // of the page; nil: it is not there, or about to come
	seeking time.Time    // when it was told to go where it is now; zero: the page has seen that
	told    time.Time    // when the page was told where it is
	framed  time.Time    // when the page was last shown something
	control func(*State) // tells the page; set before the goroutine starts
}

// State is what a page is told of its playhead.
type State struct {
	Tick    uint32  `json:"tick"`
	Playing bool    `json:"playing"`
	Speed   float64 `json:"speed"`
	Eyes    uint32  `json:"eyes"`
	// There reports whether the one is in the room whose eyes they are.
	There bool `json:"there"`
	// Took is for how many milliseconds the page has been about to be somewhere else; 0: that is not news.
	Took    float64 `json:"took,omitempty"`
	Trouble string  `json:"trouble,omitempty"`
}

func newPlayhead(s *Show, id string) *Playhead {
	return &Playhead{show: s, id: id, calls: make(chan func()), done: make(chan struct{}), speed: 1, pos: 1}
}

// do has the playhead's goroutine call a function, unless that has ended.
func (p *Playhead) do(fn func()) {
	select {
	case p.calls <- fn:
	case <-p.done:
	}
}

// drive is the playhead's goroutine, until ctx is done.
func (p *Playhead) drive(ctx context.Context) {
	defer p.show.close(p)
	defer close(p.done)
	defer p.drop()
	defer p.hangUp()
	clock := time.NewTicker(beat)
	defer clock.Stop()
	last := time.Now()
	p.eyes = p.first()
	p.seek(p.start())
	for {
		running := clock.C
		if !p.playing || p.screen == nil {
			running = nil
		}
		select {
		case <-ctx.Done():
			return
		case fn := <-p.calls:
			fn()
			last = time.Now()
		case <-running:
			now := time.Now()
			p.pos += min(now.Sub(last), longest).Seconds() * p.show.story.Rate * p.speed
			last = now
			p.roll(now)
		}
	}
}

// first returns through whose eyes a page looks at first: a spectator's, if the kind has any, else the first player's.
func (p *Playhead) first() uint32 {
	if p.show.kind.Spectators || len(p.show.story.Visits) == 0 {
		return 0
	}
	return p.show.story.Visits[0].Player
}

// roll plays on to where the playhead is, and shows that.
func (p *Playhead) roll(now time.Time) {
	to := uint32(p.pos)
	if last := p.show.story.Last; to >= last {
		p.pos, to, p.playing = float64(last), last, false
		defer p.say(0)
	}
	if p.run == nil || to <= p.run.At() || p.playing && now.Sub(p.framed) < sparse {
		return
	}
	p.framed = now
	p.forward(to)
	p.frame()
	if now.Sub(p.told) >= tell {
		p.say(0)
	}
}

// forward plays on to a tick.
func (p *Playhead) forward(to uint32) {
	if p.run == nil {
		return
	}
	if err := p.run.Forward(to); err != nil {
		p.fail(err)
	}
	p.look()
}

// fail notes why a run can't go on. What it has come to can still be seen.
func (p *Playhead) fail(err error) {
	p.trouble, p.playing = err.Error(), false
	p.show.log.Warn("the replay can't go on", "err", err)
}

// seek goes to a tick: the page is to join anew there.
func (p *Playhead) seek(to uint32) {
	p.seeking = time.Now()
	to = max(p.start(), min(to, p.show.story.Last))
	p.hangUp()
	p.pos, p.trouble = float64(to), ""
	from := to - min(to-p.start(), uint32(before*p.show.story.Rate))
	if err := p.near(from, to); err != nil {
		p.fail(err)
		p.say(0)
		return
	}
	p.forward(max(from, p.run.At()))
	p.view.begin(p.interest())
	p.view.past(p.run.At())
	p.forward(to)
	p.say(0)
}

// near gets a run that is at the tick from or before it, and as the journal has it if nobody needs another one. If
// that takes long, one before the tick to will do.
func (p *Playhead) near(from, to uint32) error {
	reel, latest := p.show.reel, from
	if !reel.Saves() {
		latest = to
	}
	stays := p.run != nil && p.run.At() <= latest && p.run.At() >= reel.Nearest(latest) && (!p.touched || p.eyes == 0)
	if stays {
		return nil
	}
	p.drop()
	run, err := p.show.take(latest)
	p.run = run
	return err
}

// start returns the first tick that can be seen.
func (p *Playhead) start() uint32 { return max(1, p.show.story.First) }

// drop gives the run back.
func (p *Playhead) drop() {
	if p.run != nil && !p.touched {
		p.show.reel.Give(p.run)
		p.show.more()
	}
	p.run, p.touched, p.player, p.seat = nil, false, nil, nil
}

// look finds the one to look through: the player, if it is in the room, else a spectator, who joins if there is
// none yet, else nobody. A page that looks through somebody else than before is to join anew.
func (p *Playhead) look() {
	was := p.player
	if p.eyes != 0 {
		p.player = p.run.Player(p.eyes)
	} else if p.player = p.seat; p.seat == nil && p.show.kind.Spectators {
		p.player = p.join()
	}
	if p.player != was {
		p.view.begin(p.interest())
		p.hangUp()
	}
}

// join has a spectator join the run, which from then on is not what the journal has of it: entities may have other
// numbers. It returns nil if the game does not let it in.
func (p *Playhead) join() *world.Player {
	p.touched = true
	room := p.run.Room()
	w := &world.Player{Interest: world.NewInterest(room.World), ID: spectator, Name: "replay", Spectator: true}
	err := guard(func() error { return room.Join(w, nil) })
	if err != nil {
		p.fail(fmt.Errorf("the game lets no spectator in: %w", err))
		return nil
	}
	p.seat = w
	return w
}

func (p *Playhead) interest() *world.Interest {
	if p.player == nil {
		return nil
	}
	return p.player.Interest
}

// guard makes an error of a panic of the game.
func guard(fn func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("the game panics: %v", v)
		}
	}()
	return fn()
}

// hangUp ends the page's connection, so that it joins anew.
func (p *Playhead) hangUp() {
	if p.screen != nil {
		p.screen.close(closecode.SessionGone, "the replay is somewhere else")
		p.screen = nil
	}
}

// frame shows where the playhead is, if the page can take it.
func (p *Playhead) frame() {
	if p.screen == nil || p.player == nil {
		return
	}
	p.screen.show(&p.view, p.run.At())
}

// say tells the page where the playhead is.
func (p *Playhead) say(took time.Duration) {
	p.told = time.Now()
	s := State{Tick: uint32(p.pos), Playing: p.playing, Speed: p.speed, Eyes: p.eyes, There: p.player != nil, Took: float64(took.Microseconds()) / 1000, Trouble: p.trouble}
	p.control(&s)
}
