package webhook_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/tickroom/tickroom/netcode/webhook"
)

// A receiver that prints who has joined. The server is made up here: it sends its webhook
// twice, as if the first answer had been lost, and somebody else sends a forged one.
func Example() {
	const secret = "whsec_c2VjcmV0IG9mIHRoZSBzaG9wLCAyNCBieXRlcysh"
	v, err := webhook.NewVerifier(webhook.Options{Secrets: []string{secret}})
	if err != nil {
		fmt.Println(err)
		return
	}
	receiver := v.Handler(func(_ context.Context, e *webhook.Event) error {
		if e.Type == webhook.PlayerJoined {
			var p webhook.Player
			if err := json.Unmarshal(e.Data, &p); err != nil {
				return err
			}
			fmt.Println(p.Player, "has joined", e.Room)
		}
		return nil
	})

	body := []byte(`{"id":"e7-1","type":"player.joined","room":"arena-7","data":{"player":"ann","number":1}}`)
	mine, _ := webhook.ParseSecret(secret)
	other, _ := webhook.ParseSecret(strings.Repeat("guess", 6))
	for _, s := range []webhook.Secret{mine, mine, other} {
		r := httptest.NewRequest(http.MethodPost, "/tickroom", strings.NewReader(string(body)))
		webhook.Sign(r.Header, "e7-1", time.Now(), body, s)
		w := httptest.NewRecorder()
		receiver.ServeHTTP(w, r)
		fmt.Println(w.Code)
	}
	// Output:
	// ann has joined arena-7
	// 200
	// 200
	// 401
}
