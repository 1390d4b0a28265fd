//go:build !linux

package bots

// poller, where there is no epoll, takes every bot for ready: a read that finds
// nothing costs little.
type poller struct{ bots map[*bot]bool }

func newPoller() (*poller, error) { return &poller{bots: map[*bot]bool{}}, nil }

func (p *poller) add(b *bot) error { p.bots[b] = true; return nil }
func (p *poller) remove(b *bot)    { delete(p.bots, b) }

func (p *poller) ready(fn func(b *bot, ended bool)) error {
	for b := range p.bots {
		fn(b, false)
	}
	return nil
}

func (p *poller) close() {}
