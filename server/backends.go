package server

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/tickroom/tickroom/internal/identity"
	"github.com/tickroom/tickroom/internal/redisdata"
	"github.com/tickroom/tickroom/netcode/webhook"
	"github.com/tickroom/tickroom/server/internal/fleet"
	"github.com/tickroom/tickroom/server/internal/hookfile"
	"github.com/tickroom/tickroom/server/internal/hooks"
	"github.com/tickroom/tickroom/server/internal/messages"
	"github.com/tickroom/tickroom/server/internal/redisfleet"
	"github.com/tickroom/tickroom/server/internal/redishooks"
	"github.com/tickroom/tickroom/server/internal/roomservice"
	"github.com/tickroom/tickroom/world"
)

// backends is what a server has for backends: its API, and what they are told.
type backends struct {
	verifier *identity.ServiceVerifier // nil: the API is off
	hooks    *hooks.Hooks              // nil: nobody is told
	file     *hookfile.Store           // where events wait; nil: elsewhere

	// What Run adds.
	messages *messages.Catalogue
	service  *roomservice.Service // nil: the API is off
	line     *redisfleet.Line     // to the other servers; nil: there are none
}

// serviceKeysTimeout bounds the reading of services' keys at the start.
const serviceKeysTimeout = 15 * time.Second

// openBackends reads keys and secrets, and opens where events wait.
func (s *Server) openBackends() (err error) {
	if s.cfg.Service.Enabled() {
		ctx, cancel := context.WithTimeout(context.Background(), serviceKeysTimeout)
		defer cancel()
		if s.backends.verifier, err = identity.NewServiceVerifier(ctx, identity.Config(s.cfg.ServiceTokens()), identity.Options{Logger: s.log}); err != nil {
			return fmt.Errorf("server: service: %w", err)
		}
	}
	if !s.cfg.Hooks.Enabled() {
		return nil
	}
	receivers, err := s.receivers()
	if err != nil {
		return err
	}
	c := &s.cfg.Hooks
	store, err := s.hookStore()
	if err != nil {
		return err
	}
	s.backends.hooks = hooks.New(hooks.Options{
		Store: store, Claims: s.backend.Claims, Owner: s.node + "-" + strings.ToLower(rand.Text()[:10]), Node: s.node, Version: BuildVersion(),
		Receivers: receivers, Events: c.Events, WebhookEvents: c.WebhookEvents, Stream: c.Stream, Message: s.messageJSON,
		AllowPrivate: c.AllowPrivate, Timeout: c.Timeout, RetryFor: c.RetryFor, MaxBackoff: c.MaxBackoff, Concurrency: c.Concurrency, Buffer: c.Buffer,
		Metrics: s.metrics.Hooks(), Logger: s.log,
	})
	return nil
}

// receivers returns the webhooks, with their secrets.
func (s *Server) receivers() (out []hooks.Receiver, err error) {
	list, err := s.cfg.Hooks.Receivers()
	if err != nil {
		return nil, err // Validate has looked
	}
	for _, w := range list {
		r := hooks.Receiver{Name: w.Name, URL: w.URL}
		for _, file := range w.SecretFiles {
			secret, err := readHookSecret(file)
			if err != nil {
				return nil, fmt.Errorf("server: hooks.secret_files: %w", err)
			}
			r.Secrets = append(r.Secrets, secret)
		}
		out = append(out, r)
	}
	return out, nil
}

// maxHookSecret bounds a file with a secret, in bytes.
const maxHookSecret = 4096

// readHookSecret reads a secret that webhooks are signed with. Its errors hold nothing of it.
func readHookSecret(path string) (webhook.Secret, error) {
	f, err := os.Open(path)
	if err != nil {
		return webhook.Secret{}, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxHookSecret+1))
	if err == nil && len(b) > maxHookSecret {
		err = fmt.Errorf("it is longer than %d bytes", maxHookSecret)
	}
	if err != nil {
		return webhook.Secret{}, fmt.Errorf("%s: %w", path, err)
	}
	secret, err := webhook.ParseSecret(string(b))
	if err != nil {
		return webhook.Secret{}, fmt.Errorf("%s: %w (`tickroom token --new-key FILE --alg HS256` makes one)", path, err)
	}
	return secret, nil
}

// hookStore opens where events wait.
func (s *Server) hookStore() (hooks.Store, error) {
	c := &s.cfg.Hooks
	bounds := hooks.Bounds{Waiting: c.MaxWaiting, Dead: c.MaxDead}
	if r := s.backend.Redis; r != nil {
		length := 0
		if c.Stream {
			length = c.StreamLength
		}
		o := redishooks.Options{
			Prefix: s.cfg.Redis.Prefix, Bounds: bounds, StreamLength: length,
			Replicas: redisdata.Replicas{Number: s.cfg.Redis.Replicas, Wait: s.cfg.Redis.ReadTimeout / 2},
		}
		return redishooks.New(r, o), nil
	}
	if c.Directory == "" {
		return hooks.NewMemory(bounds), nil
	}
	var err error
	s.backends.file, err = hookfile.Open(c.Directory, bounds)
	return s.backends.file, err
}

// messageJSON returns the name and the JSON of a message that a game has told.
func (s *Server) messageJSON(kind string, id uint32, data []byte) (string, json.RawMessage, error) {
	t := s.backends.messages.Of(kind, id)
	if t == nil {
		return fmt.Sprint(id), nil, errors.New("the schema has no such message")
	}
	body, err := t.ToJSON(data)
	return t.Name, body, err
}

// closeBackends lets go of what openBackends has opened.
func (s *Server) closeBackends() (err error) {
	if s.backends.verifier != nil {
		s.backends.verifier.Close()
	}
	if s.backends.file != nil {
		err = s.backends.file.Close()
	}
	return err
}

// startBackends makes the API, now that all kinds of rooms are registered. With an address of its
// own it is served by inside, which is nil otherwise.
func (s *Server) startBackends() (err error) {
	var kinds []*world.Kind
	for _, name := range s.registry.Kinds() {
		kinds = append(kinds, s.registry.Kind(name))
	}
	if s.backends.messages, err = messages.New(kinds); err != nil {
		return fmt.Errorf("server: %w", err)
	}
	// Servers without the API of their own answer those that have it.
	node := &roomservice.Node{Registry: s.registry}
	var line fleet.Line
	if r := s.backend.Redis; r != nil {
		s.backends.line = redisfleet.New(r, s.cfg.Redis.Prefix, s.node, node.Handle, s.log)
		line = s.backends.line
	}
	if s.backends.verifier == nil {
		return nil
	}
	o := roomservice.Options{
		Config: s.cfg, Verifier: s.backends.verifier, Registry: s.registry, Directory: s.backend.Stores.Directory, Nodes: s.backend.Stores.Nodes,
		Matches: s.backend.Stores.Matches, Bus: s.backend.Bus, Fleet: fleet.New(s.node, node.Handle, line), Messages: s.backends.messages,
		Guard: s.guard, Refusals: s.refusals, Count: s.metrics, Logger: s.log,
	}
	if s.matchmaking != nil {
		o.Place = s.matchmaking.Place
	}
	s.backends.service, err = roomservice.New(o)
	return err
}

// serveBackends adds the API to a mux.
func (s *Server) serveBackends(mux *http.ServeMux) { mux.Handle(s.backends.service.Handler()) }

// backendRuns are what runs for backends while the server does.
func (s *Server) backendRuns() (runs []func(context.Context)) {
	b := &s.backends
	if b.verifier != nil {
		runs = append(runs, b.verifier.Run)
	}
	if b.line != nil {
		runs = append(runs, b.line.Run)
	}
	return slices.Clip(runs)
}

// fleetWait is how long a server waits at its start until others can ask it about its rooms.
const fleetWait = time.Second

// awaitFleet waits until other servers can ask this one, if Redis is there.
func (s *Server) awaitFleet(ctx context.Context) {
	if s.backends.line == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, fleetWait)
	defer cancel()
	if err := s.backends.line.Ready(ctx); err != nil && ctx.Err() != nil {
		s.log.Warn("other servers can't ask this one about its rooms yet", "error", err)
	}
}
