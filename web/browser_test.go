package web_test

import (
	"bytes"
	"context"
	"fmt"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"go.uber.org/goleak"

	"github.com/tickroom/tickroom/server"
	"github.com/tickroom/tickroom/server/config"
	"github.com/tickroom/tickroom/web"
	"github.com/tickroom/tickroom/world/arena"
	"github.com/tickroom/tickroom/world/walkers"
)

func TestMain(m *testing.M) {
	// Importing ants starts its default pool, for good.
	goleak.VerifyTestMain(m, goleak.IgnoreCurrent())
}

// serve runs a server with the page and gives its address and what ends it.
func serve(t *testing.T, addr string) (string, func()) {
	t.Helper()
	cfg := config.Default()
	cfg.Listen, cfg.Admin, cfg.Log.Level, cfg.Seed = addr, "", "error", 5
	cfg.KindOptions = map[string]map[string]string{
		"arena":   {"bots": "24", "map": "1024", "obstacles": "14"},
		"walkers": {"npcs": "20"},
	}
	srv, err := server.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.Register(arena.Kind()); err != nil {
		t.Fatal(err)
	}
	if err := srv.Register(walkers.Kind()); err != nil {
		t.Fatal(err)
	}
	srv.Handle("/", web.Handler())
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- srv.Run(ctx) }()
	select {
	case <-srv.Ready():
	case err := <-done:
		cancel()
		t.Fatal(err)
	}
	end := sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(end)
	return srv.Addr().String(), end
}

// page is a page in a real browser.
type page struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	problems []string // errors that the page or the browser complained of
}

// browse opens an address in a headless Chromium, in a window of a size.
func browse(t *testing.T, url string, width, height int64, phone bool) *page {
	t.Helper()
	chromium := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if at, err := exec.LookPath(name); err == nil {
			chromium = at
			break
		}
	}
	if chromium == "" {
		t.Fatal("Chromium is needed to test the page: install chromium")
	}
	dir, err := os.MkdirTemp("", "tickroom-browser") //nolint:usetesting // t.TempDir fails if files appear while it cleans up
	if err != nil {
		t.Fatal(err)
	}
	// The last of the browser's processes may still be writing there.
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium), chromedp.UserDataDir(dir), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		// The page's timers must not sleep since nobody looks.
		chromedp.Flag("disable-background-timer-throttling", true), chromedp.Flag("disable-renderer-backgrounding", true),
	)
	base, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 2*time.Minute)
	alloc, cancelAlloc := chromedp.NewExecAllocator(base, opts...)
	ctx, cancelPage := chromedp.NewContext(alloc)
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Log(err)
		}
		cancelPage()
		cancelAlloc()
		cancel()
	})
	p := &page{t: t, ctx: ctx}
	err = chromedp.Listen(ctx, func(ev any) {
		switch e := ev.(type) {
		case *runtime.EventConsoleAPICalled:
			if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
				var text []string
				for _, a := range e.Args {
					text = append(text, string(a.Value)+a.Description)
				}
				p.complain("console: " + strings.Join(text, " "))
			}
		case *runtime.EventExceptionThrown:
			text := e.ExceptionDetails.Text
			if x := e.ExceptionDetails.Exception; x != nil {
				text += " " + x.Description
			}
			p.complain(text)
		case *log.EventEntryAdded:
			if e.Entry.Level == log.EntryLevelError {
				p.complain(e.Entry.Text + " " + e.Entry.URL)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	size := chromedp.EmulateViewport(width, height)
	if phone {
		size = chromedp.EmulateViewport(width, height, chromedp.EmulateMobile, chromedp.EmulateTouch)
	}
	p.do(size)
	p.do(chromedp.Navigate(url))
	return p
}

func (p *page) complain(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.problems = append(p.problems, text)
}

func (p *page) do(action chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	p.must(chromedp.Do(p.ctx, action))
}

func (p *page) must(err error) {
	p.t.Helper()
	if err != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.t.Fatalf("%v; the page says: %s", err, strings.Join(p.problems, "; "))
	}
}

// until waits, in the page, until an expression holds.
func (p *page) until(what, condition string) {
	p.t.Helper()
	ok, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool](fmt.Sprintf(`new Promise((resolve) => {
		const end = performance.now() + 40000;
		const look = () => {
			let now = false;
			try { now = %s; } catch { /* not there yet */ }
			if (now || performance.now() > end) resolve(Boolean(now));
			else setTimeout(look, 50);
		};
		look();
	})`, condition), func(e *runtime.EvaluateParams) { wait := true; e.AwaitPromise = &wait }))
	p.must(err)
	if !ok {
		p.picture("failed.png")
		p.mu.Lock()
		defer p.mu.Unlock()
		p.t.Fatalf("it never came to this: %s (see out/failed.png); the page says: %s", what, strings.Join(p.problems, "; "))
	}
}

// picture keeps a screenshot in out/ and gives the number of colours in it.
func (p *page) picture(name string) int {
	p.t.Helper()
	shot, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	p.must(err)
	out := filepath.Join("..", "out")
	if err := os.MkdirAll(out, 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(out, name), shot, 0o600); err != nil {
		p.t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		p.t.Fatal(err)
	}
	colours := map[[3]uint32]bool{}
	for y := img.Bounds().Min.Y; y < img.Bounds().Max.Y; y += 2 {
		for x := img.Bounds().Min.X; x < img.Bounds().Max.X; x += 2 {
			r, g, b, _ := img.At(x, y).RGBA()
			colours[[3]uint32{r, g, b}] = true
		}
	}
	return len(colours)
}

func (p *page) quiet() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.problems) > 0 {
		p.t.Errorf("the page complains: %s", strings.Join(p.problems, "; "))
	}
}

func (p *page) key(typ input.DispatchKeyEventType, code string) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: typ, Key: code, Code: code})
	p.must(err)
}

func (p *page) touch(typ input.DispatchTouchEventType, at ...*input.TouchPoint) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: typ, TouchPoints: append([]*input.TouchPoint{}, at...)})
	p.must(err)
}

// ships is an expression: the ships as they are shown now, by entity.
const ships = `(() => {
	const out = {}, s = tickroom.session;
	s.tracksOf('Ship').each(s.clock.shown, (e, v) => { out[e] = v; });
	return out;
})()`

// moved is an expression: whether one of the ships that satisfy a condition is
// now somewhere else than when it was first seen.
func moved(condition string) string {
	return `(() => {
		const first = window.first ??= {};
		return Object.entries(` + ships + `).some(([e, s]) => {
			first[e] ??= s;
			return (` + condition + `) && Math.hypot(s.x - first[e].x, s.y - first[e].y) > 30;
		});
	})()`
}

// TestArena plays in a real browser against a real server: others' ships move,
// one's own obeys, the state is the server's, and the page comes back after the
// server was away.
func TestArena(t *testing.T) {
	t.Parallel()
	addr, end := serve(t, "127.0.0.1:0")
	p := browse(t, "http://"+addr+"/?name=Tester", 1280, 800, false)
	p.until("in the game, with others in sight", `tickroom.session.state === 'open' && tickroom.game.scene.ships >= 3`)
	p.until("a ship of others moves", moved(`e != tickroom.game.ship`))

	p.key(input.DispatchKeyEventTypeKeyDown, "ArrowUp")
	p.key(input.DispatchKeyEventTypeKeyDown, "Space")
	p.until("the own ship burns its engine", ships+`[tickroom.game.ship]?.thrust === true`)
	p.until("it has fired", `[...tickroom.session.table('Bullet')].some(([, b]) => b.ship === tickroom.game.ship)`)
	p.until("it is on the way", moved(`e == tickroom.game.ship`))
	p.until("the leaders are shown", `document.querySelectorAll('#leaders tr').length >= 10`)
	p.until("the state has been held against the server's", `tickroom.session.stats.hashChecks >= 3`)
	if n := p.picture("arena.png"); n < 1000 {
		t.Errorf("the picture has only %d colours; see out/arena.png", n)
	}
	p.key(input.DispatchKeyEventTypeKeyUp, "ArrowUp")
	p.key(input.DispatchKeyEventTypeKeyUp, "Space")
	p.until("no hash was wrong", `tickroom.session.stats.mismatches === 0`)
	p.quiet()

	end()
	p.until("the page says that the connection is lost", `document.body.dataset.state === 'waiting' && !document.getElementById('notice').hidden && /Trying again/.test(document.getElementById('notice').textContent)`)
	p.picture("away.png")
	serve(t, addr)
	p.until("it has come back by itself", `tickroom.session.state === 'open' && tickroom.game.scene.ships >= 1 && document.getElementById('notice').hidden`)
}

// TestPhone steers with a finger, on a small screen.
func TestPhone(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, "127.0.0.1:0")
	p := browse(t, "http://"+addr+"/?name=Thumb", 390, 844, true)
	p.until("in the game, with a button to fire", `tickroom.session.state === 'open' && tickroom.game.scene.ships >= 1 && !document.getElementById('fire').hidden`)
	p.touch(input.DispatchTouchEventTypeTouchStart, &input.TouchPoint{X: 150, Y: 500})
	p.touch(input.DispatchTouchEventTypeTouchMove, &input.TouchPoint{X: 150, Y: 400})
	p.until("the ship turns up, and flies", `(() => { const s = `+ships+`[tickroom.game.ship]; return s && s.thrust && Math.abs(s.heading - Math.PI / 2) < 0.1; })()`)
	p.picture("phone.png")
	p.touch(input.DispatchTouchEventTypeTouchEnd)
	p.until("the engine is off", ships+`[tickroom.game.ship]?.thrust !== true`)
	p.until("nothing is wider than the screen", `document.documentElement.scrollWidth <= innerWidth`)
	p.quiet()
}

// TestWatchWalkers looks at walkers.
func TestWatchWalkers(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, "127.0.0.1:0")
	p := browse(t, "http://"+addr+"/?watch=walkers", 800, 700, false)
	p.until("21 walkers are there", `tickroom.game.seen === 21`)
	p.until("no hash was wrong", `tickroom.session.stats.hashChecks >= 2 && tickroom.session.stats.mismatches === 0`)
	p.picture("walkers.png")
	p.quiet()
}
