// Package libctest holds the automata of package regular to the C library that sudo calls: a program of a few lines of C asks
// fnmatch(3) and regexec(3), and millions of answers are compared with those of the automata.
//
// The tests need a C compiler (cc, gcc or clang) and glibc, and fail without. Package regular itself is tested without them.
package libctest
