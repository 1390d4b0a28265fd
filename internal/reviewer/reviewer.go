// Package reviewer asks a service by HTTP which comments must not be shown. docs/live.md says what is sent to it, and
// what it answers.
package reviewer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"

	danmakuv1 "github.com/tickroom/tickroom/proto/gen/tickroom/danmaku/v1"
)

// maxAnswer bounds the service's answer, in bytes.
const maxAnswer = 1 << 20

// HTTP is a danmaku.Reviewer. Its calls may come from any goroutine.
type HTTP struct {
	client *http.Client
}

// New returns a reviewer whose connections are used again. It follows no redirects.
func New() *HTTP {
	return &HTTP{client: &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: 16, MaxConnsPerHost: 64, Proxy: http.ProxyFromEnvironment},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// question is what the service is sent. Ids are text, since not all languages read integers of 64 bits.
type question struct {
	Show     string    `json:"show"`
	Comments []comment `json:"comments"`
}

type comment struct {
	ID     string `json:"id"`
	Author string `json:"author"`
	Name   string `json:"name"`
	Text   string `json:"text"`
}

// answer is what it answers.
type answer struct {
	Refused []string `json:"refused"`
}

// Review returns the comments that the service at an address refuses.
func (h *HTTP) Review(ctx context.Context, address, show string, comments []*danmakuv1.Comment) (*danmakuv1.Verdicts, error) {
	q := question{Show: show, Comments: make([]comment, len(comments))}
	for i, c := range comments {
		q.Comments[i] = comment{ID: strconv.FormatUint(c.Id, 10), Author: strconv.FormatUint(c.Author, 10), Name: c.Name, Text: c.Text}
	}
	body, err := json.Marshal(q)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, hidden(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := h.client.Do(req)
	if err != nil {
		return nil, hidden(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the reviewer at %s answers %s; it must answer 200", req.URL.Host, resp.Status)
	}
	var a answer
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(&a); err != nil {
		return nil, fmt.Errorf("the reviewer's answer is no JSON with a list refused: %w", err)
	}
	v := &danmakuv1.Verdicts{}
	for _, id := range a.Refused {
		n, err := strconv.ParseUint(id, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("the reviewer refuses a comment %q, which is no id", id)
		}
		v.Refused = append(v.Refused, n)
	}
	return v, nil
}

// hidden returns an error without the address in it, which may have a key in it.
func hidden(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return fmt.Errorf("the reviewer can't be asked: %w", u.Err)
	}
	return err
}
