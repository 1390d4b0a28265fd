package danmaku_test

import (
	"fmt"

	"github.com/tickroom/tickroom/world/danmaku"
)

func Example() {
	k := danmaku.Kind(danmaku.Outside{})
	fmt.Println(k.Name, k.TickRate)
	// Output: danmaku 5
}
