package journal

import "github.com/tickroom/tickroom/world"

// Op says which call of a Caller a Call is.
type Op uint8

// The calls. Their numbers are those of the format.
const (
	OpInput     Op = iota // no Call has it: see Recorder.RecordInput
	OpStep                // the tick ends
	OpNow                 // Number: the time, in µs since 1970
	OpJoin                // Player, Data
	OpLeave               // Player
	OpAway                // Player
	OpBack                // Player
	OpCommand             // Player, ID, Data; Number: which one it is of the client's, 0 if nobody counts
	OpMessage             // From, ID, Data
	OpOutcome             // Outcome
	OpDeaf                // Topic
	OpHears               // Topic, Flag: messages were missed
	OpShowEpoch           // Number
	OpRTT                 // Player, Seconds
	OpRoles               // Player, whose roles are to be Roles
	OpAnew                // Player: its client numbers inputs anew
	OpHeard               // Since, Number: between which times, in µs since 1970
	ops
)

var opNames = [ops]string{
	"input", "step", "now", "join", "leave", "away", "back", "command", "message", "outcome", "deaf", "hears", "show epoch", "rtt", "roles", "anew", "heard",
}

// String returns the name of the call.
func (o Op) String() string {
	if o < ops {
		return opNames[o]
	}
	return "unknown"
}

// Call is a call that is about to be made. Which fields it has depends on Op; the others are
// zero. It is valid, with all that it leads to, until the recorder returns.
type Call struct {
	Op      Op
	Flag    bool
	ID      uint32 // of a command or message in the schema
	Number  uint64
	Since   int64
	Player  *world.Player
	Data    []byte
	Topic   string
	Seconds float64
	Roles   []string
	From    *world.Posting
	Outcome *world.Outcome
}

// Recorder is told what reaches a game. Its methods are called by whoever calls the Caller, in the path
// of the tick: they must not block, and not change what they are shown.
type Recorder interface {
	// Begin is called before the room's game is made.
	Begin(k *world.Kind, with *world.Setup)
	// Record is called before each other call that is made.
	Record(c *Call)
	// RecordInput is called before an input is handed over. There are more inputs than of all else, so they
	// are no Calls.
	RecordInput(p *world.Player, in world.Input)
	// Stepped is called after each tick that has ended well.
	Stepped(r *world.Room)
}
