package origin_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/tickroom/tickroom/internal/origin"
	"github.com/tickroom/tickroom/internal/origintest"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, c := range origintest.Cases {
		s, err := origin.Parse(c.Origins)
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		c.Set(r)
		err = s.Check(r)
		if got := err == nil; got != c.Allowed {
			t.Errorf("%q on %q with %q: allowed %v", c.Origin, c.Host, c.Origins, got)
		}
		var refused *origin.Refused
		if err != nil && (!errors.As(err, &refused) || refused.Origin != c.Origin) {
			t.Errorf("the error %v does not have the origin %q", err, c.Origin)
		}
	}
}

func TestSeveralOrigins(t *testing.T) {
	t.Parallel()
	s, err := origin.Parse([]string{"https://a.example"})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header["Origin"] = []string{"https://a.example", "https://a.example"}
	if s.Allows(r) {
		t.Error("a request with two origins is allowed")
	}
}

func TestBadEntries(t *testing.T) {
	t.Parallel()
	for _, bad := range origintest.Bad {
		if _, err := origin.Parse([]string{"https://good.example", bad}); err == nil || !strings.HasPrefix(err.Error(), strconv.Quote(bad)+" is not an origin: ") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
