// Package webhook receives the webhooks that a server sends of what happens in its rooms: it
// checks their signatures and reads the events in them.
//
//	v, err := webhook.NewVerifier(webhook.Options{Secrets: []string{secret}})
//	if err != nil { … }
//	http.Handle("POST /tickroom", v.Handler(func(ctx context.Context, e *webhook.Event) error {
//		…
//	}))
//
// They follow the convention of Standard Webhooks (https://www.standardwebhooks.com), so that
// the libraries of others check them as well: the headers Webhook-Id, Webhook-Timestamp and
// Webhook-Signature, where the signature is the HMAC-SHA256 of "ID.TIMESTAMP.BODY", in base64
// behind "v1,". There is one for each secret of the sender, with spaces between, so that
// secrets can be changed: a receiver needs one of them. The header Tickroom-Webhook-Keys has the
// ids of the secrets in the same order, for people who look for the right one.
//
// A webhook is sent until it is answered with a status from 200 to 299, and so may come more
// than once; its event's id tells. Those of one room come in their order, one after the other,
// but for those that were given up and are sent again by an operator.
package webhook
