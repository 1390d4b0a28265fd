package metrics

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestQueues(t *testing.T) {
	t.Parallel()
	m := New("test")
	q := m.Queues()
	q.Held("duel", true)
	q.Held("old", false)
	q.Waiting("duel", 7, 2)
	q.Pass("duel", 2*time.Millisecond)
	q.Match("duel", 3, 1, 50, []time.Duration{time.Second, 20 * time.Second})
	q.Fill("duel", 2, []time.Duration{time.Second})
	q.TimedOut("duel", 4)
	q.NoNode("duel", "eu")
	q.Error("duel")
	const want = `
# HELP tickroom_queue_given_up_total Tickets that were given up: they waited too long, or don't fit the mode.
# TYPE tickroom_queue_given_up_total counter
tickroom_queue_given_up_total{mode="duel"} 4
# HELP tickroom_queue_held 1 while this server runs the queue, else 0.
# TYPE tickroom_queue_held gauge
tickroom_queue_held{mode="duel"} 1
tickroom_queue_held{mode="old"} 0
# HELP tickroom_queue_matched_bots_total Bots of the matches that were made.
# TYPE tickroom_queue_matched_bots_total counter
tickroom_queue_matched_bots_total{mode="duel"} 1
# HELP tickroom_queue_matched_players_total Players of the matches that were made.
# TYPE tickroom_queue_matched_players_total counter
tickroom_queue_matched_players_total{mode="duel"} 3
# HELP tickroom_queue_no_node_total Times that a match had to wait since no node could take it.
# TYPE tickroom_queue_no_node_total counter
tickroom_queue_no_node_total{mode="duel",region="eu"} 1
# HELP tickroom_queue_undecided_tickets Tickets of which the store has not said whether they are matched.
# TYPE tickroom_queue_undecided_tickets gauge
tickroom_queue_undecided_tickets{mode="duel"} 2
# HELP tickroom_queue_waiting_tickets Tickets that wait in the queue, as the server knows that runs it.
# TYPE tickroom_queue_waiting_tickets gauge
tickroom_queue_waiting_tickets{mode="duel"} 7
`
	err := testutil.GatherAndCompare(m.Registry(), strings.NewReader(want), "tickroom_queue_given_up_total", "tickroom_queue_held",
		"tickroom_queue_matched_bots_total", "tickroom_queue_matched_players_total", "tickroom_queue_no_node_total",
		"tickroom_queue_undecided_tickets", "tickroom_queue_waiting_tickets")
	if err != nil {
		t.Error(err)
	}
	if n, err := testutil.GatherAndCount(m.Registry(), "tickroom_queue_wait_seconds", "tickroom_queue_pass_seconds", "tickroom_queue_rating_spread",
		"tickroom_queue_filled_players_total", "tickroom_queue_matches_total", "tickroom_queue_errors_total"); n != 6 || err != nil {
		t.Errorf("%d are there, %v", n, err)
	}
}
