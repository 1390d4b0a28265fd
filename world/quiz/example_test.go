package quiz_test

import (
	"fmt"

	"github.com/tickroom/tickroom/world/quiz"
)

// A server's program lists the kinds of rooms that it runs.
func ExampleKind() {
	for _, k := range []string{quiz.Kind().Name, quiz.ShowKind(nil).Name} {
		fmt.Println(k)
	}
	// Output:
	// quiz
	// quiz-show
}
