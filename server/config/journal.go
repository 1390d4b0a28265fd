package config

import "time"

// Journal is about what reached rooms, from which they can be played again: tickroom replay does that.
type Journal struct {
	// Ring is how many bytes of a room's journal are kept in memory: all of it for as long as that is
	// enough, and after that the newest 30 s. 0: none, and then there are no black boxes.
	Ring int `yaml:"ring" default:"1048576" min:"0" max:"1073741824"`
	// Directory is where black boxes are written: what is in memory of a room's journal when its game
	// panics, a client reports that its state is not the server's, a tick takes longer than
	// journal.late_tick, or an operator asks. Empty: nowhere.
	Directory string `yaml:"directory"`
	// MaxFiles is how many black boxes are kept. The oldest goes for each new one.
	MaxFiles int `yaml:"max_files" default:"50" min:"1" max:"100000"`
	// MaxBytes is how many bytes all black boxes may have. The oldest go for new ones.
	MaxBytes int `yaml:"max_bytes" default:"1073741824" min:"4096" max:"1125899906842624"`
	// LateTick is how long a tick may take before the room is kept in a black box, once a minute at
	// most. 0s: as long as it likes.
	LateTick time.Duration `yaml:"late_tick" default:"0s" min:"0s" max:"1m"`
	// Rooms is a folder for the journals of all rooms, of this server alone: when it is started again,
	// after whatever end, the rooms go on, and their players come back into them. Empty: rooms end with
	// their server.
	Rooms string `yaml:"rooms"`
	// RoomsBytes is how many bytes all journals there may have. Rooms for which there is no place are not kept,
	// which the log says.
	RoomsBytes int `yaml:"rooms_bytes" default:"4294967296" min:"65536" max:"1125899906842624"`
	// RoomBytes is how many bytes the journal of one room may have. A room whose game implements Save and
	// Restore begins a new one with what it is then; another one is not kept any more, which the log says.
	RoomBytes int `yaml:"room_bytes" default:"67108864" min:"65536" max:"1125899906842624"`
	// RoomsAge is how long ago a journal may have been written last by which a room goes on. 0s: however
	// long.
	RoomsAge time.Duration `yaml:"rooms_age" default:"1h" min:"0s" max:"8760h"`
	// Checkpoint is how often rooms are kept as they are whose game implements Save and Restore, so that
	// what was before need not be played again.
	Checkpoint time.Duration `yaml:"checkpoint" default:"5m" min:"1s" max:"24h"`
	// Fsync is how long it takes at most until what is written is on the disk. 0s: the system decides, so that
	// rooms survive the end of the process, and not that of the machine.
	Fsync time.Duration `yaml:"fsync" default:"0s" min:"0s" max:"1h"`
	// TryBuilds has journals played again that another build of the program has written, and compares what
	// comes of it. Else, and if it differs, rooms go on from their newest checkpoint, if they have
	// one.
	TryBuilds bool `yaml:"try_builds" default:"false"`
}
