package operator

import (
	"context"
	"errors"
	"os"

	"github.com/tickroom/tickroom/server/internal/admin"
	"github.com/tickroom/tickroom/server/internal/blackbox"
	"github.com/tickroom/tickroom/server/internal/registry"
	"github.com/tickroom/tickroom/server/internal/room"
)

// Boxes are the black boxes of a server. It implements admin.Boxes.
type Boxes struct {
	Registry *registry.Registry
	Store    *blackbox.Store
}

// Keep writes the newest part of a room's journal, and returns the file's name.
func (o Boxes) Keep(ctx context.Context, id, why string) (name string, err error) {
	e := o.Registry.Get(id)
	if e == nil {
		return "", admin.ErrNoRoom
	}
	var box room.BlackBox
	var ok bool
	switch err := e.Do(ctx, func(r *room.Engine) { box, ok = r.BlackBox(room.KeptOperator, why) }); {
	case errors.Is(err, room.ErrEnded):
		return "", admin.ErrNoRoom
	case err != nil:
		return "", err
	case !ok:
		return "", errors.New("the room has no journal, since journal.ring was 0 when it was made")
	}
	return o.Store.Write(blackbox.Box(box))
}

// List returns the files, the newest first.
func (o Boxes) List() (out []admin.BoxInfo, err error) {
	files, err := o.Store.List()
	for _, f := range files {
		out = append(out, admin.BoxInfo(f))
	}
	return out, err
}

// Open opens a file.
func (o Boxes) Open(name string) (*os.File, error) {
	f, err := o.Store.Open(name)
	if errors.Is(err, blackbox.ErrNoFile) {
		return nil, admin.ErrNoBox
	}
	return f, err
}
