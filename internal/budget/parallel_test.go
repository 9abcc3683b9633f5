package budget

import (
	"flag"
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestMain(m *testing.M) {
	if os.Getenv(atOnceVariable) != "" {
		MoreAtOnce()
	}
	m.Run()
}

// atOnceVariable has this program run more tests at once.
const atOnceVariable = "PVESEC_TEST_AT_ONCE"

// TestMoreAtOnce: a program runs more tests at once than it has processors, and as many as its command line says.
func TestMoreAtOnce(t *testing.T) {
	t.Parallel()
	if os.Getenv(atOnceVariable) != "" {
		t.Log("at once: " + flag.Lookup("test.parallel").Value.String())
		return
	}
	for want, args := range map[string][]string{"6": nil, "2": {"-test.parallel", "2"}} {
		program := exec.CommandContext(t.Context(), os.Args[0], append([]string{"-test.v", "-test.run", "^TestMoreAtOnce$"}, args...)...)
		program.Env = append(os.Environ(), atOnceVariable+"=1", "GOMAXPROCS=3")
		if output, err := program.CombinedOutput(); err != nil || !strings.Contains(string(output), "at once: "+want+"\n") {
			t.Errorf("%v: %v, want %s at once\n%s", args, err, want, output)
		}
	}
	if got := atOnce(1); got != 4 {
		t.Errorf("%d at once on one processor", got)
	}
}
