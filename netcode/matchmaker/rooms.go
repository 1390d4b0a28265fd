package matchmaker

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"connectrpc.com/connect"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
)

// maxListed is the most rooms of a list; the service sends 200.
const maxListed = 1000

// WatchRooms calls told with the rooms that are open to all and that the request wants, in the
// order of their ids, at once and whenever something has changed, about once a second at most.
// more is true if there are more such rooms than the request's page size. The slice is told's to
// keep; the rooms are not to be changed.
//
// It goes on until the context ends, through lost connections and a service that is away. The
// error is the context's, or an *Error if the service refuses to tell.
func (c *Client) WatchRooms(ctx context.Context, q *tickroomv1.WatchRoomsRequest, told func(rooms []*tickroomv1.RoomInfo, more bool)) error {
	return c.watching(ctx, "rooms", func(ctx context.Context) (bool, error) {
		rooms, more := map[string]*tickroomv1.RoomInfo{}, false
		return hear(ctx, c, "watch rooms", c.api.WatchRooms, q, func(w *tickroomv1.WatchRoomsResponse) (bool, error) {
			if !w.GetComplete() && len(w.GetRooms())+len(w.GetGone()) == 0 && w.GetMore() == more {
				return true, nil // the stream is alive
			}
			if w.GetComplete() {
				clear(rooms)
			}
			for _, r := range w.GetRooms() {
				rooms[r.GetRoom()] = r
			}
			for _, id := range w.GetGone() {
				delete(rooms, id)
			}
			if len(rooms) > maxListed { // it could grow for ever
				return false, &Error{What: "watch rooms", Code: connect.CodeOutOfRange, Text: fmt.Sprintf("a list of more than %d rooms", maxListed)}
			}
			more = w.GetMore()
			list := make([]*tickroomv1.RoomInfo, 0, len(rooms))
			for _, id := range slices.Sorted(maps.Keys(rooms)) {
				list = append(list, rooms[id])
			}
			told(list, more)
			return true, nil
		})
	})
}
