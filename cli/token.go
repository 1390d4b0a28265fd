package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tickroom/tickroom/internal/identity"
)

// tokenFlags are the flags of `tickroom token`.
type tokenFlags struct {
	player, name     string
	roles, audience  []string
	shows            []string
	issuer           string
	ttl, notBefore   time.Duration
	keyFile, newFile string
	alg              string

	service       bool // of a service, not of a player
	scopes, kinds []string
}

func newToken() *cobra.Command {
	var f tokenFlags
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Mint a token that says who a player is",
		Long: `Mint a token, as a game's account service would: a JSON Web Token that says who a
player is, signed with a key that the server trusts. It is for development and
tests. The token alone goes to standard output, all else to standard error.

A key comes first. An EdDSA key has two files: the private one signs, the public
one (.pub) is for servers, which can then tell players but not make them up. An
HS256 key is one secret that both sides have. The server reads the public key's
file as identity.key_files, the secret's as identity.secret_files.

Whoever has the private key or the secret can be any player, admins included; keep
it out of the repository. A token is a password too, until it expires.

With --service the token is a backend's, for the server's RoomService: --player is
the service's name then. It needs a key of its own, which the server reads as
service.key_files or service.secret_files.`,
		Example: `  tickroom token --new-key dev.key                        # make dev.key and dev.key.pub
  tickroom token --key-file dev.key --player ann --name Ann
  tickroom token --key-file dev.key --player mod1 --role moderator --ttl 10m
  tickroom token --new-key dev.key --player ann           # both at once
  tickroom token --new-key dev.secret --alg HS256         # a shared secret instead
  TOKEN=$(tickroom token --key-file dev.key --player ann 2>/dev/null)
  tickroom token --service --new-key service.key
  tickroom token --service --key-file service.key --player shop --scopes post,list --kinds danmaku`,
		Args: NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.run(cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.player, "player", "", "the player's id: up to 128 printable ASCII characters without spaces")
	fl.StringVar(&f.name, "name", "", "the player's name, for others: up to 64 bytes")
	fl.StringSliceVar(&f.roles, "role", nil, "what the player may do: "+strings.Join(identity.RoleNames(), ", ")+"; may be repeated (default player)")
	fl.StringSliceVar(&f.shows, "show", nil, "where the player is host, moderator or admin: the `name` of a show; may be repeated (default everywhere)")
	fl.DurationVar(&f.ttl, "ttl", time.Hour, "how long the token is good for; 0: for ever, which servers refuse unless told otherwise")
	fl.DurationVar(&f.notBefore, "not-before", 0, "how long from now it becomes good")
	fl.StringVar(&f.issuer, "issuer", "", "who made it, if the server asks for an issuer (identity.issuer)")
	fl.StringSliceVar(&f.audience, "audience", nil, "whom it is for, if the server asks for an audience (identity.audience)")
	fl.StringVar(&f.keyFile, "key-file", "", "file with the key to sign with: an Ed25519 private key in PEM, or an HS256 secret")
	fl.StringVar(&f.newFile, "new-key", "", "make a new key in this file, which must not be there yet")
	fl.BoolVar(&f.service, "service", false, "the token is a backend's, for RoomService")
	fl.StringSliceVar(&f.scopes, "scopes", nil, "what the service may do: "+strings.Join(identity.Scopes(), ", "))
	fl.StringSliceVar(&f.kinds, "kinds", nil, "the kinds of rooms that the service is bound to (default all)")
	fl.StringVar(&f.alg, "alg", identity.EdDSA, "what the new key is for: EdDSA or HS256")
	fl.SortFlags = false
	return cmd
}

func (f *tokenFlags) run(stdout, stderr io.Writer) error {
	grant, err := f.grant()
	if err != nil {
		return usageError{err}
	}
	var key *identity.SigningKey
	if f.newFile != "" {
		key, err = f.newKey(stderr)
	} else {
		key, err = identity.ReadSigningKey(f.keyFile)
	}
	if err != nil {
		return err
	}
	if f.service {
		return f.mintService(key, &grant, stdout, stderr)
	}
	if f.player == "" {
		fmt.Fprintf(stderr, "\nNow mint a token:\n\n  tickroom token --key-file %s --player ann\n", f.newFile)
		return nil
	}
	token, err := key.Mint(grant)
	if err != nil {
		return err
	}
	fmt.Fprintln(stderr, describe(grant, key))
	_, err = fmt.Fprintln(stdout, string(token))
	return err
}

// serviceAudience is whom tokens of services are for, unless the server is told otherwise.
const serviceAudience = "tickroom-rooms"

// mintService mints a token of a service.
func (f *tokenFlags) mintService(key *identity.SigningKey, g *identity.Grant, stdout, stderr io.Writer) error {
	if f.player == "" {
		fmt.Fprintf(stderr, "\nNow mint a token:\n\n  tickroom token --service --key-file %s --player shop --scopes post,list\n", f.newFile)
		return nil
	}
	s := identity.ServiceGrant{
		Service: f.player, Scopes: f.scopes, Kinds: f.kinds, Issuer: f.issuer, Audience: f.audience, TTL: f.ttl, NotBefore: g.NotBefore, Now: g.Now,
	}
	if len(s.Audience) == 0 {
		s.Audience = []string{serviceAudience}
	}
	token, err := key.MintService(s)
	if err != nil {
		return usageError{err}
	}
	kinds := "all kinds"
	if len(s.Kinds) > 0 {
		kinds = strings.Join(s.Kinds, ", ")
	}
	fmt.Fprintf(stderr, "service %s (%s; %s), good until %s, signed with %s\n", s.Service, strings.Join(s.Scopes, ", "), kinds, s.Now.Add(s.TTL).Format(time.RFC3339), key.Alg())
	_, err = fmt.Fprintln(stdout, string(token))
	return err
}

// signTokens returns what mints tokens of players with the key in a file, as `tickroom
// token` does.
func signTokens(keyFile string, ttl time.Duration) (func(player, name string) (string, error), error) {
	key, err := identity.ReadSigningKey(keyFile)
	if err != nil {
		return nil, err
	}
	return func(player, name string) (string, error) {
		token, err := key.Mint(identity.Grant{Player: player, Name: name, Roles: identity.Player, TTL: ttl, Now: time.Now()})
		return string(token), err
	}, nil
}

// newKey makes a key and prints how to use it.
func (f *tokenFlags) newKey(stderr io.Writer) (*identity.SigningKey, error) {
	key, err := identity.NewSigningKey(f.alg)
	if err != nil {
		return nil, err
	}
	verify, err := key.Write(f.newFile)
	if err != nil {
		return nil, err
	}
	section := "identity"
	if f.service {
		section = "service"
	}
	if key.Alg() == identity.HS256 {
		fmt.Fprintf(stderr, "%s is a new secret. Whoever has it can sign what is checked by it,\nso each use has a secret of its own: never give a webhook's, or one of seats, to tokens too.\nFor tokens the server needs it in its configuration:\n\n  %s:\n    secret_files: [%s]\n", f.newFile, section, verify)
	} else {
		fmt.Fprintf(stderr, "%s is a new private key. Whoever has it can sign tokens.\nThe server needs the public key in its configuration:\n\n  %s:\n    key_files: [%s]\n", f.newFile, section, verify)
	}
	return key, nil
}

// grant checks the flags, before any file is touched.
func (f *tokenFlags) grant() (identity.Grant, error) {
	g := identity.Grant{Player: f.player, Name: f.name, Shows: f.shows, Issuer: f.issuer, Audience: f.audience, TTL: f.ttl, Now: time.Now()}
	switch {
	case f.keyFile == "" && f.newFile == "":
		return g, errors.New("a key to sign with is missing: give --key-file FILE, or make one with --new-key FILE; see tickroom token --help")
	case f.keyFile != "" && f.newFile != "":
		return g, errors.New("--key-file takes a key that is there, --new-key makes one: give one of them")
	case f.player == "" && f.keyFile != "":
		return g, errors.New("whose token? give --player ID, for example --player ann")
	case f.service && (f.name != "" || len(f.roles) > 0):
		return g, errors.New("--name and --role are a player's; a service has --scopes and --kinds")
	case !f.service && len(f.scopes)+len(f.kinds) > 0:
		return g, errors.New("--scopes and --kinds are a service's; give --service, too")
	case f.service && f.player != "" && len(f.scopes) == 0:
		return g, fmt.Errorf("what may the service do? give --scopes, some of %s", strings.Join(identity.Scopes(), ", "))
	case f.service && f.ttl == 0:
		return g, errors.New("--ttl: tokens of services expire; give a time such as 720h")
	case f.alg != identity.EdDSA && f.alg != identity.HS256:
		return g, fmt.Errorf("--alg: %q is not one of: %s, %s", f.alg, identity.EdDSA, identity.HS256)
	case f.ttl < 0:
		return g, fmt.Errorf("--ttl: %v is less than nothing; give a time such as 10m or 1h", f.ttl)
	case f.ttl > 0 && f.ttl < time.Second:
		return g, fmt.Errorf("--ttl: %v is too little; tokens count in seconds", f.ttl)
	case f.notBefore < 0:
		return g, fmt.Errorf("--not-before: %v is less than nothing; it counts from now", f.notBefore)
	case f.ttl > 0 && f.notBefore >= f.ttl:
		return g, fmt.Errorf("--not-before: the token would become good after %v, and expire after %v", f.notBefore, f.ttl)
	}
	if f.player != "" {
		if err := identity.CheckPlayer(f.player); err != nil {
			return g, fmt.Errorf("--player: %w", err)
		}
	}
	if _, err := identity.CheckName(f.name); err != nil {
		return g, fmt.Errorf("--name: %w", err)
	}
	for _, name := range f.roles {
		r, ok := identity.ParseRole(name)
		if !ok {
			return g, fmt.Errorf("--role: %q is not one of: %s", name, strings.Join(identity.RoleNames(), ", "))
		}
		g.Roles |= r
	}
	if g.Roles == 0 {
		g.Roles = identity.Player
	}
	if f.notBefore > 0 {
		g.NotBefore = g.Now.Add(f.notBefore)
	}
	return g, nil
}

// describe returns a line about what was signed.
func describe(g identity.Grant, key *identity.SigningKey) string {
	until := "for ever"
	if g.TTL > 0 {
		until = "until " + g.Now.Add(g.TTL).Format(time.RFC3339)
	}
	from := ""
	if !g.NotBefore.IsZero() {
		from = "from " + g.NotBefore.Format(time.RFC3339) + " "
	}
	return fmt.Sprintf("player %s (%s), good %s%s, signed with %s", g.Player, g.Roles, from, until, key.Alg())
}
