//go:build linux

package lab

import (
	"context"
	"fmt"
	"os"
	"testing"
)

// crashVariable makes the test program start a cluster, say its id and its first process's id, and wait to be killed.
const crashVariable = "PVESEC_LAB_TEST_CRASH"

func TestMain(m *testing.M) {
	if os.Getenv(crashVariable) == "" {
		os.Exit(m.Run())
	}
	c, err := StartCluster(context.Background(), ClusterSpec{Nodes: make([]NodeSpec, 2)})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(c.lab.state.id, c.Nodes[0].machine.(container).cmd.Process.Pid) //nolint:errcheck // a node without Kernel
	select {}
}
