package budget

import (
	"flag"
	"runtime"
	"strconv"
)

// MoreAtOnce has more tests of this program run at the same time than there are processors, unless its command line
// says how many. It is for tests that mostly wait for nodes or processes. A TestMain calls it before it runs the tests.
func MoreAtOnce() {
	if err := flag.Set("test.parallel", strconv.Itoa(atOnce(runtime.GOMAXPROCS(0)))); err != nil {
		panic(err)
	}
}

func atOnce(processors int) int { return max(4, 2*processors) }
