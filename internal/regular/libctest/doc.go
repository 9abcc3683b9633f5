// Package libctest holds the automata of package regular to the C library that sudo calls, and to what sudo itself
// takes for a malformed expression: a program of a few lines of C asks fnmatch(3), sudo's library and regexec(3), and
// millions of answers are compared with those of the automata. It asks on this machine and on nodes of both Debian
// releases.
//
// The tests need a C compiler (cc, gcc or clang), glibc, and for the nodes root, and fail without. Package regular
// itself is tested without them.
package libctest
