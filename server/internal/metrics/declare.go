package metrics

import (
	"fmt"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
)

const prefix = "tickroom"

// label is one of a metric's labels, and the values that it has if they are few and
// known. A metric of which all labels are known is exported from the start, as 0.
type label struct {
	name   string
	values []string
}

func oneOf(name string, values ...string) label { return label{name, values} }

// metric is the declaration of a metric, as opposed to its values in one server's
// registry, which Metrics holds.
type metric struct {
	class   string // as Prometheus calls it: "counter", "gauge" or "histogram"
	name    string // without the prefix
	help    string
	labels  []label
	buckets []float64 // of a histogram
}

// A metric's declaration, by class: the methods of Metrics that return its values take
// no other.
type (
	counter   struct{ *metric }
	gauge     struct{ *metric }
	histogram struct{ *metric }
)

// declared holds all metrics in the order of their declarations.
var declared []*metric

func declare(m metric) *metric {
	declared = append(declared, &m)
	return &m
}

func newCounter(name, help string, labels ...label) counter {
	return counter{declare(metric{class: "counter", name: name, help: help, labels: labels})}
}

func newGauge(name, help string, labels ...label) gauge {
	return gauge{declare(metric{class: "gauge", name: name, help: help, labels: labels})}
}

func newHistogram(name, help string, buckets []float64, labels ...label) histogram {
	return histogram{declare(metric{class: "histogram", name: name, help: help, labels: labels, buckets: buckets})}
}

func (d *metric) labelNames() []string {
	names := make([]string, len(d.labels))
	for i, l := range d.labels {
		names[i] = l.name
	}
	return names
}

// register adds a metric to the registry.
func (m *Metrics) register(d *metric) {
	var v prometheus.Collector
	switch d.class {
	case "counter":
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: prefix, Name: d.name, Help: d.help}, d.labelNames())
		m.counters[d], v = c, c
	case "gauge":
		g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: prefix, Name: d.name, Help: d.help}, d.labelNames())
		m.gauges[d], v = g, g
	case "histogram":
		h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: prefix, Name: d.name, Help: d.help, Buckets: d.buckets}, d.labelNames())
		m.histograms[d], v = h, h
	default:
		panic(fmt.Sprintf("metrics: %s is a %q", d.name, d.class))
	}
	m.registry.MustRegister(v)
}

// export makes a metric appear with every combination of its labels' values, given those
// of the first ones. It does nothing if the values of another are not known.
func (m *Metrics) export(d *metric, values ...string) {
	if n := len(values); n < len(d.labels) {
		for _, v := range d.labels[n].values {
			m.export(d, append(slices.Clip(values), v)...)
		}
		return
	}
	switch d.class {
	case "counter":
		m.counter(counter{d}, values...)
	case "gauge":
		m.gauge(gauge{d}, values...)
	case "histogram":
		m.histogram(histogram{d}, values...)
	}
}

// counter returns a counter's value for the labels' values, in the order in which the
// labels are declared.
func (m *Metrics) counter(c counter, values ...string) prometheus.Counter {
	return m.counters[c.metric].WithLabelValues(values...)
}

func (m *Metrics) gauge(g gauge, values ...string) prometheus.Gauge {
	return m.gauges[g.metric].WithLabelValues(values...)
}

func (m *Metrics) histogram(h histogram, values ...string) prometheus.Observer {
	return m.histograms[h.metric].WithLabelValues(values...)
}
