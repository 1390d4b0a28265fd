package server

import (
	"net/http"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/tickroom/tickroom/server/internal/costs"
	"github.com/tickroom/tickroom/server/internal/pressure"
)

// openPressure finds out how much memory the server may have. read says it; nil: the control
// groups do.
func (s *Server) openPressure(read func() (pressure.Memory, error)) {
	own := read == nil
	if own {
		// Where there are none, as on other systems than Linux, there is no limit.
		if groups, err := pressure.FindCgroup(os.DirFS("/")); err == nil {
			read = groups.Read
		}
	}
	s.pressure = pressure.New(pressure.Options{Read: read, Logger: s.log})
	if own {
		s.pressure.LimitHeap()
	}
}

// network returns what an address counts as.
func (s *Server) network(a netip.Addr) string {
	if s.guard == nil {
		return a.String()
	}
	return s.guard.Network(a)
}

// accountCalls keeps account of who calls the matchmaking service, and how long that takes.
func (s *Server) accountCalls(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from, err := s.guard.Proxies().Client(r.RemoteAddr, r.Header)
		if err != nil {
			from = netip.Addr{} // nobody can tell
		}
		s.costs.Add(costs.Calls, 1, from, "")
		began := time.Now()
		next.ServeHTTP(w, r)
		if !strings.Contains(r.URL.Path, "/Watch") { // streams wait, which costs next to nothing
			s.costs.Add(costs.CallTime, time.Since(began).Seconds(), from, "")
		}
	})
}
