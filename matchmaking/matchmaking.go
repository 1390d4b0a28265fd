// Package matchmaking decides which room a player goes to: it is what the server
// and the programs use of the packages below it.
package matchmaking

import (
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/tickroom/tickroom/matchmaking/internal/match"
	"github.com/tickroom/tickroom/matchmaking/internal/memory"
	"github.com/tickroom/tickroom/matchmaking/internal/place"
	"github.com/tickroom/tickroom/matchmaking/internal/queue"
	"github.com/tickroom/tickroom/matchmaking/internal/redisdb"
	"github.com/tickroom/tickroom/matchmaking/internal/service"
	"github.com/tickroom/tickroom/matchmaking/internal/sim"
	"github.com/tickroom/tickroom/matchmaking/store"
)

// OpenMemory returns empty stores in memory, for a server on its own.
func OpenMemory() store.Stores { return memory.Open() }

// OpenRedis returns stores in Redis, for several servers. Their keys begin with prefix, such
// as "tickroom:": servers with the same prefix on the same Redis play together. The client
// must end calls with their contexts (ContextTimeoutEnabled). close is to be called at the
// end, before the client's.
//
// If replicas is not 0, every change of tickets, matches and ratings waits for so many replicas
// to have it, for at most wait, which must be less than store.CallTimeout and than the client's
// timeout for an answer. If they have not, the call returns store.ErrUnavailable.
func OpenRedis(c redis.UniversalClient, prefix string, replicas int, wait time.Duration) (_ store.Stores, close func()) {
	return redisdb.Open(c, prefix, redisdb.WithReplicas(replicas, wait))
}

// What the server uses.
type (
	Explanation    = match.Explanation
	Placer         = place.Placer
	QueueConfig    = queue.Config
	QueueMetrics   = queue.Metrics
	Runner         = queue.Runner
	Explainer      = queue.Explainer
	Service        = service.Service
	ServiceOptions = service.Options
	Caller         = service.Caller
	Kind           = service.Kind
	Work           = service.Work
	SeatFor        = service.SeatFor
)

// What the server uses.
var (
	NewPlacer    = place.New
	StartQueues  = queue.Start
	NewExplainer = queue.NewExplainer
	NewService   = service.New
)

// WorkCode is the work of trying the code of a room.
const WorkCode = service.Code

// What the simulator's command uses.
type (
	SimPopulation = sim.Population
	SimArrival    = sim.Arrival
	SimOptions    = sim.Options
	SimReport     = sim.Report
)

// What the simulator's command uses.
var (
	SimGenerate   = sim.Generate
	SimLoad       = sim.Load
	SimPage       = sim.Page
	SimReadTrace  = sim.ReadTrace
	SimRun        = sim.Run
	SimTable      = sim.Table
	SimWriteTrace = sim.WriteTrace
)
