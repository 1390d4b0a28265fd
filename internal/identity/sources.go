package identity

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
)

// source is where keys are read.
type source interface {
	// name is how the log calls it.
	name() string
	// load reads the keys anew.
	load(ctx context.Context) ([]key, error)
	// needed is set if the server should not start without it.
	needed() bool
}

// givenSecret is a secret that does not change.
type givenSecret []byte

func (givenSecret) name() string { return "secret" }
func (givenSecret) needed() bool { return true }
func (s givenSecret) load(context.Context) ([]key, error) {
	return []key{{alg: HS256, material: []byte(s)}}, nil
}

// fileSource is a file with keys.
type fileSource struct {
	path  string
	parse func([]byte) ([]key, error)
}

func (f fileSource) name() string { return f.path }
func (f fileSource) needed() bool { return true }
func (f fileSource) load(context.Context) ([]key, error) {
	b, err := readFile(f.path)
	if err != nil {
		return nil, err
	}
	keys, err := f.parse(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.path, err)
	}
	return keys, nil
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxKeyFile {
		return nil, fmt.Errorf("%s: it is longer than %d bytes", path, maxKeyFile)
	}
	return b, nil
}

func parseSecretFile(b []byte) ([]key, error) {
	secret, err := parseSecret(b)
	if err != nil {
		return nil, err
	}
	return []key{{alg: HS256, material: secret}}, nil
}

// jwksSource is a file's or an address's.
func jwksSource(where string, transport http.RoundTripper) (source, error) {
	if !strings.Contains(where, "://") {
		return fileSource{where, parseJWKS}, nil
	}
	u, err := url.Parse(where)
	if err != nil {
		return nil, errors.New("it is not an address")
	}
	switch {
	case u.User != nil:
		return nil, errors.New("the address must hold no password")
	case u.Hostname() == "":
		return nil, errors.New("the address has no host")
	case u.Scheme == "https":
	case u.Scheme == "http" && loopbackHost(u.Hostname()):
	case u.Scheme == "http":
		return nil, fmt.Errorf("keys from %s over http could be anybody's; use https", u.Hostname())
	default:
		return nil, fmt.Errorf("%q is no scheme to fetch keys by; use https, or a file's path", u.Scheme)
	}
	if transport == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.DisableKeepAlives = true // once in minutes: nothing is worth keeping
		t.MaxResponseHeaderBytes = 64 << 10
		transport = t
	}
	return urlSource{u, &http.Client{
		Transport: transport,
		// Whoever can answer for the address could send us elsewhere, inside our network too.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// urlSource is a key set at an address.
type urlSource struct {
	url    *url.URL
	client *http.Client
}

func (u urlSource) name() string { return u.url.Scheme + "://" + u.url.Host + u.url.Path }

// needed is false: servers start while the account service is down. Guests can play.
func (u urlSource) needed() bool { return false }

func (u urlSource) load(ctx context.Context) ([]key, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.url.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("%s: the request can't be made", u.name())
	}
	req.Header.Set("Accept", "application/jwk-set+json, application/json")
	resp, err := u.client.Do(req)
	if err != nil {
		// The error's text has the whole address; its query may be a secret.
		if e := (*url.Error)(nil); errors.As(err, &e) {
			err = e.Err
		}
		return nil, fmt.Errorf("%s: %w", u.name(), err)
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		return nil, fmt.Errorf("%s: it redirects (%d), which is not followed; set the address that it leads to", u.name(), resp.StatusCode)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: status %d", u.name(), resp.StatusCode)
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxKeySet+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", u.name(), err)
	}
	if len(b) > maxKeySet {
		return nil, fmt.Errorf("%s: it is longer than %d bytes", u.name(), maxKeySet)
	}
	keys, err := parseJWKS(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", u.name(), err)
	}
	return keys, nil
}
