package audience

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"connectrpc.com/connect"
	"github.com/spf13/pflag"

	tickroomv1 "github.com/tickroom/tickroom/proto/gen/tickroom/v1"
	"github.com/tickroom/tickroom/proto/gen/tickroom/v1/tickroomv1connect"
	"github.com/tickroom/tickroom/proto/schema"
)

// postLimit is how long a backend waits for the answer to a post before it posts again.
const postLimit = 5 * time.Second

// Backend is how bots do what backends do.
type Backend struct {
	// Service is the address of the room service, or several with commas between them, of which
	// the next one is asked where one does not answer. Empty: the servers that bots connect to.
	Service string
	// TokenFile holds a token for the service with the scope post. It is a secret.
	TokenFile string
}

func (b *Backend) flags(f *pflag.FlagSet) {
	f.StringVar(&b.Service, "service", "", "`address` of the room service, for what backends do; that of the servers if left out")
	f.StringVar(&b.TokenFile, "service-token", "", "`file` with a token for the room service (see tickroom token --help), for gifts")
}

// poster posts messages to topics by the room service. One goroutine at a time uses it.
type poster struct {
	token    string
	http     *http.Client
	services []tickroomv1connect.RoomServiceClient
	at       int // the one that has answered last
}

// open returns what posts by the room service.
func (b *Backend) open(servers string) (*poster, error) {
	if b.TokenFile == "" {
		return nil, errors.New("gifts are posted to the room service, which takes a token: name a file that holds one, with the scope post, by --service-token")
	}
	token, err := os.ReadFile(b.TokenFile)
	if err != nil {
		return nil, fmt.Errorf("the token of the room service: %w", err)
	}
	p := &poster{token: strings.TrimSpace(string(token)), http: &http.Client{Transport: &http.Transport{IdleConnTimeout: time.Minute}}}
	if b.Service != "" {
		servers = b.Service
	}
	for address := range strings.SplitSeq(servers, ",") {
		p.services = append(p.services, tickroomv1connect.NewRoomServiceClient(p.http, strings.TrimSuffix(strings.TrimSpace(address), "/")))
	}
	return p, nil
}

func (p *poster) close() { p.http.CloseIdleConnections() }

// post posts a message to a topic, once. After an error it may have been posted or not; with the
// same key it can be posted again.
func (p *poster) post(ctx context.Context, topic, name string, m schema.Message, key string) error {
	ctx, cancel := context.WithTimeout(ctx, postLimit)
	defer cancel()
	q := connect.NewRequest(&tickroomv1.RoomServicePostRequest{
		To: &tickroomv1.RoomServicePostRequest_Topic{Topic: topic}, Message: name,
		Content: &tickroomv1.RoomServicePostRequest_Data{Data: m.AppendProto(nil)}, Key: key,
	})
	q.Header().Set("Authorization", "Bearer "+p.token)
	_, err := p.services[p.at%len(p.services)].Post(ctx, q)
	if err != nil {
		p.at++
		return fmt.Errorf("posting to %s: %w", topic, err)
	}
	return nil
}
