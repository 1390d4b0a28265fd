package metrics

import (
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// Totals are what a kind of room has counted since the server's start, to make rates
// of.
type Totals struct {
	MessagesIn, MessagesOut float64
	BytesIn, BytesOut       float64
	Snapshots               float64
	Ticks, TickSeconds      float64 // ticks, and the time that they took
}

// Sub returns what was counted since an earlier time.
func (t Totals) Sub(before Totals) Totals {
	return Totals{
		t.MessagesIn - before.MessagesIn, t.MessagesOut - before.MessagesOut, t.BytesIn - before.BytesIn, t.BytesOut - before.BytesOut,
		t.Snapshots - before.Snapshots, t.Ticks - before.Ticks, t.TickSeconds - before.TickSeconds,
	}
}

// Add returns the sum of the two.
func (t Totals) Add(u Totals) Totals {
	return Totals{
		t.MessagesIn + u.MessagesIn, t.MessagesOut + u.MessagesOut, t.BytesIn + u.BytesIn, t.BytesOut + u.BytesOut,
		t.Snapshots + u.Snapshots, t.Ticks + u.Ticks, t.TickSeconds + u.TickSeconds,
	}
}

// Totals returns what has been counted. It costs a few microseconds.
func (k *KindMetrics) Totals() Totals {
	ticks := read(k.duration).GetHistogram()
	return Totals{
		MessagesIn: k.counted(MessagesIn), MessagesOut: k.counted(MessagesOut),
		BytesIn: k.counted(BytesIn), BytesOut: k.counted(BytesOut), Snapshots: k.counted(Snapshots),
		Ticks: float64(ticks.GetSampleCount()), TickSeconds: ticks.GetSampleSum(),
	}
}

// Clients returns how many clients are in rooms of the kind, without those whose
// connection is lost.
func (k *KindMetrics) Clients() int { return int(read(k.gauge(clients)).GetGauge().GetValue()) }

func (k *KindMetrics) counted(c Count) float64 { return read(k.counts[c]).GetCounter().GetValue() }

func read(of any) *dto.Metric {
	var m dto.Metric
	if metric, ok := of.(prometheus.Metric); ok { // as all of them are
		_ = metric.Write(&m) // what is made here can be written
	}
	return &m
}
