// Package matchmaking decides which room a player goes to: it is what the server
// and the programs use of the packages below it.
package matchmaking

import (
	"github.com/tickroom/tickroom/matchmaking/internal/match"
	"github.com/tickroom/tickroom/matchmaking/internal/place"
	"github.com/tickroom/tickroom/matchmaking/internal/queue"
	"github.com/tickroom/tickroom/matchmaking/internal/redisdb"
	"github.com/tickroom/tickroom/matchmaking/internal/service"
	"github.com/tickroom/tickroom/matchmaking/internal/sim"
)

// What the server uses.
type (
	Explanation    = match.Explanation
	Placer         = place.Placer
	QueueConfig    = queue.Config
	QueueMetrics   = queue.Metrics
	Runner         = queue.Runner
	Explainer      = queue.Explainer
	RedisOption    = redisdb.Option
	Service        = service.Service
	ServiceOptions = service.Options
	Caller         = service.Caller
	Kind           = service.Kind
	Work           = service.Work
	SeatFor        = service.SeatFor
)

// What the server uses.
var (
	NewPlacer         = place.New
	StartQueues       = queue.Start
	NewExplainer      = queue.NewExplainer
	WithReplicas      = redisdb.WithReplicas
	NewRedisTickets   = redisdb.NewTickets
	NewRedisRatings   = redisdb.NewRatings
	NewRedisNodes     = redisdb.NewNodes
	NewRedisDirectory = redisdb.NewDirectory
	NewService        = service.New
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
