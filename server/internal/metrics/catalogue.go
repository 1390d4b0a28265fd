package metrics

// This file declares every metric of a server, once: its name without the prefix
// "tickroom_", its help, and its labels. From here it is registered, exported, and
// listed in docs/metrics.md. What a room counts in each tick needs a line in counts.go
// as well.

// Labels that several metrics have.
var (
	byKind = label{name: "kind"} // of room
	byMode = label{name: "mode"} // of a match
)

// Buckets of the histograms: in seconds, but for spreadBuckets.
var (
	// tickBuckets go from an idle room to one that can't keep up at any rate.
	tickBuckets = []float64{
		50e-6, 100e-6, 200e-6, 400e-6, 800e-6, 1.5e-3, 3e-3, 6e-3, 10e-3, 15e-3, 20e-3, 30e-3, 50e-3, 100e-3, 250e-3, 1,
	}
	// lateBuckets are fine where it matters whether players feel it.
	lateBuckets = []float64{
		50e-6, 100e-6, 200e-6, 300e-6, 500e-6, 750e-6, 1e-3, 1.5e-3, 2e-3, 3e-3, 5e-3, 7.5e-3, 10e-3, 20e-3, 50e-3, 100e-3,
	}
	// waitBuckets are how long players wait for a match, from at once to forever.
	waitBuckets = []float64{0.25, 0.5, 1, 2, 3, 5, 7.5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600}
	// passBuckets are how long a pass takes, up to where one server is not enough.
	passBuckets = []float64{100e-6, 300e-6, 1e-3, 3e-3, 10e-3, 30e-3, 100e-3, 300e-3, 1, 3, 10}
	// callBuckets are how long a call of a backend takes, which may wait for another server.
	callBuckets = []float64{1e-3, 3e-3, 10e-3, 30e-3, 100e-3, 300e-3, 1, 3}
	// spreadBuckets are in points of rating.
	spreadBuckets = []float64{10, 20, 30, 40, 60, 80, 100, 150, 200, 300, 400, 600, 1000}
)

// Rooms, and who is in them.
var (
	rooms         = newGauge("rooms", "Rooms that are running.", byKind)
	roomsAsleep   = newGauge("rooms_asleep", "Of the rooms that are running, those in which nobody is connected and whose world stands still.", byKind)
	clients       = newGauge("clients", "Clients in rooms.", byKind)
	held          = newGauge("sessions_held", "Sessions held for clients whose connection is lost.", byKind)
	entities      = newGauge("entities", "Entities in the rooms' worlds.", byKind)
	roomsCreated  = newCounter("rooms_created_total", "Rooms that were made.", byKind)
	roomsClosed   = newCounter("rooms_closed_total", "Rooms that ended.", byKind)
	roomFailures  = newCounter("room_failures_total", "Rooms whose game panicked.", byKind)
	roomsKept     = newGauge("rooms_kept", "Rooms whose journal is kept, so that they go on when the server is started again.", byKind)
	roomsRestored = newCounter("rooms_restored_total", "Rooms that have gone on when the server was started again.", byKind)
	journalsLost  = newCounter("journals_lost_total", "Times that a room's journal was not kept any more: the disk was full or too slow, or it had become too long. Rooms with checkpoints are kept anew.", byKind)
	joins         = newCounter("joins_total", "Clients that joined a room.", byKind)
	leaves        = newCounter("leaves_total", "Clients that left a room for good.", byKind)
	resumes       = newCounter("resumes_total", "Sessions that were taken up again by a new connection, by whether the old one was known to be lost.",
		byKind, oneOf("connection", "lost", "taken_over"))
)

// Shows, and rooms that are spread.
var (
	showChanges = newCounter("show_changes_total", "What became of shows on this server: begun here; ended, since they had no houses or the server goes away; failed, or could not be made; lost, since another server has them. A show that begins without one that has ended was another server's, or failed.",
		oneOf("what", "begun", "ended", "failed", "lost"))
	openedAhead = newCounter("rooms_opened_ahead_total", "Rooms that were opened, here or elsewhere, before those that are like them were full.", byKind)
)

// Ticks.
var (
	tickDuration   = newHistogram("tick_duration_seconds", "Time that a tick takes: reading, simulating, committing and writing.", tickBuckets, byKind)
	tickLateness   = newHistogram("tick_lateness_seconds", "How much later than due a tick starts.", lateBuckets, byKind)
	ticksCaughtUp  = newCounter("ticks_caught_up_total", "Late ticks that were simulated right after another.", byKind)
	ticksDropped   = newCounter("ticks_dropped_total", "Late ticks that were never simulated.", byKind)
	hashMismatches = newCounter("hash_mismatches_total", "Clients that found their state's hash wrong.", byKind)
)

// What goes over the wire.
var (
	receivedBytes    = newCounter("received_bytes_total", "Bytes from clients.", byKind)
	receivedMessages = newCounter("received_messages_total", "Messages from clients.", byKind)
	sentBytes        = newCounter("sent_bytes_total", "Bytes to clients.", byKind)
	sentMessages     = newCounter("sent_messages_total", "Messages to clients.", byKind)
	backlogBytes     = newGauge("backlog_bytes", "Bytes waiting in clients' outboxes.", byKind)
	snapshotsSent    = newCounter("snapshots_sent_total", "Snapshots sent.", byKind)
	snapshotsSkipped = newCounter("snapshots_skipped_total", "Snapshots not sent: the socket was busy, the client's window of unacknowledged ticks full, or its rate lower.",
		byKind, oneOf("reason", "busy", "window", "rate"))
	inputs   = newCounter("inputs_total", "Inputs from clients: accepted in time, late, or dropped.", byKind, oneOf("result", "accepted", "late", "dropped"))
	commands = newCounter("commands_total", "Commands from clients, by how they ended.",
		byKind, oneOf("result", "done", "unknown", "malformed", "refused", "limited"))
)

// The bus, and work beside rooms.
var (
	busMessages = newCounter("bus_messages_total", "Messages that rooms posted, or lost since they were too many, too long or to a bad topic; and that were handed to games, or not: they had come before or too late, or the game has no handler for them.",
		byKind, oneOf("result", "posted", "lost", "handed", "repeated", "refused"))
	busMissed  = newCounter("bus_missed_total", "Times that a room was told that a topic has had messages that it has missed: they were not kept for long enough.", byKind)
	busQueue   = newGauge("bus_queue_messages", "Messages of rooms and backends that wait to be posted to Redis.")
	busUp      = newGauge("bus_up", "1 while the bus can be reached, else 0.")
	busAgain   = newCounter("bus_reposted_total", "Messages that were posted once more, since a fail-over of Redis had lost them.")
	asyncWork  = newCounter("async_total", "Work that was done beside rooms, by how it ended.", oneOf("result", "done", "failed", "late", "panicked", "abandoned"))
	asyncBusy  = newGauge("async_running", "Work that is being done beside rooms, late work that has not returned included.")
	asyncTimes = newHistogram("async_seconds", "How long work beside rooms took, waiting for a place included.", waitBuckets)
)

// Connections, and why they end.
var (
	connections        = newGauge("connections", "Connections that have been upgraded, in a room or not, by how they are carried.", oneOf("transport", "raw", "gws"))
	connectionsPending = newGauge("connections_pending", "Connections that have not joined a room yet.")
	openConnections    = newGauge("open_connections", "Connections to the clients' address that count: HTTP, WebSocket, and those that have said nothing.")
	openMax            = newGauge("open_connections_max", "The most of them that there may be: max_connections and some for HTTP, or what the limit of open files leaves.")
	tlsWaiting         = newGauge("tls_handshakes_waiting", "TLS handshakes that wait for their turn to compute: tls.handshakes of them do at a time.")
	tlsTurns           = newCounter("tls_handshake_turns_total", "Turns that TLS handshakes took: one in each of TLS 1.3, two in each of TLS 1.2.")
	tlsLate            = newCounter("tls_handshakes_late_total", "TLS handshakes that had waited for their turn for longer than handshake_timeout, and were given up.")
	shed               = newCounter("connections_shed_total", "Connections that were closed before their time: idle for too long, or to make place, where their address held most or was at its limit.", oneOf("reason", "idle", "full", "descriptors", "address", "refused"))
	closes             = newCounter("closes_total", "Connections of clients in rooms that ended, by WebSocket close code; 1006: broken.", label{name: "code"})
	rejected           = newCounter("rejected_total", "Connections and joiners that were turned away, by close code or another reason.", label{name: "reason"})
	refusals           = newCounter("refusals_total", "Clients and calls that were turned away, and clients that were put out, by stage and the operator's reason, as the log has them.",
		label{name: "stage"}, label{name: "why"})
	denied  = newCounter("denied_total", "Handshakes and players kept out by the limits of an address or a player, or by a ban.", label{name: "reason"})
	limited = newCounter("limited_total", "Clients that were closed since they sent too much: messages, bytes or tokens.",
		byKind, oneOf("reason", "messages", "bytes", "tokens"))
	memoryPressure   = newGauge("memory_pressure", "1 while the server is short of memory and refuses new players, rooms and tickets, else 0.")
	memoryLimit      = newGauge("memory_limit_bytes", "The limit of memory of the server's control group. 0: there is none.")
	memoryUsed       = newGauge("memory_used_bytes", "What the control group uses of it, without pages of files that the kernel can drop. 0: there is no limit.")
	addressesTracked = newGauge("addresses_tracked", "Addresses whose handshakes are remembered.")
	bans             = newCounter("bans_total", "Bans that were made, here or on another node.")
)

// Who clients are.
var (
	tokensRefused   = newCounter("tokens_refused_total", "Hellos whose token was refused or missing.", label{name: "reason"})
	tokenRenewals   = newCounter("token_renewals_total", "Tokens that were sent within a session, by result: renewed, or why not.", label{name: "result"})
	seats           = newCounter("seats_total", "Seats that clients have come with, by result: used, or why they were refused; given_back: used by somebody who was then turned away for another reason, and good again.", label{name: "result"})
	identityKeys    = newGauge("identity_keys", "Keys that tokens are checked with.")
	identityKeysAge = newGauge("identity_keys_age_seconds", "Time since the keys were last read, of the source for which that is longest; -1: one was never read.")
)

// The queues of matchmaking.
var (
	queueHeld           = newGauge("queue_held", "1 while this server runs the queue, else 0.", byMode)
	queueWaiting        = newGauge("queue_waiting_tickets", "Tickets that wait in the queue, as the server knows that runs it.", byMode)
	queueUndecided      = newGauge("queue_undecided_tickets", "Tickets of which the store has not said whether they are matched.", byMode)
	queuePasses         = newHistogram("queue_pass_seconds", "Time that a matching pass takes.", passBuckets, byMode)
	queueWaits          = newHistogram("queue_wait_seconds", "How long tickets that were matched have waited.", waitBuckets, byMode)
	queueSpread         = newHistogram("queue_rating_spread", "The highest less the lowest rating of the tickets of a match.", spreadBuckets, byMode)
	queueMatches        = newCounter("queue_matches_total", "Matches that were made.", byMode)
	queueMatchedPlayers = newCounter("queue_matched_players_total", "Players of the matches that were made.", byMode)
	queueMatchedBots    = newCounter("queue_matched_bots_total", "Bots of the matches that were made.", byMode)
	queueFilled         = newCounter("queue_filled_players_total", "Players who were sent to rooms that run.", byMode)
	queueGivenUp        = newCounter("queue_given_up_total", "Tickets that were given up: they waited too long, or don't fit the mode.", byMode)
	queueNoNode         = newCounter("queue_no_node_total", "Times that a match had to wait since no node could take it.", byMode, label{name: "region"})
	queueErrors         = newCounter("queue_errors_total", "Times that the store did not answer as it should.", byMode)
)

// What backends ask, and are told.
var (
	serviceCalls   = newCounter("service_calls_total", "Calls of RoomService by backends, by method and by how they ended.", label{name: "method"}, label{name: "code"})
	serviceSeconds = newHistogram("service_call_seconds", "Time that calls of RoomService take.", callBuckets, label{name: "method"})
	hookEvents     = newCounter("hook_events_total", "Events that are told to backends, by type.", label{name: "type"})
	hookLost       = newCounter("hook_events_lost_total", "Events that were lost since too many were in memory on their way, by type.", label{name: "type"})
	hookBuffered   = newGauge("hook_events_buffered", "Events in memory on their way to where they wait for webhooks.")
	webhookSent    = newHistogram("webhook_delay_seconds", "Time from an event until its webhook has arrived.", waitBuckets, label{name: "webhook"})
	webhookFailed  = newCounter("webhook_failures_total", "Attempts at webhooks that have failed.", label{name: "webhook"})
	webhookBuried  = newCounter("webhooks_buried_total", "Webhooks that were given up, and are dead letters.", label{name: "webhook"})
	webhookSender  = newGauge("webhook_sender", "1 while this server sends the webhook, else 0.", label{name: "webhook"})
	webhookWaiting = newGauge("webhooks_waiting", "Events that wait for a webhook, as the server knows that sends it.", label{name: "webhook"})
	webhookDead    = newGauge("webhooks_dead", "Dead letters of a webhook, as the server knows that sends it.", label{name: "webhook"})
	webhookLost    = newGauge("webhooks_lost", "Dead letters of a webhook that have made place for others, as the server knows that sends it.", label{name: "webhook"})
)

var buildInfo = newGauge("build_info", "1; the label says which version runs.", label{name: "version"})
