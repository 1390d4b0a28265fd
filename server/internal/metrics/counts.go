package metrics

// Count is one of the things that a room counts while it ticks.
type Count int

// What a room counts. Each has a line in countOf, by which it is exported.
const (
	BytesIn Count = iota
	BytesOut
	MessagesIn
	MessagesOut

	Snapshots
	SkippedBusy   // the socket had not taken the last one whole
	SkippedWindow // too many ticks are unacknowledged
	SkippedRate   // the client is sent fewer

	InputsAccepted // those that came in time
	InputsLate     // those that came after their tick
	InputsDropped  // those that were too many or too early

	CommandsDone
	CommandsUnknown
	CommandsMalformed
	CommandsRefused
	CommandsLimited

	Mismatches

	// Messages of the bus.
	BusPosted
	BusLost // too many, too long, or to a topic that can't be
	BusHanded
	BusRepeated // came again, or too late
	BusRefused  // the game has no handler, or can't read it
	BusMissed   // times that a room has missed messages

	// Clients that were closed since they sent too much of something.
	MessagesLimited
	BytesLimited
	TokensLimited

	// Backlog is the number of bytes that wait in outboxes. It is no counter; see
	// RoomMetrics.Size.
	Backlog
	// Tokens counts the tokens that have come to be checked. It is not exported.
	Tokens

	numCounts
)

// countOf has, for each Count, the counter by which it is exported and the value of that
// counter's second label, if it has one.
var countOf = [numCounts]struct {
	counter
	value string
}{
	BytesIn:           {receivedBytes, ""},
	BytesOut:          {sentBytes, ""},
	MessagesIn:        {receivedMessages, ""},
	MessagesOut:       {sentMessages, ""},
	Snapshots:         {snapshotsSent, ""},
	SkippedBusy:       {snapshotsSkipped, "busy"},
	SkippedWindow:     {snapshotsSkipped, "window"},
	SkippedRate:       {snapshotsSkipped, "rate"},
	InputsAccepted:    {inputs, "accepted"},
	InputsLate:        {inputs, "late"},
	InputsDropped:     {inputs, "dropped"},
	CommandsDone:      {commands, "done"},
	CommandsUnknown:   {commands, "unknown"},
	CommandsMalformed: {commands, "malformed"},
	CommandsRefused:   {commands, "refused"},
	CommandsLimited:   {commands, "limited"},
	Mismatches:        {hashMismatches, ""},
	BusPosted:         {busMessages, "posted"},
	BusLost:           {busMessages, "lost"},
	BusHanded:         {busMessages, "handed"},
	BusRepeated:       {busMessages, "repeated"},
	BusRefused:        {busMessages, "refused"},
	BusMissed:         {busMissed, ""},
	MessagesLimited:   {limited, "messages"},
	BytesLimited:      {limited, "bytes"},
	TokensLimited:     {limited, "tokens"},
	Backlog:           {notExported, ""},
	Tokens:            {notExported, ""},
}

// notExported is what a Count has in countOf that is no counter on purpose.
var notExported = counter{&metric{class: "counter", name: "none"}}

// Counts holds a number for each Count.
type Counts [numCounts]int

// Add adds the numbers of o to those of c.
func (c *Counts) Add(o *Counts) {
	for i, n := range o {
		c[i] += n
	}
}
