// Package sshd holds who may log in to nodes over SSH, and how.
package sshd
