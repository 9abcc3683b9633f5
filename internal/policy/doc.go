// Package policy says what a sudoers policy means: which grants a subject has,
// and whether sudo would run one command line.
//
// The rules are those of sudo's own decision (plugins/sudoers/lookup.c, match.c
// and match_command.c): lists have three values and their last matching member
// wins, of all commands the last matching one decides, and nothing matching means
// not allowed. What sudo asks the file system for (symbolic links, existence)
// comes from an Environment, which has a default for Debian.
//
// The package is pure: no file, no clock, no name service.
package policy
