package bench

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// The ways in which clients come to a server.
type front int

const (
	plainly front = iota // without TLS
	byTLS                // the server ends TLS
	byNginx              // nginx ends TLS in front of it
)

// files are what TLS needs, in a folder of their own.
type files struct{ dir, cert, key string }

// newFiles makes a certificate of the kind that players' servers have, for nobody in particular.
func newFiles() (_ files, err error) {
	f := files{}
	if f.dir, err = os.MkdirTemp("", "tickbench"); err != nil {
		return f, err
	}
	f.cert, f.key = filepath.Join(f.dir, "cert.pem"), filepath.Join(f.dir, "key.pem")
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return f, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "tickbench"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return f, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return f, err
	}
	if err := os.WriteFile(f.cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), 0o600); err != nil {
		return f, err
	}
	return f, os.WriteFile(f.key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600)
}

func (f files) remove() { _ = os.RemoveAll(f.dir) }

// nginxConfig is for one process, whose processor time can be read as a server's can.
const nginxConfig = `daemon off;
master_process off;
pid %[1]s/pid;
error_log %[1]s/error.log;
worker_rlimit_nofile 60000;
events { worker_connections 30000; }
http {
	access_log off;
	client_body_temp_path %[1]s/body;
	proxy_temp_path %[1]s/proxy;
	fastcgi_temp_path %[1]s/fastcgi;
	uwsgi_temp_path %[1]s/uwsgi;
	scgi_temp_path %[1]s/scgi;
	server {
		listen %[2]s ssl backlog=8192;
		ssl_certificate %[3]s;
		ssl_certificate_key %[4]s;
		location / {
			proxy_pass http://%[5]s;
			proxy_http_version 1.1;
			proxy_set_header Upgrade $http_upgrade;
			proxy_set_header Connection upgrade;
			proxy_set_header Host $http_host;
			proxy_read_timeout 120s;
		}
	}
}
`

// nginx returns the command of an nginx that ends TLS at addr for the server at behind.
func (f files) nginx(addr, behind string) (*exec.Cmd, error) {
	path, err := exec.LookPath("nginx")
	if err != nil {
		return nil, fmt.Errorf("bench: this row needs nginx: %w", err)
	}
	config := filepath.Join(f.dir, "nginx.conf")
	text := fmt.Sprintf(nginxConfig, f.dir, addr, f.cert, f.key, behind)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	return exec.Command(path, "-p", f.dir, "-e", filepath.Join(f.dir, "error.log"), "-c", config), nil
}
