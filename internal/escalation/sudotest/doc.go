// Package sudotest asks the sudo of both Debian releases whether the command lines that the analysis shows are really allowed,
// and those that denials take away really refused. Its tests need root and the lab.
package sudotest
