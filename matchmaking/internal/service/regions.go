package service

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"connectrpc.com/connect"

	"github.com/tickroom/tickroom/matchmaking/mode"
)

// inReach returns the latencies to those regions of a player's that nodes are in and that are
// near; nil if no node is in any, or the player names none. Where none is left it is an
// error.
func (s *Service) inReach(ctx context.Context, far map[string]time.Duration, near func(string, time.Duration) bool) (map[string]time.Duration, error) {
	if len(far) == 0 {
		return nil, nil
	}
	nodes, err := s.nodes(ctx)
	if err != nil {
		return nil, err
	}
	regions := map[string]bool{}
	for i := range nodes {
		regions[nodes[i].Region] = true
	}
	if delete(regions, ""); len(regions) == 0 {
		return nil, nil
	}
	out := maps.Clone(far)
	maps.DeleteFunc(out, func(region string, d time.Duration) bool { return !regions[region] || !near(region, d) })
	if len(out) == 0 {
		return nil, failed(connect.CodeFailedPrecondition, "no server is near enough: self.latency_ms names %s; there are servers in %s", names(far), names(regions))
	}
	return out, nil
}

// nearest returns the regions that a player can play in, the nearest first: those that it
// names, that there are, and that the mode allows in the end.
func (s *Service) nearest(ctx context.Context, md *mode.Mode, far map[string]time.Duration) ([]string, error) {
	near, err := s.inReach(ctx, far, func(region string, d time.Duration) bool {
		return md == nil || float64(d)/float64(time.Millisecond) <= md.Latency.CapOf(region).Max()
	})
	if near == nil {
		return []string{""}, err
	}
	return slices.SortedFunc(maps.Keys(near), func(a, b string) int { return cmp.Or(cmp.Compare(far[a], far[b]), cmp.Compare(a, b)) }), nil
}
