package audience

import (
	"fmt"
	"strings"
	"time"
)

// Script returns the file of a show that begins when so many contestants are there, whose right
// options end with Mark.
func Script(mode string, contestants, questions int, answer, pause time.Duration) string {
	var b strings.Builder
	fmt.Fprintf(&b, "title: Bots\nmode: %s\nseconds: %g\npause: %g\nstart_with: %d\nlead: 0.5\nrevives: 1\nquestions:\n", mode, answer.Seconds(), pause.Seconds(), contestants)
	for i := range questions {
		fmt.Fprintf(&b, "  - text: Question %d\n    options:\n", i+1)
		n, right := 3+i%2, i*7%3
		for k := range n {
			mark := ""
			if k == right {
				mark = Mark
			}
			fmt.Fprintf(&b, "      - Option %c%s\n", 'A'+k, mark)
		}
		fmt.Fprintf(&b, "    answer: %c\n", 'A'+right)
	}
	return b.String()
}
