package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"connectrpc.com/connect"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/proto/gen/tickroom/v1/tickroomv1connect"
)

// explainer explains one ticket to those who have the right token, a few times.
type explainer struct {
	tickroomv1connect.UnimplementedMatchmakingServiceHandler
	asked atomic.Int32
}

func (e *explainer) Explain(_ context.Context, q *connect.Request[tickroomv1.ExplainRequest]) (*connect.Response[tickroomv1.ExplainResponse], error) {
	switch {
	case q.Header().Get("Authorization") != "Bearer ops":
		return nil, connect.NewError(connect.CodeUnauthenticated, errors.New("who asks?"))
	case q.Msg.GetTicket() != "t1", e.asked.Add(1) > 2:
		return nil, connect.NewError(connect.CodeNotFound, errors.New("there is no such ticket, or it has ended"))
	}
	return connect.NewResponse(&tickroomv1.ExplainResponse{
		Text: "Nine others wait.\nTwo could play.\n", Others: 9, Could: 2, Obstacles: []*tickroomv1.Obstacle{{Reason: "rating", Players: 7}},
	}), nil
}

func startExplainer(t *testing.T) string {
	mux := http.NewServeMux()
	mux.Handle(tickroomv1connect.NewMatchmakingServiceHandler(&explainer{}))
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return srv.URL
}

func TestExplain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"text":           {[]string{"t1", "--token", "ops"}, ExitOK, "Nine others wait.\nTwo could play.\n"},
		"again":          {[]string{"t1", "--token", "ops", "--every", "100ms"}, ExitFailed, "play.\n\nNine"},
		"no token":       {[]string{"t1"}, ExitFailed, "unauthenticated: who asks? (give a token that the server takes)"},
		"no such ticket": {[]string{"t2", "--token", "ops"}, ExitFailed, "explain a ticket: not_found: there is no such ticket"},
		"nothing":        {nil, ExitUsage, "needs one ticket"},
		"too often":      {[]string{"t1", "--every", "1ms"}, ExitUsage, "1ms is too little"},
		"help":           {[]string{"--help"}, ExitOK, "what keeps the"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			code := run(append([]string{"explain", "--server", startExplainer(t)}, c.args...), &out, &out)
			if code != c.code || !strings.Contains(out.String(), c.want) {
				t.Errorf("code %d:\n%s", code, out.String())
			}
		})
	}
	var out bytes.Buffer
	if code := run([]string{"explain", "t1", "--server", "nowhere"}, &out, &out); code != ExitUsage {
		t.Errorf("code %d:\n%s", code, out.String())
	}
	out.Reset()
	if code := run([]string{"explain", "t1", "--token", "ops", "--json", "--server", startExplainer(t)}, &out, &out); code != ExitOK {
		t.Errorf("code %d:\n%s", code, out.String())
	}
	var e struct {
		Others    int
		Obstacles []struct{ Reason string }
	}
	if err := json.Unmarshal(out.Bytes(), &e); err != nil || e.Others != 9 || len(e.Obstacles) != 1 {
		t.Errorf("%v: %+v", err, e)
	}
}
