// Package roomservice is the server's API for backends, tickroom.v1.RoomService.
//
//	service.go  the Service, and its HTTP handler
//	gate.go     who may call, and how often
//	request.go  what is wrong with a request
//	post.go     messages to rooms, players and topics
//	shows.go    which shows there are
//	list.go     the rooms of all servers
//	rooms.go    one room: made, described, locked, closed
//	kick.go     players who are put out
//	node.go     what a server does with its own rooms, for itself and for the others
package roomservice

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"connectrpc.com/connect"

	"github.com/tickroom/tickroom/internal/identity"
	"github.com/tickroom/tickroom/matchmaking/store"
	"github.com/tickroom/tickroom/proto/gen/tickroom/v1/tickroomv1connect"
	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/server/internal/bus"
	"github.com/tickroom/tickroom/server/internal/fleet"
	"github.com/tickroom/tickroom/server/internal/limits"
	"github.com/tickroom/tickroom/server/internal/messages"
	"github.com/tickroom/tickroom/server/internal/refusal"
	"github.com/tickroom/tickroom/server/internal/registry"
)

// Verifier knows who the holder of a service's token is. The error is an *identity.Error.
type Verifier interface {
	Verify(ctx context.Context, token identity.Token) (identity.Service, error)
}

// Counter counts what becomes of calls. The metrics do.
type Counter interface {
	// ServiceCall counts a call by its method and the name of its code; "ok" if it succeeded.
	ServiceCall(method, code string, took time.Duration)
}

// Options of a Service. All but Place are to be set.
type Options struct {
	Config    *config.Config
	Verifier  Verifier
	Registry  *registry.Registry
	Directory store.Directory
	Nodes     store.Nodes
	Matches   store.Matches
	Bus       bus.Bus
	Fleet     *fleet.Fleet
	Messages  *messages.Catalogue
	// Place finds the server for a room; nil: there is no matchmaking, and no room can be made.
	Place func(ctx context.Context, kind, region string, players int) (store.Node, error)
	// Guard knows addresses, and who is banned.
	Guard    *limits.Guard
	Refusals *refusal.Journal
	Count    Counter
	Logger   *slog.Logger
}

// Service serves backends.
type Service struct {
	o         Options
	addresses *limits.Calls
	services  *limits.Buckets[string]
	rooms     *rooms
	shows     showNames
}

var _ tickroomv1connect.RoomServiceHandler = (*Service)(nil)

const (
	// maxRequest bounds a request, in bytes: a message in JSON is longer than encoded.
	maxRequest = 1 << 20
	// maxServices is how many services are told apart by how often they call.
	maxServices = 4096
)

// New returns a service.
func New(o Options) (*Service, error) {
	s := &Service{o: o, rooms: newRooms(o.Directory)}
	s.shows.s = s
	// Of an address more is taken than of a service: several may share one, and this is what keeps
	// somebody without a token from having signatures checked.
	rate := limits.Rate{PerSecond: 4 * o.Config.Service.Calls, Burst: 4 * o.Config.Service.CallBurst}
	var err error
	if s.addresses, err = limits.NewCalls(o.Guard, rate); err != nil {
		return nil, err
	}
	s.services, err = limits.NewBuckets[string](o.Config.Service.Calls, o.Config.Service.CallBurst, maxServices, time.Now())
	return s, err
}

// Handler returns the service as an HTTP handler, and the path below which it is served, which ends
// in a slash. Pages of browsers can't call it: no origin is let in.
func (s *Service) Handler() (path string, h http.Handler) {
	return tickroomv1connect.NewRoomServiceHandler(s,
		connect.WithRequestGate(s.gate),
		connect.WithInterceptors(connect.UnaryInterceptorFunc(s.counted)),
		connect.WithReadMaxBytes(maxRequest),
		connect.WithCompressMinBytes(1024),
		connect.WithRecover(func(ctx context.Context, spec connect.Spec, _ http.Header, r any) error {
			return s.internal(ctx, spec.Procedure, fmt.Errorf("panic: %v", r))
		}),
	)
}

// Sweep gives memory back that is not needed any more. It is to be called now and then.
func (s *Service) Sweep() {
	s.addresses.Sweep()
	s.services.Sweep(time.Now())
}

// matchmakingOff is said where rooms can't be made.
const matchmakingOff = "rooms are made by way of matchmaking, which is off here; set matchmaking.enabled: true"
