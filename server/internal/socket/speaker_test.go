package socket

import (
	"bufio"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Types of TLS records and messages that a speaker sends and understands.
const (
	recAlert, recData        = 21, 23
	msgKeyUpdate             = 24
	alertClose               = 0
	alertUnexpected          = 10
	alertBadRecord           = 20
	alertOverflow            = 22
	alertDecode              = 50
	alertVersion             = 70
	alertUserCanceled        = 90
	alertNoRenegotiate       = 100
	updateAndAsk, justUpdate = 1, 0
)

// speaker is a client that makes its TLS records itself after the handshake, so that it can send
// what no library sends. It is the net.Conn above TLS.
type speaker struct {
	net.Conn
	t       testing.TB
	version uint16
	in, out half
	plain   []byte // not read yet
	updates int    // changes of keys that the server has told of
	records int    // that were read
}

// half is the keys of one direction.
type half struct {
	secret []byte // of TLS 1.3
	aead   cipher.AEAD
	iv     []byte
	seq    uint64
}

// byRecord reads no further than to the end of a record.
type byRecord struct {
	net.Conn
	seen  records
	whole int
	first []byte
}

func (b *byRecord) Read(p []byte) (int, error) {
	want := recordHeader - int(b.seen.have)
	if want == 0 {
		want = int(b.seen.left)
	}
	n, err := b.Conn.Read(p[:min(want, len(p))])
	if len(b.first) < 64 {
		b.first = append(b.first, p[:n]...)
	}
	if _, whole := b.seen.next(p[:n]); n > 0 && whole {
		b.whole++
	}
	return n, err
}

// speak connects a speaker, which is a WebSocket then.
func (s *site) speak(version uint16) (*client, *speaker) {
	s.t.Helper()
	nc, err := net.Dial("tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = nc.Close() })
	_ = nc.SetDeadline(time.Now().Add(patience))
	var log strings.Builder
	cfg := s.tls.Clone()
	cfg.KeyLogWriter, cfg.MinVersion, cfg.MaxVersion = &log, version, version
	cfg.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}
	under := &byRecord{Conn: nc}
	tc := tls.Client(under, cfg)
	if err := tc.Handshake(); err != nil {
		s.t.Fatal(err)
	}
	sp := &speaker{Conn: nc, t: s.t, version: version}
	sp.keys(log.String(), tc.ConnectionState(), under.first)
	c := &client{t: s.t, nc: sp, br: bufio.NewReader(sp)}
	c.write([]byte(handshake(s.addr)))
	r, err := http.ReadResponse(c.br, nil)
	if err != nil || r.StatusCode != http.StatusSwitchingProtocols {
		s.t.Fatal(r, err)
	}
	return c, sp
}

// keys takes the keys of the session from what crypto/tls has logged, and the beginning of what the server
// has sent.
func (sp *speaker) keys(log string, state tls.ConnectionState, first []byte) {
	sp.t.Helper()
	secrets, randoms := map[string][]byte{}, map[string][]byte{}
	for line := range strings.Lines(log) {
		f := strings.Fields(line)
		randoms[f[0]], secrets[f[0]] = unhex(f[1]), unhex(f[2])
	}
	if sp.version == tls.VersionTLS13 {
		if state.CipherSuite != tls.TLS_AES_128_GCM_SHA256 {
			sp.t.Fatalf("the suite is %s; a speaker knows AES-128 alone", tls.CipherSuiteName(state.CipherSuite))
		}
		sp.out.set(secrets["CLIENT_TRAFFIC_SECRET_0"])
		sp.in.set(secrets["SERVER_TRAFFIC_SECRET_0"])
		return
	}
	// A record's header, a message's, a version, and then the server's random bytes.
	sp.keys12(secrets["CLIENT_RANDOM"], randoms["CLIENT_RANDOM"], first[11:43])
}

// set begins with a secret of TLS 1.3.
func (h *half) set(secret []byte) {
	h.secret, h.seq = secret, 0
	h.aead, h.iv = gcm(expand(secret, "key", 16)), expand(secret, "iv", 12)
}

// update goes on to the next keys.
func (h *half) update() { h.set(expand(h.secret, "traffic upd", sha256.Size)) }

func expand(secret []byte, label string, n int) []byte {
	label = "tls13 " + label
	info := string([]byte{byte(n >> 8), byte(n), byte(len(label))}) + label + "\x00"
	b, err := hkdf.Expand(sha256.New, secret, info, n)
	if err != nil {
		panic(err)
	}
	return b
}

func gcm(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	a, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return a
}

func (h *half) nonce() []byte {
	n := append([]byte(nil), h.iv...)
	for i, b := range binary.BigEndian.AppendUint64(nil, h.seq) {
		n[4+i] ^= b
	}
	h.seq++
	return n
}

// record makes a record.
func (sp *speaker) record(kind byte, data []byte) []byte {
	if sp.version == tls.VersionTLS12 {
		return sp.record12(kind, data)
	}
	n := len(data) + 1 + sp.out.aead.Overhead()
	head := []byte{recData, 3, 3, byte(n >> 8), byte(n)}
	return sp.out.aead.Seal(head, sp.out.nonce(), append(append([]byte(nil), data...), kind), head)
}

// Write sends data, a record for each 16 KB.
func (sp *speaker) Write(b []byte) (int, error) {
	n := len(b)
	for len(b) > 0 {
		piece := b[:min(len(b), recordData)]
		b = b[len(piece):]
		if _, err := sp.Conn.Write(sp.record(recData, piece)); err != nil {
			return 0, err
		}
	}
	return n, nil
}

// keyUpdate makes a record that changes the keys, and changes them.
func (sp *speaker) keyUpdate(ask byte) []byte {
	r := sp.record(recordHandshake, []byte{msgKeyUpdate, 0, 0, 1, ask})
	sp.out.update()
	return r
}

// alertError is an alert of the server.
type alertError byte

func (a alertError) Error() string { return fmt.Sprintf("alert %d", byte(a)) }

// Read gives what the server has said.
func (sp *speaker) Read(p []byte) (int, error) {
	for len(sp.plain) == 0 {
		if err := sp.readRecord(); err != nil {
			return 0, err
		}
	}
	n := copy(p, sp.plain)
	sp.plain = sp.plain[n:]
	return n, nil
}

func (sp *speaker) readRecord() error {
	sp.records++
	head := make([]byte, recordHeader)
	if _, err := io.ReadFull(sp.Conn, head); err != nil {
		return err
	}
	body := make([]byte, binary.BigEndian.Uint16(head[3:]))
	if _, err := io.ReadFull(sp.Conn, body); err != nil {
		return err
	}
	kind, data, err := sp.open(head, body)
	if err != nil {
		return err
	}
	switch kind {
	case recData:
		sp.plain = data
	case recordHandshake:
		if data[0] == msgKeyUpdate {
			sp.in.update()
			sp.updates++
		}
	case recAlert:
		if data[1] == alertClose {
			return io.EOF
		}
		return alertError(data[1])
	default:
		return fmt.Errorf("a record of type %d", kind)
	}
	return nil
}

func (sp *speaker) open(head, body []byte) (kind byte, data []byte, err error) {
	if sp.version == tls.VersionTLS12 {
		return sp.open12(head, body)
	}
	if data, err = sp.in.aead.Open(nil, sp.in.nonce(), body, head); err != nil {
		return 0, nil, err
	}
	last := len(data) - 1
	return data[last], data[:last], nil
}

// ends reads up to the end and returns the alert with which it came, alertClose if it was a
// close_notify.
func (sp *speaker) ends() byte {
	sp.t.Helper()
	for {
		err := sp.readRecord()
		var a alertError
		switch {
		case err == nil:
		case errors.As(err, &a):
			return byte(a)
		case errors.Is(err, io.EOF):
			return alertClose
		default:
			sp.t.Fatal(err)
		}
	}
}

// What is different in TLS 1.2: keys from a master secret (RFC 5246, section 8.1 and 6.3), and a
// nonce that is written in front (RFC 5288).

// keys12 takes the keys; both sides have sent a record with theirs: Finished.
func (sp *speaker) keys12(master, client, server []byte) {
	var block []byte
	seed := append([]byte("key expansion"), append(append([]byte(nil), server...), client...)...)
	mac := func(b ...[]byte) []byte {
		h := hmac.New(sha256.New, master)
		for _, p := range b {
			h.Write(p)
		}
		return h.Sum(nil)
	}
	for a := mac(seed); len(block) < 40; a = mac(a) {
		block = append(block, mac(a, seed)...)
	}
	sp.out = half{aead: gcm(block[:16]), iv: block[32:36], seq: 1}
	sp.in = half{aead: gcm(block[16:32]), iv: block[36:40], seq: 1}
}

func (h *half) aad(kind byte, n int) []byte {
	a := binary.BigEndian.AppendUint64(nil, h.seq)
	return append(a, kind, 3, 3, byte(n>>8), byte(n))
}

func (sp *speaker) record12(kind byte, data []byte) []byte {
	h := &sp.out
	n := 8 + len(data) + h.aead.Overhead()
	explicit := binary.BigEndian.AppendUint64(nil, h.seq)
	r := append([]byte{kind, 3, 3, byte(n >> 8), byte(n)}, explicit...)
	r = h.aead.Seal(r, append(append([]byte(nil), h.iv...), explicit...), data, h.aad(kind, len(data)))
	h.seq++
	return r
}

func (sp *speaker) open12(head, body []byte) (kind byte, data []byte, err error) {
	h := &sp.in
	n := len(body) - 8 - h.aead.Overhead()
	data, err = h.aead.Open(nil, append(append([]byte(nil), h.iv...), body[:8]...), body[8:], h.aad(head[0], n))
	h.seq++
	return head[0], data, err
}
