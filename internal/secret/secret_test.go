package secret_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/tickroom/tickroom/internal/secret"
)

func TestASecretIsNotShown(t *testing.T) {
	t.Parallel()
	type config struct {
		Name     string
		Password secret.Text
	}
	const hidden = "hunter2"
	c := config{"n", hidden}
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	for _, h := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(h).Info("x", "password", c.Password, "config", c, "pointer", &c)
	}
	for _, s := range []string{
		string(b), log.String(), fmt.Sprint(c), fmt.Sprint(&c), fmt.Sprintf("%v %+v %#v %s %q %x %X", c, c, c, c, c, c, c),
		fmt.Sprintf("%s %q %x %#v %T", c.Password, c.Password, c.Password, c.Password, c.Password), fmt.Errorf("%w: %v", fmt.Errorf("x"), c.Password).Error(),
	} {
		if strings.Contains(s, hidden) || strings.Contains(s, fmt.Sprintf("%x", hidden)) || strings.Contains(s, fmt.Sprintf("%X", hidden)) {
			t.Errorf("shown: %s", s)
		}
		if !strings.Contains(s, "redacted") {
			t.Errorf("nothing stands for it: %s", s)
		}
	}
	if c.Password.Reveal() != hidden || secret.Text("").String() != "" {
		t.Error("it can't be read")
	}
}

func TestAnAddressIsShownWithoutItsSecret(t *testing.T) {
	t.Parallel()
	for u, want := range map[secret.URL]string{
		"": "", "keys.json": "keys.json", "https://id.example/keys": "https://id.example/keys",
		"https://id.example/keys?key=hunter2": "https://id.example/keys?redacted", "https://u:hunter2@id.example/keys": "https://u:xxxxx@id.example/keys",
	} {
		b, err := json.Marshal(u)
		if err != nil {
			t.Fatal(err)
		}
		shown := fmt.Sprintf("%v %s %q %#v %+v %x %s", u, u, u, u, []secret.URL{u}, u, b)
		if u.String() != want || strings.Contains(shown, "hunter2") || strings.Contains(shown, fmt.Sprintf("%x", "hunter2")) || u.Reveal() != string(u) {
			t.Errorf("%s: %s", want, shown)
		}
	}
}
