package quiz

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tickroom/tickroom/world"
)

// Values of the option opens.
const (
	opensFiles   = "files"
	opensHosts   = "hosts"
	opensAnybody = "anybody"
)

func checkOpens(value string) error { return world.OneOf(opensFiles, opensHosts, opensAnybody)(value) }

// mayOpen returns why a client may not have a show opened. Hosts may open any, and send what is to be asked.
func mayOpen(ctx context.Context, o *world.Opening, read Reader) error {
	if role := o.House["role"]; role == "" || slices.Contains(o.Roles, role) {
		return nil
	}
	if o.Stage["opens"] == opensHosts {
		return errors.New("the show is not there; a host opens it")
	}
	file, anybody := o.Stage["file"], o.Stage["opens"] == opensAnybody
	name := strings.ReplaceAll(file, "*", o.Show)
	switch {
	case file == "" || file == "none" || read == nil:
		if file == "" && o.Usual || anybody {
			return nil
		}
		return fmt.Errorf("there is no show %q; a host opens it", o.Show)
	case !o.Usual && name == file && !anybody: // the file is not of this show
		return fmt.Errorf("there is no show %q", o.Show)
	}
	if _, err := read(ctx, name); err != nil {
		return fmt.Errorf("there is no show %q", o.Show)
	}
	return nil
}
