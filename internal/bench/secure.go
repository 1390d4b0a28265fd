package bench

import (
	"context"
	"fmt"
)

// Rows about players who come by wss. What they are compared with is tickroom itself, measured in turns.

// encrypted compares clients that come by TLS with the same who come without.
func encrypted(ctx context.Context, r *runner, row *row, result *Result) error {
	return r.fronts(ctx, row, result, "plain", plainly, perClientTick)
}

// behindNginx compares them with those for whom nginx ends TLS; both processes count.
func behindNginx(ctx context.Context, r *runner, row *row, result *Result) error {
	return r.fronts(ctx, row, result, "nginx", byNginx, perClientTick)
}

// perSecond is how many clients joined in a second.
func perSecond(run *Run) float64 { return float64(run.Load.Clients) / run.Load.JoinS }

// joins compares how many clients join in a second, by TLS and without.
func joins(ctx context.Context, r *runner, row *row, result *Result) error {
	if err := r.fronts(ctx, row, result, "plain", plainly, perSecond); err != nil {
		return err
	}
	result.Score = result.Tickroom
	for _, side := range []string{"plain", "tickroom"} {
		var cost []float64
		for i := range result.Runs {
			if run := &result.Runs[i]; run.Side == side {
				cost = append(cost, run.Load.JoinCPUS*1e6/float64(run.Load.Clients))
			}
		}
		if len(cost) > 0 {
			result.note("%s: a join costs the server %.0f µs", side, median(cost))
		}
	}
	return nil
}

// fronts measures tickroom by TLS, and in another way, in turns.
func (r *runner) fronts(ctx context.Context, row *row, result *Result, name string, other front, figure func(*Run) float64) error {
	if r.FloorOnly {
		return nil
	}
	for round := range r.Rounds {
		what := fmt.Sprintf("%s: round %d of %d", row.name, round+1, r.Rounds)
		w := row.does
		w.front = other
		against, err := r.tickroom(ctx, what+", "+name, w, nil)
		if err != nil {
			return err
		}
		against.Side = name
		w.front = byTLS
		run, err := r.tickroom(ctx, what+", wss", w, nil)
		if err != nil {
			return err
		}
		result.Runs = append(result.Runs, against, run)
		result.Frame = run.Load.MeanFrame
	}
	result.Floor = result.summarise(name, figure)
	result.Tickroom = result.summarise("tickroom", figure)
	result.Score = ratio(result.Tickroom, result.Floor)
	return nil
}

// secureRows are the rows about wss.
var secureRows = []row{
	{
		name: "wss", work: "1,000 clients in rooms of 10, by wss", measure: "µs/client/tick",
		aim: aim{bound: 1.2, unit: " × plain"}, does: wss(1000), run: encrypted, runs: inTurns, figure: perClientTick,
	},
	{
		name: "wss-nginx", work: "500 clients in rooms of 10, by wss", measure: "µs/client/tick",
		aim: aim{bound: 0.4, unit: " × nginx in front"}, does: wss(500), figure: perClientTick, run: behindNginx, runs: inTurns,
	},
	{
		name: "joins", work: "2,000 clients join by wss", measure: "joins/s",
		aim: aim{bound: 1000, atLeast: true, unit: "/s"}, does: wss(2000), figure: perSecond, run: joins, runs: inTurns,
	},
	{
		name: "memory-wss", work: "5,000 idle clients, wss, tick-driven", measure: "KB/client",
		aim: aim{bound: 12, unit: " KB"}, does: idleWSS(), run: memory, runs: served(1), figure: growth,
	},
}

// wss is the work of small rooms by wss.
func wss(n int) work {
	w := small
	w.clients, w.front = n, byTLS
	return w
}

func idleWSS() work {
	w := idle("auto")
	w.front = byTLS
	return w
}

func inTurns(o *Options) int { return served(2 * o.Rounds)(o) }
