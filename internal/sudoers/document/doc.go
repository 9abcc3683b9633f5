// Package document composes a sudoers policy from rules and from other documents. A document names no subject: it is
// rendered for one.
package document
