package service_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// FuzzJSON sends anything to every call. Nothing may panic, and whatever comes is
// answered for what it is: never as something that went wrong in the server.
func FuzzJSON(f *testing.F) {
	methods := []string{"QuickJoin", "Enqueue", "Ready", "Cancel", "CreateRoom", "JoinRoom", "ListRooms", "Spectate", "ReportResult", "GetRating", "Explain"}
	for i, body := range []string{
		`{"kind": "arena", "self": {"name": "a", "latencyMs": {"eu": 5}}, "query": "players 1..3 and not full"}`,
		`{"mode": "pairs", "party": ["b"], "attributes": {"x": {"number": "NaN"}, "y": {"set": {"items": ["a"]}}}, "query": "x has any (\"a\")"}`,
		`{"ticket": "x"}`, `{"ticket": "x"}`, `{"mode": "duel", "open": true}`, `{"code": "ABC-DEF"}`, `{"pageSize": 4294967295, "pageToken": "YQ"}`,
		`{"room": "m"}`, `{"room": "m", "teams": [{"rank": 1, "players": [{"player": "x", "weight": 1e-300}]}, {"players": [{"player": "y", "left": true}]}]}`,
		`{"mode": "duel", "players": ["a", "a"]}`, `{"ticket": ""}`,
	} {
		f.Add(i, body)
	}
	f.Fuzz(func(t *testing.T, method int, body string) {
		h := build(t)
		h.keep("m", "duel", []string{"x"}, []string{"y"})
		_, handler := h.Handler()
		r := httptest.NewRequest(http.MethodPost, "/tickroom.v1.MatchmakingService/"+methods[uint(method)%uint(len(methods))], strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer admin")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if out, _ := io.ReadAll(w.Body); w.Code == http.StatusInternalServerError || w.Code == http.StatusServiceUnavailable {
			t.Errorf("%d %s\n%s", w.Code, out, h.log)
		}
	})
}
