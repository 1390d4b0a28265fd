package reviewer

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
)

func TestReview(t *testing.T) {
	t.Parallel()
	hold := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q question
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil || q.Show != "main" || r.Method != http.MethodPost {
			http.Error(w, "what?", http.StatusBadRequest)
			return
		}
		var a answer
		for _, c := range q.Comments {
			switch c.Text {
			case "bad":
				a.Refused = append(a.Refused, c.ID)
			case "broken":
				_, _ = w.Write([]byte("<html>"))
				return
			case "odd":
				a.Refused = append(a.Refused, "x")
			case "error":
				w.WriteHeader(http.StatusInternalServerError)
				return
			case "slow":
				<-hold
			}
		}
		_ = json.NewEncoder(w).Encode(a)
	}))
	defer srv.Close()
	defer close(hold)
	h := New()
	defer h.client.CloseIdleConnections()
	review := func(ctx context.Context, texts ...string) (*danmakuv1.Verdicts, error) {
		var all []*danmakuv1.Comment
		for i, text := range texts {
			all = append(all, &danmakuv1.Comment{Id: 1<<60 + uint64(i), Name: "Ann", Text: text})
		}
		return h.Review(ctx, srv.URL, "main", all)
	}
	v, err := review(t.Context(), "good", "bad")
	if err != nil || len(v.Refused) != 1 || v.Refused[0] != 1<<60+1 {
		t.Errorf("%v, %v", v, err)
	}
	for text, want := range map[string]string{"broken": "no JSON", "odd": "no id", "error": "500"} {
		if _, err := review(t.Context(), text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	go cancel()
	if _, err := review(ctx, "slow"); err == nil {
		t.Error("the call does not end with its context")
	}
}
