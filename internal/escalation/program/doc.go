// Package program is the knowledge of what command lines do.
//
// A program is described by its operations. Each operation is a language of arguments, written as a synopsis, with the
// effects that it has. Operands have a type and a way in which the program uses them: reading a file, deleting it,
// stopping a unit. Tables of classes say what follows for a concrete operand: reading /etc/fstab is nothing, reading
// /etc/pve/priv/authkey.key is a secret.
//
// Nothing is harmless by omission. What no operation of a program covers has the effects of the program's Otherwise, or
// is [Undescribed], which is a finding.
//
// The data is embedded and written to be reviewed, one file for each family of programs, with a source for each
// program, and examples of what an operation covers and what it does not.
//
// The package is pure: it takes values and returns values.
package program
