package metrics

import "time"

// ServiceCall counts a call of RoomService by its method and the name of its code, "ok" if it has
// succeeded.
func (m *Metrics) ServiceCall(method, code string, took time.Duration) {
	m.counter(serviceCalls, method, code).Inc()
	m.histogram(serviceSeconds, method).Observe(took.Seconds())
}

// Hooks are the metrics of what backends are told. It implements hooks.Metrics, which documents its
// methods.
type Hooks struct{ m *Metrics }

// Hooks returns the metrics of what backends are told.
func (m *Metrics) Hooks() *Hooks { return &Hooks{m} }

// Event counts an event.
func (h *Hooks) Event(typ string) { h.m.counter(hookEvents, typ).Inc() }

// Lost counts an event for which there was no place.
func (h *Hooks) Lost(typ string) { h.m.counter(hookLost, typ).Inc() }

// Buffered sets how many events are in memory.
func (h *Hooks) Buffered(n int) { h.m.gauge(hookBuffered).Set(float64(n)) }

// Delivered counts a webhook that has arrived.
func (h *Hooks) Delivered(webhook string, after time.Duration) {
	h.m.histogram(webhookSent, webhook).Observe(after.Seconds())
}

// Failed counts an attempt that has failed.
func (h *Hooks) Failed(webhook string) { h.m.counter(webhookFailed, webhook).Inc() }

// Buried counts a webhook that was given up.
func (h *Hooks) Buried(webhook string) { h.m.counter(webhookBuried, webhook).Inc() }

// Sender sets whether this server sends a webhook.
func (h *Hooks) Sender(webhook string, is bool) {
	v := 0.0
	if is {
		v = 1
	}
	h.m.gauge(webhookSender, webhook).Set(v)
}

// Waiting sets how many events wait for a webhook, and how many dead letters it has and has lost.
func (h *Hooks) Waiting(webhook string, waiting, dead int, lost uint64) {
	h.m.gauge(webhookWaiting, webhook).Set(float64(waiting))
	h.m.gauge(webhookDead, webhook).Set(float64(dead))
	h.m.gauge(webhookLost, webhook).Set(float64(lost))
}
