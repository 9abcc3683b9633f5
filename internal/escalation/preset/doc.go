// Package preset holds vetted allow-lists for what operators of a Proxmox VE node do through sudo.
//
// A preset is data, one file in data/, written to be reviewed: what each grant is for, its commands with anchored
// argument patterns, command lines that it allows, command lines close by that it must not, and what sudo cannot grant
// safely at all, with the privilege of the PVE API that can. Patterns are put together from named blocks
// (data/blocks.json) and from parameters.
//
// A parameter is a small pattern that only ever narrows: its grammar has no wildcard, its text is proven to stay within
// the kind of name that it stands for (package regular), and it is put in parentheses. A grant whose optional parameter
// is not given is left out, so that nothing is opened without notice.
//
// Patterns keep to what every sudo since 1.9.10 reads alike: ^…$ over the joined arguments, without an inner '$', '#'
// or backslash, and at most 1024 bytes long (sudoers(5), "Regular expressions in command arguments").
//
// The package is pure: it takes values and returns values.
package preset
