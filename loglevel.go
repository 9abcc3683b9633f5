package main

import "os"

// The levels of a provider's loggers: the SDK's, from which those of its parts follow, and the provider's own.
var loggers = []string{"TF_LOG_SDK", "TF_LOG_PROVIDER_PVESEC"}

// logAsAsked sets the level of each logger that the environment leaves open to what Terraform keeps of a provider's
// log: TF_LOG_PROVIDER, or else TF_LOG. A provider logs at TRACE unless it is told otherwise, and Terraform throws away
// what it did not ask for: a quarter of the provider's processor time, and some of Terraform's.
func logAsAsked() error {
	level := os.Getenv("TF_LOG_PROVIDER")
	if level == "" {
		level = os.Getenv("TF_LOG")
	}
	switch level {
	case "":
		level = "OFF"
	case "JSON": // TRACE in another form, which Terraform gives it
		level = "TRACE"
	}
	for _, logger := range loggers {
		if os.Getenv(logger) != "" {
			continue
		}
		if err := os.Setenv(logger, level); err != nil {
			return err
		}
	}
	return nil
}
