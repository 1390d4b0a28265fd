package service

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	"github.com/tickroom/tickroom/matchmaking/store"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

const (
	// lobbyEvery is the least time between two messages about a list of rooms. What
	// happens in between is told at once.
	lobbyEvery = time.Second
	// maxViews bounds the different lists that are watched.
	maxViews = 512
)

// lobby has the lists of rooms that are watched. Those who watch the same list share a view,
// which is worked out once for all of them.
type lobby struct {
	watches watches

	mu    sync.Mutex
	views map[viewKey]*view
}

// viewKey is what a list of rooms was asked for with.
type viewKey struct {
	kind, mode, query string
	size              int
}

// view is a list of rooms as it is now.
type view struct {
	wish *wish
	size int

	watchers int // guarded by the lobby's mu

	mu   sync.Mutex
	of   []store.Listing // what the page is a part of
	page *lobbyPage
}

// lobbyPage is what a list was at one time. It does not change, and what has not changed
// since the page before is the same in memory.
type lobbyPage struct {
	rooms []*tickroomv1.RoomInfo // by id
	more  bool
}

// view returns the view of a list, until done is called.
func (l *lobby) view(w *wish, k viewKey) (_ *view, done func(), err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	v := l.views[k]
	if v == nil {
		if len(l.views) == maxViews {
			return nil, nil, later(connect.CodeUnavailable, lookEvery, "too many different lists of rooms are watched; try again in %d s, or ask for one that others watch", seconds(lookEvery))
		}
		v = &view{wish: w, size: k.size, page: &lobbyPage{}}
		l.views[k] = v
	}
	v.watchers++
	return v, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if v.watchers--; v.watchers == 0 {
			delete(l.views, k)
		}
	}, nil
}

// now returns the list as it is when all are the rooms of the directory, by id, which is
// the same slice for as long as they are as they were.
func (v *view) now(all []store.Listing) *lobbyPage {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(all) > 0 && len(all) == len(v.of) && &all[0] == &v.of[0] {
		return v.page
	}
	before, next := v.page, &lobbyPage{}
	for i := range all {
		r := &all[i]
		if !v.wish.fits(r) {
			continue
		}
		if next.more = len(next.rooms) == v.size; next.more {
			break
		}
		told := Info(r)
		if was := before.find(r.ID); was != nil && proto.Equal(was, told) {
			told = was
		}
		next.rooms = append(next.rooms, told)
	}
	v.of, v.page = all, next
	return next
}

func (p *lobbyPage) find(id string) *tickroomv1.RoomInfo {
	i, ok := slices.BinarySearchFunc(p.rooms, id, func(r *tickroomv1.RoomInfo, id string) int { return strings.Compare(r.GetRoom(), id) })
	if !ok {
		return nil
	}
	return p.rooms[i]
}

// since returns what to tell somebody who knows an older page, nil for nobody does, and
// whether that is anything.
func (p *lobbyPage) since(known *lobbyPage) (m *tickroomv1.WatchRoomsResponse, news bool) {
	m = &tickroomv1.WatchRoomsResponse{More: p.more}
	if known == nil {
		m.Complete, m.Rooms = true, p.rooms
		return m, true
	}
	for _, r := range p.rooms {
		if known.find(r.GetRoom()) != r {
			m.Rooms = append(m.Rooms, r)
		}
	}
	for _, r := range known.rooms {
		if p.find(r.GetRoom()) == nil {
			m.Gone = append(m.Gone, r.GetRoom())
		}
	}
	return m, len(m.Rooms)+len(m.Gone) > 0 || p.more != known.more
}

// WatchRooms lists rooms that are open to all, and goes on telling what changes.
func (s *Service) WatchRooms(ctx context.Context, req *connect.Request[tickroomv1.WatchRoomsRequest], stream *connect.ServerStream[tickroomv1.WatchRoomsResponse]) (err error) {
	defer func() { err = s.tell(caller(ctx).Player, "WatchRooms", err, s.refuse(ctx, "watch rooms", err)) }()
	var q request
	w := q.wish(s, req.Msg.GetMode(), req.Msg.GetKind(), req.Msg.GetQuery())
	k := viewKey{w.kind, w.modeName, req.Msg.GetQuery(), q.pageSize(req.Msg.GetPageSize())}
	if q.err != nil {
		return q.err
	}
	end, err := s.lobby.watches.begin(caller(ctx).Player)
	if err != nil {
		return err
	}
	defer end()
	v, done, err := s.lobby.view(w, k)
	if err != nil {
		return err
	}
	defer done()
	return s.watchView(ctx, v, stream.Send)
}

// watchView tells about a view until ctx is done. While the directory is away, after the
// first message, the list stays as it was.
func (s *Service) watchView(ctx context.Context, v *view, send func(*tickroomv1.WatchRoomsResponse) error) error {
	look := time.NewTicker(lobbyEvery)
	defer look.Stop()
	var known *lobbyPage
	var sent time.Time
	for {
		all, err := s.rooms(ctx)
		switch {
		case err == nil:
			page := v.now(all)
			if m, news := page.since(known); news || time.Since(sent) > keepAlive-lobbyEvery {
				if err := send(m); err != nil {
					return err
				}
				sent = time.Now()
			}
			known = page
		case known == nil || ctx.Err() != nil:
			return err
		case time.Since(sent) > keepAlive-lobbyEvery:
			if err := send(&tickroomv1.WatchRoomsResponse{More: known.more}); err != nil {
				return err
			}
			sent = time.Now()
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return ctx.Err()
		case <-s.closed:
			return later(connect.CodeUnavailable, time.Second, "the server is going away; watch again")
		}
	}
}
