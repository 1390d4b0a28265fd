package match

import (
	"testing"
	"time"

	"github.com/tickroom/tickroom/matchmaking/mode"
	"github.com/tickroom/tickroom/matchmaking/store"
)

func benchPass(b *testing.B, md mode.Mode, tickets []store.Ticket, opts ...Option) {
	var s summary
	var spent time.Duration
	for b.Loop() {
		b.StopTimer()
		m := mustNew(b, md, opts...)
		mustAdd(b, m, tickets...)
		b.StartTimer()
		from := cpu()
		r := m.Pass(epoch)
		spent += cpu() - from
		b.StopTimer()
		s = summarise(r.Matches)
		b.StartTimer()
	}
	b.ReportMetric(float64(spent.Microseconds())/1000/float64(b.N), "cpu-ms")
	b.ReportMetric(float64(s.players), "players")
	b.ReportMetric(s.spread, "spread")
	b.ReportMetric(s.balance, "balance")
}

func BenchmarkPass10k(b *testing.B)      { benchPass(b, fives(), alike(10_000, 1, 0)) }
func BenchmarkPass10kAges(b *testing.B)  { benchPass(b, fives(), alike(10_000, 1, time.Minute)) }
func BenchmarkPass100k(b *testing.B)     { benchPass(b, fives(), alike(100_000, 1, 0)) }
func BenchmarkPassMixed10k(b *testing.B) { benchPass(b, mixedMode(), mixed(10_000, 1, time.Minute)) }

func BenchmarkAdd(b *testing.B) {
	tickets := alike(100_000, 1, time.Minute)
	m := mustNew(b, fives())
	i := 0
	for b.Loop() {
		if i == len(tickets) {
			b.StopTimer()
			m, i = mustNew(b, fives()), 0
			b.StartTimer()
		}
		if err := m.Add(&tickets[i]); err != nil {
			b.Fatal(err)
		}
		i++
	}
}
