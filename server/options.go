package server

import (
	"log/slog"

	"github.com/tickroom/tickroom/matchmaking/store"
	"github.com/tickroom/tickroom/server/internal/backend"
	"github.com/tickroom/tickroom/server/internal/journalfile"
	"github.com/tickroom/tickroom/server/internal/pressure"
	"github.com/tickroom/tickroom/server/internal/registry"
)

// Option changes what New makes. What is not given follows from the configuration.
type Option func(*options)

type options struct {
	log     *slog.Logger
	given   backend.Given
	matches registry.Matches                // nil: those of the stores
	memory  func() (pressure.Memory, error) // nil: the control groups say it
	build   string                          // that journals name; empty: this program's
	create  func(path string) (journalfile.Writable, error)
}

// WithLogger makes the server log to log instead of standard error.
func WithLogger(log *slog.Logger) Option { return func(o *options) { o.log = log } }

// WithStores makes the server keep what matchmaking knows in stores, instead of in its own
// memory or the Redis of the configuration: for stores of one's own, or for several servers
// in one process that share those of matchmaking.OpenMemory.
func WithStores(st store.Stores) Option { return func(o *options) { o.given.Stores = &st } }
