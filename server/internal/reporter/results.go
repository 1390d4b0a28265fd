package reporter

import (
	"context"
	"slices"
	"time"

	"connectrpc.com/connect"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/world"
)

// maxResults bounds the results that could not be told yet. When there are as many, a
// further one is logged, and lost.
const maxResults = 4096

// result hands a result on; if the store is away, it is tried again.
func (r *Reporter) result(ctx context.Context, h *hosted, res world.Result, now time.Time) {
	if h.mode == nil || len(h.match.Teams) == 0 {
		return // no matcher has made a match of it
	}
	full, absent := h.attendance.result(res)
	req := &tickroomv1.ReportResultRequest{Room: h.match.ID}
	for _, t := range full.Teams {
		out := &tickroomv1.TeamResult{Rank: uint32(max(t.Rank, 1))}
		for _, p := range t.Players {
			if _, _, ok := h.match.Find(p.PlayerID); !ok {
				continue // came without the matchmaker, and is rated by nobody
			}
			out.Players = append(out.Players, &tickroomv1.PlayerResult{
				Player: p.PlayerID, Weight: p.Weight, Left: p.Left, Absent: absent[p.PlayerID],
			})
		}
		if len(out.Players) > 0 {
			req.Teams = append(req.Teams, out)
		}
	}
	if len(r.results) >= maxResults {
		r.o.Logger.Error("a result could not be told to the matchmaker, and is lost", "room", h.match.ID)
		return
	}
	r.results = append(r.results, req)
	if now.After(r.quiet) {
		r.deliver(ctx)
	}
}

// owed reports whether the result of a room is still to be told.
func (r *Reporter) owed(room string) bool {
	return slices.ContainsFunc(r.results, func(res *tickroomv1.ReportResultRequest) bool { return res.GetRoom() == room })
}

// deliver tells results. What the matchmaker refuses for good is logged and dropped.
func (r *Reporter) deliver(ctx context.Context) {
	for len(r.results) > 0 {
		req := r.results[0]
		var refused error // an answer: the store is there
		err := r.call(ctx, func(ctx context.Context) error {
			_, err := r.o.Results.Report(ctx, req)
			switch connect.CodeOf(err) {
			case connect.CodeUnavailable, connect.CodeDeadlineExceeded, connect.CodeCanceled:
				return err
			}
			refused = err
			return nil
		})
		switch {
		case err != nil:
			return
		case refused != nil:
			r.o.Logger.Error("the matchmaker refuses a result", "room", req.GetRoom(), "error", refused)
		default:
			r.o.Logger.Info("match rated", "room", req.GetRoom())
		}
		r.results = r.results[1:]
		if r.rooms[req.GetRoom()] == nil {
			r.forget(ctx, req.GetRoom())
		}
	}
}
