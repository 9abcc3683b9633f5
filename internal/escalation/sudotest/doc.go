// Package sudotest asks the sudo of both Debian releases whether the command lines that the analysis shows, and those
// that presets promise, are really allowed, and those that denials take away, or that presets must not allow, really
// refused. Its tests need root and the lab.
package sudotest
