package roomservice

import (
	"cmp"
	"context"
	"encoding/base64"
	"slices"
	"strings"
	"sync"
	"time"

	"connectrpc.com/connect"

	"github.com/tickroom/tickroom/matchmaking"
	"github.com/tickroom/tickroom/matchmaking/store"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// fresh is how long the list of rooms is used before it is asked for again. For somebody who looks
// for a room that is not in it, it is asked for at once, by one caller for all who wait.
const fresh = time.Second

// rooms is the list of the rooms of all servers, by id, as of a moment ago.
type rooms struct {
	directory store.Directory
	lock      chan struct{} // holds one: it is being read

	mu   sync.Mutex
	list []store.Listing // not to be changed
	at   time.Time
}

func newRooms(d store.Directory) *rooms { return &rooms{directory: d, lock: make(chan struct{}, 1)} }

// get returns the list, as of no earlier than since.
func (r *rooms) get(ctx context.Context, since time.Time) ([]store.Listing, error) {
	if list := r.current(since); list != nil {
		return list, nil
	}
	select {
	case r.lock <- struct{}{}:
		defer func() { <-r.lock }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if list := r.current(since); list != nil {
		return list, nil
	}
	ctx, cancel := context.WithTimeout(ctx, store.CallTimeout)
	defer cancel()
	at := time.Now()
	list, err := r.directory.Rooms(ctx, "", "")
	if err != nil {
		return nil, err
	}
	if list == nil {
		list = []store.Listing{}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list, r.at = list, at
	return list, nil
}

func (r *rooms) current(since time.Time) []store.Listing {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.at.Before(since) {
		return nil
	}
	return r.list
}

func byID(r store.Listing, id string) int { return strings.Compare(r.ID, id) }

// find returns a room of any server, by its id. Who is bound to other kinds is told that it is not
// there.
func (s *Service) find(ctx context.Context, id string) (*store.Listing, error) {
	var q request
	if q.id("room", id); q.err != nil {
		return nil, q.err
	}
	c := callerOf(ctx)
	if e := s.o.Registry.Get(id); e != nil {
		if !c.MayKind(e.Kind) {
			return nil, c.noRoom(id)
		}
		l := e.Listing()
		return &l, nil
	}
	now := time.Now()
	for _, since := range []time.Time{now.Add(-fresh), now} {
		list, err := s.rooms.get(ctx, since)
		if err != nil {
			return nil, err
		}
		if i, ok := slices.BinarySearchFunc(list, id, byID); ok && c.MayKind(list[i].Kind) {
			return &list[i], nil
		}
	}
	return nil, c.noRoom(id)
}

// noRoom says that there is no room with an id, as far as the caller may know.
func (c *caller) noRoom(id string) *connect.Error {
	if len(c.Kinds) > 0 {
		return failed(connect.CodeNotFound, "there is no room %s of the kinds that the token is bound to: %s", short(id), list(c.Kinds))
	}
	return noRoom(id)
}

func noRoom(id string) *connect.Error {
	return failed(connect.CodeNotFound, "there is no room %s", short(id))
}

// ListRooms lists rooms.
func (s *Service) ListRooms(ctx context.Context, req *connect.Request[tickroomv1.RoomServiceListRoomsRequest]) (*connect.Response[tickroomv1.RoomServiceListRoomsResponse], error) {
	m, c := req.Msg, callerOf(ctx)
	var q request
	size := cmp.Or(int(m.GetPageSize()), defaultPage)
	q.must(size <= maxPage, "page_size is %d; it must be from 1 to %d, or 0 for %d", size, maxPage, defaultPage)
	after, err := base64.RawURLEncoding.DecodeString(m.GetPageToken())
	q.must(err == nil && len(after) <= maxID, "page_token is none that was given as next_page_token")
	fits, err := matchmaking.RoomFilter(m.GetQuery())
	q.must(err == nil, "query: %v", err)
	if q.err != nil {
		return nil, q.err
	}
	all, err := s.rooms.get(ctx, time.Now().Add(-fresh))
	if err != nil {
		return nil, err
	}
	out := &tickroomv1.RoomServiceListRoomsResponse{}
	// The list is by id, and a page begins after an id: rooms that come or go meanwhile move no
	// others.
	i, found := slices.BinarySearchFunc(all, string(after), byID)
	if found {
		i++
	}
	for ; i < len(all); i++ {
		switch r := &all[i]; {
		case !c.MayKind(r.Kind) || m.GetKind() != "" && r.Kind != m.GetKind() || m.GetMode() != "" && r.Mode != m.GetMode() || !fits(r):
		case len(out.GetRooms()) == size:
			out.NextPageToken = base64.RawURLEncoding.EncodeToString([]byte(out.GetRooms()[size-1].GetInfo().GetRoom()))
			return connect.NewResponse(out), nil
		default:
			out.Rooms = append(out.Rooms, known(r))
		}
	}
	return connect.NewResponse(out), nil
}

// known returns what backends know of a room.
func known(r *store.Listing) *tickroomv1.ServiceRoom {
	out := &tickroomv1.ServiceRoom{
		Info: matchmaking.RoomInfo(r), Node: r.Node, Url: r.URL, Private: r.Private, Closed: r.Closed, Running: r.Revision > 0,
	}
	out.Chosen = r.Shown()
	return out
}
