package config

import (
	"cmp"
	"runtime"
	"time"
)

// Redis is where the Redis is that several servers share. With neither URL nor
// Addresses there is none.
type Redis struct {
	// URL is redis://user:password@host:port/database, rediss:// for TLS, or
	// unix:///path.
	URL Secret `yaml:"url"`
	// Addresses are host:port of one server, in place of redis.url; or of the sentinels,
	// with redis.master; or of some of the nodes of a cluster, with redis.cluster.
	Addresses []string `yaml:"addresses" max:"100"`
	// Master is the name under which the sentinels know the servers.
	Master string `yaml:"master"`
	// Cluster says that it is a Redis Cluster.
	Cluster bool `yaml:"cluster" default:"false"`
	// Database is the number of the database.
	Database int `yaml:"database" default:"0" min:"0" max:"1000000"`

	// Username is the user at Redis.
	Username string `yaml:"username"`
	// Password is the password at Redis. Others on the machine can see flags, so better use
	// redis.password_file.
	Password Secret `yaml:"password"`
	// PasswordFile is a file that holds the password at Redis, and nothing else but a line's end.
	PasswordFile string `yaml:"password_file"`
	// SentinelUsername is the user at the sentinels.
	SentinelUsername string `yaml:"sentinel_username"`
	// SentinelPassword is the password at the sentinels.
	SentinelPassword Secret `yaml:"sentinel_password"`
	// SentinelPasswordFile is a file that holds the password at the sentinels.
	SentinelPasswordFile string `yaml:"sentinel_password_file"`

	// TLS makes connections to Redis speak TLS.
	TLS bool `yaml:"tls" default:"false"`
	// TLSCA is a file with the authorities that Redis's certificate may be from, PEM. Empty:
	// the system's.
	TLSCA string `yaml:"tls_ca"`
	// TLSName is the name in Redis's certificate, if it is not the host's.
	TLSName string `yaml:"tls_name"`
	// TLSCert is a file with a certificate for Redis, if it asks for one, PEM.
	TLSCert string `yaml:"tls_cert"`
	// TLSKey is a file with the private key of redis.tls_cert, PEM.
	TLSKey string `yaml:"tls_key"`

	// Prefix is what the names of all keys begin with. Servers with the same one belong
	// together.
	Prefix string `yaml:"prefix" default:"tickroom:" max:"100"`
	// DialTimeout is the time for a connection to Redis to be made. While Redis is away,
	// what needs it fails within redis.dial_timeout and redis.read_timeout together.
	DialTimeout time.Duration `yaml:"dial_timeout" default:"400ms" min:"10ms" max:"1s"`
	// ReadTimeout is the time for an answer of Redis, and for a connection to become free.
	ReadTimeout time.Duration `yaml:"read_timeout" default:"600ms" min:"10ms" max:"1s"`
	// Pool is how many connections are kept, to each server. 0: ten for each processor.
	Pool int `yaml:"pool" default:"0" min:"0" max:"10000"`
	// Replicas is how many replicas must have what changes about tickets, matches and
	// ratings, and each message of the bus, within half of redis.read_timeout, so that a fail-over
	// loses none of it. While there are fewer, nobody can enqueue, and messages wait. 0: none.
	Replicas int `yaml:"replicas" default:"0" min:"0" max:"10"`
}

// MostConnections returns how many connections to Redis are kept at most.
func (r *Redis) MostConnections() int {
	return cmp.Or(r.Pool, 10*runtime.GOMAXPROCS(0)) * max(1, len(r.Addresses))
}

// Enabled reports whether there is a Redis.
func (r *Redis) Enabled() bool { return r.URL != "" || len(r.Addresses) > 0 }
