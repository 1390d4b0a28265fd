package service

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"connectrpc.com/connect"
	"golang.org/x/time/rate"
)

// TestAnOutageIsLoggedNowAndThen sees that clients who call while a store is away do not
// fill the log.
func TestAnOutageIsLoggedNowAndThen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		s := &Service{o: Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}, warn: rate.Sometimes{Interval: warnEvery}}
		for range 100 {
			if err := s.refuse(t.Context(), "rooms", errors.New("away")); connect.CodeOf(err) != connect.CodeUnavailable {
				t.Errorf("told: %v", err)
			}
		}
		<-time.After(2 * warnEvery)
		_ = s.refuse(t.Context(), "rooms", errors.New("away"))
		if n := strings.Count(log.String(), "level=WARN"); n != 2 {
			t.Errorf("%d warnings: %s", n, &log)
		}
	})
}
