package server

import (
	"fmt"

	"github.com/tickroom/tickroom/server/internal/blackbox"
	"github.com/tickroom/tickroom/server/internal/room"
)

// openBlackBoxes makes what keeps rooms' journals, if it is configured.
func (s *Server) openBlackBoxes() (err error) {
	c := &s.cfg.Journal
	if c.Directory == "" {
		return nil
	}
	if s.boxes, err = blackbox.New(c.Directory, c.MaxFiles, int64(c.MaxBytes), s.log); err != nil {
		return fmt.Errorf("server: %w", err)
	}
	return nil
}

// blackBox returns what rooms hand their journals to; nil: nobody keeps them.
func (s *Server) blackBox() func(room.BlackBox) {
	if s.boxes == nil {
		return nil
	}
	return func(b room.BlackBox) { s.boxes.Add(blackbox.Box(b)) }
}
