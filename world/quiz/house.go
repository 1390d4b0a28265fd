package quiz

import (
	"errors"
	"fmt"
	"slices"

	quizv1 "github.com/tickroom/tickroom/proto/gen/tickroom/quiz/v1"
	"github.com/tickroom/tickroom/world"
)

// house is a room of contestants, spectators and hosts.
type house struct {
	room     *world.Room
	name     string // of the show
	role     string // that makes a host
	down, up string // topics

	rows rows

	// What the show has said, and when it was last heard.
	state   *quizv1.State // nil: nothing yet
	heardAt int64
	deaf    bool // the topic does not reach the room
	lost    bool // what clients are told of it

	// Who is here.
	contestants []*contestant // in the order in which they came
	byID        map[string]*contestant
	teams       map[string]*team
	teamList    []*team                  // in the order in which they were made
	present     map[string]*world.Player // who would play, by PlayerID
	hosts       []*world.Player
	uploads     map[uint32]*upload  // by the number of the host
	fetched     map[uint32]*fetched // likewise

	// The question that is asked.
	shown  uint32 // number of the question that clients see; 0: none
	count  counts
	run    uint32 // that what is here belongs to
	missed uint32 // number of the question that could not be shown in time
	closed uint32 // number of the question of which the show was told that it is closed

	// Judging.
	judged      uint64 // mark of the outcomes that the scores are of
	revealed    uint64 // mark of the outcomes that clients were shown
	scored      uint64 // version of the Scores that were posted
	scoredEpoch uint64 // epoch of the show that they were posted to
	scoredAt    int64
	ranks       rankParts
	toldRun     uint32 // run whose results backends know
	telling     int    // how many of them
	news        uint32 // counts what all contestants are to be told
	spread      uint32 // the same, of which all have been told
	suspect     suspects
	moves       moves
	books       books

	// What is posted, and when.
	version    uint64
	reportedAt int64
	reportNow  bool
	asks       bool // the show's state is wanted
	refresh    bool // rows are to be set
	ticket     uint32
}

// counts are those of the answers to one question.
type counts struct {
	question            uint32
	options             [maxOptions]uint32
	credited, capped    uint32
	early, late, barred uint32
	creditSum           uint64 // milliseconds
	greatestCredit      uint32
	answered            uint32
}

func newHouse(r *world.Room) (world.Game, error) {
	players, err := r.Int("players", 1, 100_000)
	if err != nil {
		return nil, err
	}
	r.MaxPlayers = players
	h := &house{
		room: r, name: r.Text("show"), role: r.Text("role"), byID: map[string]*contestant{}, present: map[string]*world.Player{}, teams: map[string]*team{},
		uploads: map[uint32]*upload{}, fetched: map[uint32]*fetched{}, asks: true, heardAt: r.Now(), refresh: true, version: uint64(r.Now()),
	}
	if err := checkShow(h.name); err != nil {
		return nil, fmt.Errorf("option show=%q: %w", h.name, err)
	}
	h.down, h.up = downTopic(h.name), upTopic(h.name)
	h.rows.make(r)
	world.OnMessage(r, h.onState)
	world.OnMessage(r, h.onRanks)
	world.OnMessage(r, h.onOrdered)
	world.OnMessage(r, h.onSuspected)
	world.OnMessage(r, h.onGrant)
	world.OnMessage(r, h.onWanted)
	world.OnMessage(r, h.onMoved)
	world.OnMessage(r, h.onBook)
	world.OnMessage(r, h.onFetch)
	world.OnMessage(r, h.onPage)
	world.OnCommand(r, h.answer)
	world.OnCommand(r, h.chooseTeam)
	world.OnCommand(r, h.conduct)
	world.OnCommand(r, h.takeUpload)
	world.OnCommand(r, h.pose)
	world.OnCommand(r, h.results)
	r.Listen(h.down, world.Now)
	return h, nil
}

// Join lets a contestant, a spectator or a host in.
func (h *house) Join(p *world.Player, data []byte) error {
	if h.state != nil && h.state.Ended {
		return errEnded
	}
	var entry quizv1.Entry
	if err := entry.UnmarshalProto(data); err != nil {
		return fmt.Errorf("what the client sends along is no Entry: %w", err)
	}
	if entry.Host {
		if !h.mayHost(p) {
			return fmt.Errorf("only those with the role %q in their token can be hosts", h.role)
		}
		h.hosts = append(h.hosts, p)
		p.Subscribe(h.rows.all)
		p.Subscribe(h.rows.hosts)
		return nil
	}
	p.Subscribe(h.rows.all)
	if p.Spectator {
		return nil
	}
	h.present[p.PlayerID] = p
	h.reportNow = h.reportNow || h.lobby()
	if c := h.enter(p); c != nil && entry.Team != "" {
		_, _ = h.toTeam(c, entry.Team) // what can't be is passed over
	}
	h.tell(p)
	return nil
}

// mayHost reports whether a player has the role of a host.
func (h *house) mayHost(p *world.Player) bool {
	return h.role == "" || slices.Contains(p.Roles, h.role)
}

// hosting reports whether a player has come as a host.
func (h *house) hosting(p *world.Player) bool { return slices.Contains(h.hosts, p) }

// enter makes a player a contestant, or the one that it was before, and returns it; nil: it only
// watches.
func (h *house) enter(p *world.Player) *contestant {
	c := h.byID[p.PlayerID]
	if c == nil {
		if h.running() || h.over() { // it may have played in another house
			h.moves.want(h, p)
			if h.running() { // afterwards all are ranked
				h.books.seek(h)
				if h.recall(p) {
					return h.byID[p.PlayerID]
				}
			}
			if h.over() || h.doorsClosed() && !h.state.LatePlays {
				return nil
			}
		}
		c = &contestant{id: p.PlayerID, place: -1, from: h.firstQuestion()}
		c.score.alive = true
		if h.state != nil {
			c.score.revives = h.state.Revives
		}
		h.byID[c.id] = c
		h.contestants = append(h.contestants, c)
		h.books.again = h.books.again || len(h.books.open) > 0 // it may be from a house that is gone
		if h.running() {
			h.books.present(c)
		}
	}
	c.player, c.name, c.number, c.network = p, p.Name, p.ID, p.Network
	p.Data = c
	return c
}

// doorsClosed reports whether the first question is over, so that who comes now is late.
func (h *house) doorsClosed() bool {
	return h.state != nil && h.running() && len(h.state.Outcomes) > 0
}

// running reports whether a run is under way, as far as the house knows.
func (h *house) running() bool {
	if h.state == nil {
		return false
	}
	switch h.state.Phase {
	case quizv1.Phase_PHASE_UNSPECIFIED, quizv1.Phase_PHASE_LOBBY, quizv1.Phase_PHASE_OVER:
		return false
	}
	return true
}

// over reports whether a run is over, and its outcome to be seen.
func (h *house) over() bool { return h.state != nil && h.state.Phase == quizv1.Phase_PHASE_OVER }

// lobby reports whether contestants come together.
func (h *house) lobby() bool { return h.state == nil || h.state.Phase <= quizv1.Phase_PHASE_LOBBY }

// firstQuestion returns the number of the question that who comes now can answer first.
func (h *house) firstQuestion() uint32 {
	if !h.running() {
		return 1
	}
	n := uint32(len(h.state.Outcomes)) + 1
	if a := h.state.Ask; a != nil && a.Number == n && h.room.Now() >= a.ClosesAt {
		n++
	}
	return n
}

// Leave is called when a player is gone for good. A contestant is remembered while the show runs.
func (h *house) Leave(p *world.Player) {
	h.hosts = slices.DeleteFunc(h.hosts, func(q *world.Player) bool { return q == p })
	delete(h.uploads, p.ID)
	delete(h.fetched, p.ID)
	if h.present[p.PlayerID] == p {
		delete(h.present, p.PlayerID)
	}
	c, ok := p.Data.(*contestant)
	if !ok || c.player != p {
		return
	}
	c.player = nil
	if h.lobby() {
		h.drop(c)
		h.reportNow = true
	}
}

// drop forgets a contestant.
func (h *house) drop(c *contestant) {
	h.leaveTeam(c)
	delete(h.byID, c.id)
	if c.player != nil {
		c.player.Data = nil
	}
	h.contestants = slices.DeleteFunc(h.contestants, func(o *contestant) bool { return o == c })
}

// Away does nothing: a contestant who is cut off keeps its place.
func (h *house) Away(*world.Player) {}

// Back tells a contestant what has become of it meanwhile.
func (h *house) Back(p *world.Player) { h.tell(p) }

// Deaf notes that the show does not reach the house.
func (h *house) Deaf(topic string) { h.deaf = h.deaf || topic == h.down }

// Hears notes that it does, and asks for what was missed.
func (h *house) Hears(topic string, missed bool) {
	if topic == h.down {
		h.deaf = false
		h.asks = h.asks || missed || h.state == nil
	}
}

// Tick opens and closes questions when it is time, and tells the show and the clients.
func (h *house) Tick() {
	now := h.room.Now()
	if lost := h.deaf && h.state != nil || now-h.heardAt > silence; lost != h.lost {
		h.lost, h.refresh = lost, true
		h.asks = h.asks || !lost
	}
	h.books.judge(h, now)
	h.askOnTime(now)
	h.revealOnTime(now)
	h.rows.clockAt(h.room.Tick(), now, h.room.TickRate)
	if h.refresh {
		h.refresh = false
		h.rows.set(h, now)
	}
	h.report(now)
	h.tellSome()
	h.tellAgain(now)
	h.moves.flush(h, now)
	h.books.flush(h)
	h.suspect.flush(h)
	h.tellResults()
}

// askOnTime shows the question that is asked when its time has come, and notices when it is closed.
func (h *house) askOnTime(now int64) {
	st := h.state
	if st == nil || st.Ask == nil || !h.running() {
		return
	}
	a := st.Ask
	if a.Number != h.shown && now >= a.OpensAt-int64(st.LeadMs)*1000 && st.Phase != quizv1.Phase_PHASE_NEXT {
		h.shown, h.refresh = a.Number, true
		if h.count.question != a.Number { // some may have come already, if this tick is late
			h.count = counts{question: a.Number}
		}
		if st.Shuffle {
			h.tellAll()
		}
	}
	if h.shown != a.Number {
		return
	}
	if visible := h.phase(now); visible != h.rows.phase() {
		h.refresh = true
	}
	// What comes later than what has been handled in this tick came after since.
	if since, _ := h.heard(); since > a.ClosesAt+h.maxCredit() && h.closed != a.Number {
		h.closed, h.reportNow = a.Number, true
	}
}

// maxCredit returns the most that an answer's time is lessened by, in microseconds.
func (h *house) maxCredit() int64 { return int64(h.state.MaxCreditMs) * 1000 }

// phase returns the phase that clients are shown.
func (h *house) phase(now int64) quizv1.Phase {
	st := h.state
	if st == nil {
		return quizv1.Phase_PHASE_UNSPECIFIED
	}
	switch st.Phase {
	case quizv1.Phase_PHASE_OPEN, quizv1.Phase_PHASE_CLOSED:
		switch {
		case st.Ask == nil || h.shown != st.Ask.Number:
			return quizv1.Phase_PHASE_NEXT
		case now >= st.Ask.ClosesAt:
			return quizv1.Phase_PHASE_CLOSED
		}
		return quizv1.Phase_PHASE_OPEN
	case quizv1.Phase_PHASE_REVEALED:
		if h.hidden(now) {
			return quizv1.Phase_PHASE_CLOSED
		}
	}
	return st.Phase
}

// hidden reports whether there is an outcome that clients are not to be shown yet.
func (h *house) hidden(now int64) bool {
	st := h.state
	return st != nil && st.Phase == quizv1.Phase_PHASE_REVEALED && now < st.KeyAt && h.revealed != outcomesMark(st.Outcomes)
}

// report tells the show how the house is, if it is time.
func (h *house) report(now int64) {
	every := int64(beat)
	if st := h.state; st != nil && st.Phase == quizv1.Phase_PHASE_OPEN {
		every = beatOpen
	}
	if !h.reportNow && now-h.reportedAt < every {
		return
	}
	h.version++
	r := &quizv1.Report{
		House: h.room.ID(), Version: h.version, Run: h.run, Question: h.count.question, Spectators: uint32(h.room.SpectatorCount()),
		Credited: h.count.credited, Capped: h.count.capped, Early: h.count.early, Late: h.count.late, Barred: h.count.barred,
		CreditSumMs: h.count.creditSum, GreatestCreditMs: h.count.greatestCredit, Contestants: uint32(len(h.contestants)), Asks: h.asks || h.state == nil,
	}
	r.Missed = h.missed != 0 && h.missed == h.count.question
	r.Hosts = uint32(len(h.hosts))
	r.Closed = h.count.question != 0 && h.closed == h.count.question
	for _, c := range h.contestants {
		if c.score.alive {
			r.Alive++
		}
	}
	if st := h.state; st != nil && st.Ask != nil && h.count.question != 0 {
		r.Counts = slices.Clone(h.count.options[:len(st.Ask.Options)])
	}
	h.reportedAt, h.reportNow, h.asks = now, false, false
	h.room.Post(h.up, r)
}

// onGrant gives a contestant more revives.
func (h *house) onGrant(from *world.Posting, m *quizv1.Grant) {
	if from.Player == nil {
		return
	}
	if c, ok := from.Player.Data.(*contestant); ok && m.Revives <= 100 && c.granted <= 100 {
		c.granted += m.Revives
		c.score.revives += m.Revives
		h.books.present(c)
		h.tell(from.Player)
	}
}

// errEnded is what those are told who come when a show is over for good, or are there then.
var errEnded = errors.New("the quiz is over")

// putOut has all who are in the house leave, as the show is over for good.
func (h *house) putOut() {
	for p := range h.room.Players() {
		p.Remove(errEnded.Error())
	}
	for p := range h.room.Spectators() {
		p.Remove(errEnded.Error())
	}
}

// errHost refuses what hosts alone may do.
var errHost = errors.New("only hosts can do that")
