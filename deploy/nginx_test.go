// Package deploy_test runs what operators are given with the real programs.
package deploy_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"connectrpc.com/connect"
	"go.uber.org/goleak"

	"github.com/tickroom/tickroom/internal/kinds/walkers"
	"github.com/tickroom/tickroom/internal/redistest"
	"github.com/tickroom/tickroom/internal/servertest"
	"github.com/tickroom/tickroom/matchmaking/mode"
	"github.com/tickroom/tickroom/netcode/client"
	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/proto/gen/tickroom/v1/tickroomv1connect"
	"github.com/tickroom/tickroom/server"
	"github.com/tickroom/tickroom/server/config"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.IgnoreCurrent()) }

// hostname is the host in deploy/nginx.conf.
const hostname = "play.example.com"

// limit is how long anything may take.
const limit = 30 * time.Second

// site is nginx with deploy/nginx.conf, and two servers behind it.
type site struct {
	t     *testing.T
	dir   string
	addr  string // nginx's, for TLS
	plain string // nginx's, without TLS
	roots *x509.CertPool
	redis *redistest.Server
	cmd   *exec.Cmd
	ended chan error
	nodes map[string]*node

	keepAlive string // of connections to the servers; "": what the file says
}

// node is a tickroom server.
type node struct {
	name string
	srv  *server.Server
	stop func()
}

func newSite(t *testing.T, change func(*config.Config)) *site {
	s := &site{t: t, dir: t.TempDir(), redis: redistest.Start(t), nodes: map[string]*node{}}
	s.certificate()
	if err := os.WriteFile(filepath.Join(s.dir, "seats"), bytes.Repeat([]byte("s"), 48), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, n := range []string{"a", "b"} {
		s.start(n, change)
	}
	s.nginx()
	return s
}

// start starts a server, in the place of one of the same name if there was one.
func (s *site) start(name string, change func(*config.Config)) {
	s.t.Helper()
	cfg := config.Default()
	cfg.Listen, cfg.Admin, cfg.ShutdownGrace = "127.0.0.1:0", "", time.Second
	cfg.Identity.Guests = "on"
	cfg.Access.TrustedProxies = []string{"127.0.0.1"}
	cfg.Redis.Addresses, cfg.Seats.SecretFiles = []string{s.redis.Addr()}, []string{filepath.Join(s.dir, "seats")}
	cfg.Matchmaking.URL = "wss://" + hostname + "/n/" + name + "/ws"
	cfg.Matchmaking.Interval, cfg.Matchmaking.Beat = 20*time.Millisecond, 500*time.Millisecond
	if change != nil {
		change(cfg)
	}
	srv, err := server.New(cfg, server.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		s.t.Fatal(err)
	}
	if err := srv.Register(walkers.Kind()); err != nil {
		s.t.Fatal(err)
	}
	// Which of nginx's connections a request has come by.
	srv.Handle("/from", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, name+" "+r.RemoteAddr) }))
	s.nodes[name] = &node{name: name, srv: srv, stop: servertest.Run(s.t, srv)}
}

// configure writes deploy/nginx.conf to where nginx reads it, with nothing changed
// but where things are on this machine.
func (s *site) configure() string {
	s.t.Helper()
	b, err := os.ReadFile("nginx.conf")
	if err != nil {
		s.t.Fatal(err)
	}
	text := string(b)
	for _, c := range []struct {
		old, new string
		times    int
	}{
		{"user www-data;", "", 1},
		{"/run/nginx.pid", filepath.Join(s.dir, "pid"), 1},
		{"/var/log/nginx/error.log", filepath.Join(s.dir, "error.log"), 1},
		{"/var/log/nginx/access.log", filepath.Join(s.dir, "access.log"), 1},
		{"/etc/nginx/tickroom/fullchain.pem", filepath.Join(s.dir, "cert.pem"), 1},
		{"/etc/nginx/tickroom/privkey.pem", filepath.Join(s.dir, "key.pem"), 1},
		{"listen 443 ", "listen " + s.addr + " ", 2},
		{"listen 80 ", "listen " + s.plain + " ", 1},
		{"listen 80;", "listen " + s.plain + ";", 1},
		{"worker_rlimit_nofile 200000;", "", 1},
		{"worker_processes auto;", "worker_processes 2;", 1},
		{"worker_connections 65536;", "worker_connections 512;", 1},
		{"        keepalive_timeout 10s;", "        keepalive_timeout " + cmp.Or(s.keepAlive, "10s") + ";", 2},
		{"server 127.0.0.1:7777", "server " + s.nodes["a"].srv.Addr().String(), 3},
		{"server 127.0.0.1:7787", "server " + s.nodes["b"].srv.Addr().String(), 3},
	} {
		if n := strings.Count(text, c.old); n != c.times {
			s.t.Fatalf("nginx.conf has %q %d times; want %d", c.old, n, c.times)
		}
		text = strings.ReplaceAll(text, c.old, c.new)
	}
	path := filepath.Join(s.dir, "nginx.conf")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// nginx starts it, with sockets that are there already: so their ports are free, and
// nobody has to wait until it listens.
func (s *site) nginx() {
	s.t.Helper()
	program, err := exec.LookPath("nginx")
	if err != nil {
		if program, err = exec.LookPath("/usr/sbin/nginx"); err != nil {
			s.t.Fatal("there is no nginx; make setup installs it: ", err)
		}
	}
	var files []*os.File
	var addrs []string
	for range 2 {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			s.t.Fatal(err)
		}
		f, err := ln.(*net.TCPListener).File()
		if err != nil {
			s.t.Fatal(err)
		}
		addrs, files = append(addrs, ln.Addr().String()), append(files, f)
		_ = ln.Close()
	}
	s.addr, s.plain = addrs[0], addrs[1]
	conf := s.configure()
	check := exec.Command(program, "-t", "-e", filepath.Join(s.dir, "check.log"), "-c", conf)
	check.Env = append(os.Environ(), "NGINX=3;4;")
	check.ExtraFiles = files
	if out, err := check.CombinedOutput(); err != nil || bytes.Contains(out, []byte("[warn]")) {
		s.t.Fatalf("nginx -t: %v\n%s", err, out)
	}
	s.cmd = exec.Command(program, "-e", filepath.Join(s.dir, "error.log"), "-c", conf, "-g", "daemon off;")
	s.cmd.Env, s.cmd.ExtraFiles = append(os.Environ(), "NGINX=3;4;"), files
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	for _, f := range files {
		// To hand them over has made them block, and nginx takes them as they are: then
		// a worker that finds nobody where another one was faster waits there for ever.
		if err := syscall.SetNonblock(int(f.Fd()), true); err != nil {
			s.t.Error(err)
		}
		_ = f.Close()
	}
	s.ended = make(chan error, 1)
	go func() { s.ended <- s.cmd.Wait() }()
	s.t.Cleanup(func() {
		_ = s.cmd.Process.Signal(syscall.SIGTERM)
		if err := <-s.ended; err != nil {
			s.t.Errorf("nginx ended with: %v", err)
		}
		if log, err := os.ReadFile(filepath.Join(s.dir, "error.log")); s.t.Failed() || bytes.Contains(log, []byte("[alert]")) || bytes.Contains(log, []byte("[emerg]")) {
			s.t.Errorf("nginx's log: %v\n%s", err, log)
		}
	})
}

// reload brings the file into force as it is now.
func (s *site) reload() {
	s.t.Helper()
	s.configure()
	if err := s.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		s.t.Fatal(err)
	}
}

// certificate makes one, signed by itself.
func (s *site) certificate() {
	s.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		s.t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{hostname}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		s.t.Fatal(err)
	}
	k, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		s.t.Fatal(err)
	}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	for file, b := range map[string][]byte{"cert.pem": cert, "key.pem": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: k})} {
		if err := os.WriteFile(filepath.Join(s.dir, file), b, 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
	s.roots = x509.NewCertPool()
	s.roots.AppendCertsFromPEM(cert)
}

// from connects to nginx from an address of this machine, whatever the name is.
type from struct {
	local string
	to    *string
}

func (f from) DialContext(ctx context.Context, network, _ string) (net.Conn, error) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(f.local)}}
	return d.DialContext(ctx, network, *f.to)
}

// join joins a room from an address of this machine.
func (s *site) join(local, path string, o client.Options) (*client.Client, error) {
	ctx, cancel := context.WithTimeout(s.t.Context(), limit)
	defer cancel()
	if o.Seat == "" {
		o.Kind = "walkers"
	}
	o.HashEvery, o.Dialer, o.TLS = 1, from{local, &s.addr}, &tls.Config{RootCAs: s.roots}
	if !strings.Contains(path, "://") {
		path = "wss://" + hostname + path
	}
	c, err := client.Dial(ctx, path, o)
	// A machine with a lot to do is late with Redis too, and the server says so.
	for ce := (*client.CloseError)(nil); errors.As(err, &ce) && ce.Code == 1013 && ctx.Err() == nil; {
		c, err = client.Dial(ctx, path, o)
	}
	if err == nil {
		s.t.Cleanup(func() { c.Close(client.CloseNormal, "") })
	}
	return c, err
}

// refused fails unless a connection was refused with an HTTP status.
func refused(t *testing.T, err error, status int) {
	t.Helper()
	var ce *client.CloseError
	if err == nil || !strings.Contains(err.Error(), fmt.Sprint(status)) && !(errors.As(err, &ce) && strings.Contains(fmt.Sprintf("%+v", *ce), fmt.Sprint(status))) {
		t.Errorf("got %v; want status %d", err, status)
	}
}

// browser makes requests through nginx.
func (s *site) browser(http2 bool) *http.Client {
	tr := &http.Transport{DialContext: from{"127.0.0.1", &s.addr}.DialContext, TLSClientConfig: &tls.Config{RootCAs: s.roots}, ForceAttemptHTTP2: http2}
	s.t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// eventually waits until something is so.
func eventually(t *testing.T, what string, so func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := so()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s: %v", what, err)
		}
	}
}

// TestAddresses joins by way of nginx: the server counts each client's own address,
// whatever the client says about it.
func TestAddresses(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *config.Config) { c.Access.Exempt, c.Access.ConnectionsPerAddress = nil, 2 })
	lie := client.Options{Config: client.Config{}, Header: http.Header{"X-Forwarded-For": {"192.0.2.1"}, "Forwarded": {"for=192.0.2.1"}, "X-Real-Ip": {"192.0.2.1"}}, NoReconnect: true}
	var first *client.Client
	for i := range 2 {
		c, err := s.join("127.0.0.2", "/n/a/ws", lie)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = c
		}
		if c.Welcome().GetRoom() != first.Welcome().GetRoom() {
			t.Errorf("client %d is in another room", i)
		}
	}
	_, err := s.join("127.0.0.2", "/n/a/ws", lie)
	refused(t, err, http.StatusTooManyRequests)
	// Another address, that says it is the first one.
	lie.Header.Set("X-Forwarded-For", "127.0.0.2")
	if _, err := s.join("127.0.0.3", "/n/a/ws", lie); err != nil {
		t.Errorf("another address: %v", err)
	}
	// Nothing but the servers in the file can be reached.
	for _, path := range []string{"/n/nobody/ws", "/n/a/ws/", "/n/a/status.json", "/n/127.0.0.1:22/ws"} {
		_, err = s.join("127.0.0.4", path, lie)
		refused(t, err, http.StatusNotFound)
	}
}

// TestMatchmaking calls the service in all its protocols, and goes where it says.
func TestMatchmaking(t *testing.T) {
	t.Parallel()
	modes, err := mode.Parse("modes.yaml", []byte("modes: {duel: {room: {kind: walkers}}}"))
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, func(c *config.Config) { c.Modes = modes })
	for protocol, c := range map[string]struct {
		http2 bool
		opts  []connect.ClientOption
	}{
		"Connect, JSON, HTTP/1.1": {false, []connect.ClientOption{connect.WithProtoJSON()}},
		"Connect, HTTP/2":         {true, nil},
		"gRPC-Web, HTTP/1.1":      {false, []connect.ClientOption{connect.WithGRPCWeb()}},
		"gRPC":                    {true, []connect.ClientOption{connect.WithGRPC()}},
	} {
		api := tickroomv1connect.NewMatchmakingServiceClient(s.browser(c.http2), "https://"+hostname, c.opts...)
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		got, err := api.QuickJoin(ctx, connect.NewRequest(&tickroomv1.QuickJoinRequest{Kind: "walkers"}))
		if err != nil {
			t.Errorf("%s: %v", protocol, err)
			continue
		}
		to, o := got.Msg.GetAssignment(), client.Options{Config: client.Config{Seat: got.Msg.GetAssignment().GetSeat(), Token: got.Msg.GetGuestToken()}, NoReconnect: true}
		elsewhere := strings.NewReplacer("/n/a/", "/n/b/", "/n/b/", "/n/a/").Replace(to.GetUrl())
		if elsewhere == to.GetUrl() {
			t.Fatalf("%s: sent to %s", protocol, to.GetUrl())
		}
		if _, err := s.join("127.0.0.1", elsewhere, o); err == nil {
			t.Errorf("%s: another server has taken the seat", protocol)
		}
		in, err := s.join("127.0.0.1", to.GetUrl(), o)
		if err != nil {
			t.Errorf("%s: %s: %v", protocol, to.GetUrl(), err)
			continue
		}
		if in.Welcome().GetRoom() != to.GetRoom() {
			t.Errorf("%s: in room %s; want %s", protocol, in.Welcome().GetRoom(), to.GetRoom())
		}
		s.duel(protocol, api)
	}
	resp, err := s.browser(true).Get("https://" + hostname + "/status.json")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK || resp.ProtoMajor != 2 {
		t.Errorf("a page: %s %s, %v", resp.Proto, resp.Status, err)
	}
	_ = resp.Body.Close()
	if _, err := s.browser(false).Get("https://other.example/"); err == nil {
		t.Error("nginx knows another name")
	}
	plain := &http.Client{Transport: &http.Transport{DialContext: from{"127.0.0.1", &s.plain}.DialContext, DisableKeepAlives: true}, CheckRedirect: s.browser(false).CheckRedirect}
	if resp, err = plain.Get("http://" + hostname + "/arena?x=1"); err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if to := resp.Header.Get("Location"); resp.StatusCode != http.StatusPermanentRedirect || to != "https://"+hostname+"/arena?x=1" {
		t.Errorf("without TLS: %s to %s", resp.Status, to)
	}
}

// duel lets two players wait for a match, and watch: what they are told comes when it
// happens, not when a buffer is full.
func (s *site) duel(protocol string, api tickroomv1connect.MatchmakingServiceClient) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), limit)
	defer cancel()
	var rooms []string
	var streams []*connect.ServerStreamForClient[tickroomv1.WatchResponse]
	for range 2 {
		in, err := api.Enqueue(ctx, connect.NewRequest(&tickroomv1.EnqueueRequest{Mode: "duel"}))
		if err != nil {
			s.t.Errorf("%s: %v", protocol, err)
			return
		}
		watch := connect.NewRequest(&tickroomv1.WatchRequest{Ticket: in.Msg.GetTicket()})
		watch.Header().Set("Authorization", "Bearer "+in.Msg.GetGuestToken())
		st, err := api.Watch(ctx, watch)
		if err != nil {
			s.t.Errorf("%s: %v", protocol, err)
			return
		}
		defer func() { _ = st.Close() }()
		// The first one is told that it waits, while the stream goes on.
		if !st.Receive() || len(streams) == 0 && st.Msg().GetState() != tickroomv1.TicketState_TICKET_STATE_WAITING {
			s.t.Errorf("%s: told %v first, %v", protocol, st.Msg(), st.Err())
			return
		}
		streams = append(streams, st)
	}
	for _, st := range streams {
		for st.Msg().GetState() != tickroomv1.TicketState_TICKET_STATE_MATCHED {
			if !st.Receive() {
				s.t.Errorf("%s: no match: %v", protocol, st.Err())
				return
			}
		}
		rooms = append(rooms, st.Msg().GetAssignment().GetRoom())
	}
	if rooms[0] == "" || rooms[0] != rooms[1] {
		s.t.Errorf("%s: in rooms %q", protocol, rooms)
	}
}

// TestReload takes a server down and starts it somewhere else, with a new file for
// nginx: nobody on the other one notices.
func TestReload(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	var lost atomic.Int64
	stays, err := s.join("127.0.0.1", "/n/a/ws", client.Options{OnState: func(st client.State, _ *client.CloseError) {
		if st == client.Reconnecting {
			lost.Add(1)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	further := func() {
		t.Helper()
		from := stays.Session().Tick()
		eventually(t, "the game goes on", func() error {
			if stays.Session().Tick() < from+3 {
				return fmt.Errorf("it stands at tick %d", from)
			}
			return nil
		})
	}
	further()

	s.nodes["b"].stop()
	_, err = s.join("127.0.0.1", "/n/b/ws", client.Options{NoReconnect: true})
	refused(t, err, http.StatusBadGateway)
	// What any server can do goes on.
	for range 6 {
		resp, err := s.browser(true).Get("https://" + hostname + "/status.json")
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("a page with one server down: %s", resp.Status)
		}
	}
	if _, err := s.join("127.0.0.1", "/ws", client.Options{NoReconnect: true}); err != nil {
		t.Errorf("any room with one server down: %v", err)
	}
	further()

	s.start("b", nil)
	s.reload()
	eventually(t, "the server that is new can be reached", func() error {
		resp, err := s.browser(false).Get("https://" + hostname + "/n/b/ws") // no handshake, but it says who is there
		if err != nil {
			return err
		}
		_ = resp.Body.Close()
		if resp.StatusCode == http.StatusBadGateway {
			return errors.New(resp.Status)
		}
		return nil
	})
	further()
	if n := lost.Load(); n > 0 {
		t.Errorf("the connection was lost %d times", n)
	}
}
