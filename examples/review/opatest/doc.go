// Package opatest judges the recorded plans of examples/review with the real OPA. It is a module of its own, so that
// the provider does not depend on OPA.
package opatest
