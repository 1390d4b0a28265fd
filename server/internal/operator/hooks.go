package operator

import (
	"context"
	"errors"
	"time"

	"github.com/tickroom/tickroom/server/internal/admin"
	"github.com/tickroom/tickroom/server/internal/hooks"
)

// Hooks implements admin.Hooks.
type Hooks struct{ Hooks *hooks.Hooks }

// Webhooks lists the webhooks.
func (o Hooks) Webhooks(ctx context.Context) ([]admin.WebhookInfo, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	var out []admin.WebhookInfo
	for _, s := range o.Hooks.Webhooks() {
		c, err := o.Hooks.Counts(ctx, s.Name)
		if err != nil {
			return nil, err
		}
		out = append(out, admin.WebhookInfo{
			Name: s.Name, URL: s.URL, Sender: s.Sender, Waiting: c.Waiting, Dead: c.Dead, Lost: c.Lost,
			LastSuccess: at(s.LastSuccess), LastFailure: at(s.LastFailure), Why: s.Why,
		})
	}
	return out, nil
}

// at returns a time, nil for none.
func at(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func noWebhook(err error) error {
	if errors.Is(err, hooks.ErrNoWebhook) {
		return admin.ErrNoWebhook
	}
	return err
}

// Dead returns dead letters.
func (o Hooks) Dead(ctx context.Context, name, after string, n int) ([]admin.DeadInfo, error) {
	list, err := o.Hooks.Dead(ctx, name, hooks.Place(after), n)
	var out []admin.DeadInfo
	for i := range list {
		d := &list[i]
		out = append(out, admin.DeadInfo{
			Place: string(d.Place), ID: d.ID, Type: d.Type, Room: d.Room, Kind: d.Kind, Time: d.Time.UTC(), Why: d.Why, At: d.At.UTC(), Event: d.Body,
		})
	}
	return out, noWebhook(err)
}

// Retry has dead letters sent again.
func (o Hooks) Retry(ctx context.Context, name string, places []string) (int, error) {
	n, err := o.Hooks.Retry(ctx, name, placesOf(places))
	return n, noWebhook(err)
}

// Forget forgets dead letters.
func (o Hooks) Forget(ctx context.Context, name string, places []string) (int, error) {
	n, err := o.Hooks.Forget(ctx, name, placesOf(places))
	return n, noWebhook(err)
}

func placesOf(texts []string) []hooks.Place {
	var out []hooks.Place
	for _, t := range texts {
		out = append(out, hooks.Place(t))
	}
	return out
}
