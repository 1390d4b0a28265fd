package world

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"google.golang.org/protobuf/proto"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// Saver is implemented by a Game whose rooms can go on from a checkpoint, so that nobody needs to play
// them again from their beginning: rooms that live for hours, and those that another build of the program
// takes over. The tables, groups and random numbers are the world's, and are saved with it; a Saver saves what
// the game keeps beside them, such as the entity of each player, and its timers' due ticks.
type Saver interface {
	// Save returns what the game keeps beside the world. It is called between two ticks, and changes
	// nothing.
	Save() ([]byte, error)
	// Restore puts the game, which Kind.New has just made, into the state of which saved is. Entities,
	// rows and groups are as they were then, those that New has made are gone, and the players are there
	// (Room.Players, Room.Spectators), with what they see (Player.View returns their views) and without
	// their Data. It must not change the world, nor draw random numbers. It is told the truth: a
	// checkpoint of another schema is not restored. The error says what does not fit.
	Restore(saved []byte) error
}

// noSaver is in a Room, so that a game that embeds its Room is no Saver by what the world can: of two methods of a
// name that are as deep, a type has neither.
type noSaver struct{} //nolint:unused // see above

// Save is called by nobody.
func (noSaver) Save() ([]byte, error) { return nil, ErrNoSaver } //nolint:unused // it is to be there

// Restore is called by nobody.
func (noSaver) Restore([]byte) error { return ErrNoSaver } //nolint:unused // it is to be there

// ErrNoSaver is wrapped by the error of Checkpoint for a game that is no Saver.
var ErrNoSaver = errors.New("the game implements no Save and Restore (world.Saver)")

// Saves reports whether the room can be saved: its game is a Saver. It is for servers.
func (r *Room) Saves() bool {
	_, ok := r.game.(Saver)
	return ok
}

// Checkpoint returns the whole room between two ticks, for RestoreRoom. Work of Async that is under way is not in
// it. It is for servers.
func (r *Room) Checkpoint() ([]byte, error) {
	g, ok := r.game.(Saver)
	if !ok {
		return nil, fmt.Errorf("world: checkpoint: %w", ErrNoSaver)
	}
	game, err := g.Save()
	if err != nil {
		return nil, fmt.Errorf("world: checkpoint: %w", err)
	}
	world, err := r.World.Save()
	if err != nil {
		return nil, err
	}
	s := &tickroomv1.RoomState{
		Version: saveVersion, World: world, Game: game, NowUs: r.now, SinceUs: r.since, UntilUs: r.until, ShowEpoch: r.showEpoch, LastJob: r.lastJob,
		Locked: r.locked, Unlocks: r.unlocks, Over: r.over, Reported: r.result != nil, MaxPlayers: int32(r.MaxPlayers), MaxSpectators: int32(r.MaxSpectators), Sleeps: r.Sleeps,
		Labelled: r.labelled, TalkLevel: r.talk.room.level, TalkAt: r.talk.room.at, Loud: slices.Sorted(maps.Keys(r.talk.loud)), Blind: r.blind, Told: r.World.told,
	}
	for i := range r.topics {
		t := &r.topics[i]
		s.Topics = append(s.Topics, &tickroomv1.TopicState{Name: t.Name, From: uint32(t.From), Last: t.last})
	}
	for _, name := range slices.Sorted(maps.Keys(r.labels)) {
		s.Labels = append(s.Labels, labelState(name, r.labels[name]))
	}
	for _, list := range [][]*Player{r.players, r.spectators} {
		for _, p := range list {
			s.Players = append(s.Players, p.state())
		}
	}
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("world: checkpoint: %w", err)
	}
	return b, nil
}

func labelState(name string, value any) *tickroomv1.LabelState {
	l := &tickroomv1.LabelState{Name: name}
	switch v := value.(type) {
	case string:
		l.Value = &tickroomv1.LabelState_Text{Text: v}
	case bool:
		l.Value = &tickroomv1.LabelState_Flag{Flag: v}
	case float64:
		l.Value = &tickroomv1.LabelState_Number{Number: v}
	}
	return l
}

func labelOf(l *tickroomv1.LabelState) any {
	switch v := l.GetValue().(type) {
	case *tickroomv1.LabelState_Text:
		return v.Text
	case *tickroomv1.LabelState_Flag:
		return v.Flag
	case *tickroomv1.LabelState_Number:
		return v.Number
	}
	return nil
}

func (p *Player) state() *tickroomv1.PlayerState {
	s := &tickroomv1.PlayerState{
		Id: p.ID, Name: p.Name, InputSeq: p.InputSeq, Spectator: p.Spectator, PlayerId: p.PlayerID, Roles: p.Roles, Team: int32(p.Team), Role: p.Role, InMatch: p.InMatch,
		Network: p.Network, Away: p.away, Rtt: p.rtt, Message: p.message, Back: p.back, TalkLevel: p.talk.level, TalkAt: p.talk.at,
	}
	if p.removed != nil {
		s.Removed, s.RemovedReason = true, p.removed.reason
	}
	for i := range p.subs {
		sub := &p.subs[i]
		if sub.dropped != 0 || sub.group.closed {
			continue // whoever still had that is sent the full state
		}
		st := &tickroomv1.SubscriptionState{Group: sub.group.id, From: sub.from}
		if v := sub.view; v != nil {
			st.View = &tickroomv1.ViewState{Radius: v.radius, X: v.x, Y: v.y, Follow: uint32(v.follow)}
		}
		s.Subscriptions = append(s.Subscriptions, st)
	}
	return s
}

// RestoreRoom makes a room of a kind as NewRoom does, and puts it into the state that Checkpoint returned. with
// must be what that room was made with. Clients that have a tick before the checkpoint's are sent the full state. The
// error wraps ErrSaved, ErrNoSaver or the game's.
func RestoreRoom(k Kind, with Setup, saved []byte) (*Room, Game, error) {
	s := &tickroomv1.RoomState{}
	if err := proto.Unmarshal(saved, s); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrSaved, err)
	}
	if v := s.GetVersion(); v != saveVersion {
		return nil, nil, fmt.Errorf("%w: its format is version %d, this program reads %d", ErrSaved, v, saveVersion)
	}
	r, g, err := NewRoom(k, with)
	if err != nil {
		return nil, nil, err
	}
	game, ok := g.(Saver)
	if !ok {
		return nil, nil, fmt.Errorf("kind %s: %w", k.Name, ErrNoSaver)
	}
	r.jobs, r.running = nil, nil
	r.posts, r.told = outbound{}, outbound{}
	if err := r.clear(s.GetWorld()); err != nil {
		return nil, nil, err
	}
	if err := r.World.Restore(s.GetWorld()); err != nil {
		return nil, nil, err
	}
	r.World.told, r.personal = s.GetTold(), nil
	r.now, r.since, r.until, r.showEpoch, r.lastJob = s.GetNowUs(), s.GetSinceUs(), s.GetUntilUs(), s.GetShowEpoch(), s.GetLastJob()
	r.locked, r.unlocks, r.over, r.blind = s.GetLocked(), s.GetUnlocks(), s.GetOver(), s.GetBlind()
	if s.GetReported() {
		r.result, r.taken = &Result{}, true
	}
	r.MaxPlayers, r.MaxSpectators, r.Sleeps = int(s.GetMaxPlayers()), int(s.GetMaxSpectators()), s.GetSleeps()
	r.talk.room = allowance{s.GetTalkLevel(), s.GetTalkAt()}
	if r.talk.loud != nil {
		for _, c := range s.GetLoud() {
			r.talk.loud[c] = true
		}
	}
	r.topics = r.topics[:0]
	for _, t := range s.GetTopics() {
		r.topics = append(r.topics, topic{Topic{t.GetName(), Since(t.GetFrom())}, t.GetLast()})
	}
	r.retuned++
	if len(s.GetLabels()) > 0 || len(r.labels) > 0 {
		r.labels = map[string]any{}
		for _, l := range s.GetLabels() {
			r.labels[l.GetName()] = labelOf(l)
		}
	}
	r.labelled = s.GetLabelled()
	for _, ps := range s.GetPlayers() {
		p, err := r.playerOf(ps)
		if err != nil {
			return nil, nil, err
		}
		r.add(p)
	}
	if err := game.Restore(s.GetGame()); err != nil {
		return nil, nil, fmt.Errorf("kind %s: restore: %w", k.Name, err)
	}
	return r, g, nil
}

// clear empties the world of what a game's New has put into it, for Restore. Groups that are not in the saved
// world are closed.
func (r *Room) clear(saved []byte) error {
	w := r.World
	s := &tickroomv1.WorldState{}
	if err := proto.Unmarshal(saved, s); err != nil {
		return fmt.Errorf("%w: %w", ErrSaved, err)
	}
	kept := map[string]bool{}
	for _, g := range s.GetGroups() {
		kept[g.GetName()] = true
	}
	for name, g := range w.byName {
		for _, e := range g.members {
			if x := &w.ents[e]; x.cell >= 0 {
				g.grid.remove(w, x)
			}
		}
		g.members, g.tombs = nil, fifo[rowTomb]{}
		if !kept[name] {
			g.closed, g.closedAt = true, 1
			delete(w.byName, name)
		}
	}
	w.alive = 0
	return nil
}

func (r *Room) playerOf(s *tickroomv1.PlayerState) (*Player, error) {
	p := &Player{
		Interest: NewInterest(r.World), ID: s.GetId(), Name: s.GetName(), InputSeq: s.GetInputSeq(), Spectator: s.GetSpectator(), PlayerID: s.GetPlayerId(),
		Roles: s.GetRoles(), Team: int(s.GetTeam()), Role: s.GetRole(), InMatch: s.GetInMatch(), Network: s.GetNetwork(),
		away: s.GetAway(), rtt: s.GetRtt(), message: s.GetMessage(), back: s.GetBack(), talk: allowance{s.GetTalkLevel(), s.GetTalkAt()},
	}
	if s.GetRemoved() {
		p.Remove(s.GetRemovedReason())
	}
	p.floor = r.committed
	for _, st := range s.GetSubscriptions() {
		i := slices.IndexFunc(r.groups, func(g *Group) bool { return g.id == st.GetGroup() })
		if i < 0 {
			return nil, fmt.Errorf("%w: player %d sees a group %d, which is not there", ErrSaved, p.ID, st.GetGroup())
		}
		g := r.groups[i]
		sub := subscription{group: g, from: st.GetFrom()}
		if v := st.GetView(); v != nil {
			if g.grid == nil {
				return nil, fmt.Errorf("%w: player %d has a view of group %q, which is not spatial", ErrSaved, p.ID, g.name)
			}
			sub.view = newView(g, v.GetRadius())
			sub.view.x, sub.view.y, sub.view.follow = v.GetX(), v.GetY(), Entity(v.GetFollow())
		}
		p.subs = append(p.subs, sub)
	}
	return p, nil
}

// RestoredPlayers returns all who are in a room that was restored, by ID. It is for servers.
func (r *Room) RestoredPlayers() []*Player {
	all := append(slices.Clone(r.players), r.spectators...)
	slices.SortFunc(all, func(a, b *Player) int { return int(a.ID) - int(b.ID) })
	return all
}
