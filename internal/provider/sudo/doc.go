// Package sudo holds what is about sudo: policies on nodes, documents that policies are composed of, analyses, and
// functions over sudoers text.
package sudo
