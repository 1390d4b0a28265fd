package schema_test

import (
	"fmt"

	walkersv1 "github.com/tickroom/tickroom/proto/gen/tickroom/walkers/v1"
	"github.com/tickroom/tickroom/proto/schema"
)

// A schema is generated from a game's .proto file. It is what a client without
// generated code gets in the welcome.
func Example() {
	for _, c := range walkersv1.Schema.Components {
		for _, f := range c.Fields {
			if f.Kind == schema.Quantised {
				fmt.Printf("%s.%s travels in steps of %.4g\n", c.Name, f.Name, f.Step)
			}
		}
	}
	// Output:
	// Walker.x travels in steps of 0.125
	// Walker.y travels in steps of 0.125
	// Walker.heading travels in steps of 0.02454
}

// A row is sent as cells: integers, in which its fields are quantised.
func ExampleComponent_NewCells() {
	row := walkersv1.Walker{X: 3.1, Health: 100}
	cells := row.ComponentInfo().NewCells()
	row.StoreCells(cells)

	var seen walkersv1.Walker
	seen.LoadCells(cells)
	fmt.Println(row.X, "is seen as", seen.X)
	// Output: 3.1 is seen as 3.125
}
