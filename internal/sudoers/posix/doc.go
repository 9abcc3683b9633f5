// Package posix has the two pattern languages that sudo takes from the C library:
// shell patterns, fnmatch(3), and POSIX extended regular expressions, regcomp(3),
// both as glibc has them in the C locale, in which every byte is one character.
package posix
