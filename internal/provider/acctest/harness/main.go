package harness

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
)

// logDir is where the runs of terraform log, a file for each test.
var logDir string

// program is where the provider is built, once for all tests of a process.
var program string

// garbage is how much heap is new, in percent of the old, when a program of these tests collects garbage.
const garbage = 400

// Main has every run of terraform, and the provider within it, log all that they can say to a file of its test, and
// keep its working directory: [Run] searches both for secrets. A test package calls it from its TestMain.
func Main(m *testing.M) {
	if measured := os.Getenv(measuredVariable); measured != "" {
		measure(measured)
	}
	debug.SetGCPercent(garbage) // collecting garbage takes a third of the time of short runs
	dir, err := os.MkdirTemp("", "pvesec-acctest")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	logDir, program = filepath.Join(dir, "log"), filepath.Join(dir, "terraform-provider-pvesec")
	for _, made := range []string{logDir, filepath.Join(dir, "tmp")} {
		if err := os.Mkdir(made, 0o700); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	for name, value := range map[string]string{
		"TF_LOG": "TRACE", "TF_ACC_LOG": "TRACE", "TF_LOG_PATH_MASK": filepath.Join(logDir, "%s.log"),
		// The test framework itself logs each configuration, with what is secret in it.
		"TF_LOG_SDK_HELPER_RESOURCE": "OFF",
		"TF_ACC_PERSIST_WORKING_DIR": "1", "TF_ACC_TEMP_DIR": filepath.Join(dir, "tmp"),
		"GOGC": fmt.Sprint(garbage), // of terraform
	} {
		if err := os.Setenv(name, value); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	status := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = max(status, 1)
	}
	os.Exit(status)
}

// LogOf is the log of a test, as the test framework names it.
func LogOf(t *testing.T) string {
	t.Helper()
	return filepath.Join(logDir, strings.ReplaceAll(t.Name(), "/", "__")+".log")
}
