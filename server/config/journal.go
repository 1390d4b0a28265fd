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
}
