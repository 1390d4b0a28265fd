package world

import (
	"fmt"
	"maps"
	"slices"
)

// ShowOf says which show the rooms of a kind are houses of: the room of another kind that all of
// them belong to, on whatever server, whose option has the same value. See Kind.Show.
type ShowOf struct {
	// Kind is the kind of the show's room. Its rooms have the options OptionShow and OptionEpoch.
	Kind string
	// Option is the option of the house that names the show.
	Option string
}

// Opening is a show that a client would have opened, by coming to it: it is not there yet.
type Opening struct {
	// Show is its name. Usual reports whether it is the show of clients that name none.
	Show  string
	Usual bool
	// Roles are those of the client in that show; see Player.Roles.
	Roles []string
	// House and Stage are the options that the house and the show's room would have, all of them by name.
	House, Stage map[string]string
}

// Options of the kinds of shows, which the server sets.
const (
	// OptionShow is the show's name.
	OptionShow = "show"
	// OptionEpoch is the number of the claim by which the server has made the show: a whole number
	// above 0, higher each time that a show of the name is made anew, on whatever server. A show puts
	// it into what it posts to its houses, which pass over what has a lower one than they have seen:
	// it is of a server that does not know yet that the show is another one's.
	OptionEpoch = "epoch"
)

// MaxShowName is the longest name of a show, in bytes.
const MaxShowName = 64

// CheckShowName returns what is wrong with a show's name, nil if nothing is: it has 1 to
// MaxShowName letters and digits of ASCII and ".", "_", "-", so that topics can be named after it, and
// does not begin with ".", so that files and folders can, too.
func CheckShowName(name string) error {
	if name == "" || len(name) > MaxShowName {
		return fmt.Errorf("the name of the show has %d bytes; it must have 1 to %d", len(name), MaxShowName)
	}
	if name[0] == '.' {
		return fmt.Errorf("the name of the show %q begins with a dot", name)
	}
	for _, c := range name {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '_', c == '-':
		default:
			return fmt.Errorf("the name of the show %q has a %q in it; letters, digits and . _ - are allowed", name, c)
		}
	}
	return nil
}

// ShowName returns the name of the show that a room of the kind is a house of which is made with
// some options; empty: it is none.
func (k *Kind) ShowName(options map[string]string) string {
	if k.Show == nil {
		return ""
	}
	if v, ok := options[k.Show.Option]; ok {
		return v
	}
	if o := k.option(k.Show.Option); o != nil {
		return o.Default
	}
	return ""
}

// Filled returns options of a kind, with the defaults of those that are not there. It is for servers.
func (k *Kind) Filled(options map[string]string) map[string]string {
	all := map[string]string{}
	for i := range k.Options {
		all[k.Options[i].Name] = k.Options[i].Default
	}
	maps.Copy(all, options)
	return all
}

// option returns the option with a name; nil: there is none.
func (k *Kind) option(name string) *Option {
	i := slices.IndexFunc(k.Options, func(o Option) bool { return o.Name == name })
	if i < 0 {
		return nil
	}
	return &k.Options[i]
}

// ShowEpoch returns the highest epoch that the server knows of the show that the room is a house of;
// 0: none yet. It may be ahead of what the room has heard by the show's topics, where what was posted
// before comes first. See OptionEpoch.
func (r *Room) ShowEpoch() uint64 { return r.showEpoch }

// SetShowEpoch sets what ShowEpoch returns, if it is higher than before. It is for servers.
func (r *Room) SetShowEpoch(epoch uint64) { r.showEpoch = max(r.showEpoch, epoch) }
