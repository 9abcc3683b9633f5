// Package grammartest derives sudoers policies from a grammar and puts them to the real sudo and to package policy.
//
// It is the second generator beside package difftest, and shares nothing with it but the program that asks the plug-in.
// A policy is a derivation of testdata/policy.grammar, in which every alternative is taken about as often as every
// other; the grammar has the classes by which people got past a policy: other roots, locales, expressions that sudo
// refuses or that never match, values of options, includes, links. What the engine calls unknown must have a reason
// that stands in the policy. Pairs of policies that differ in a line are compared, and what the comparison says is put
// to sudo.
//
// The tests need root, the lab and a C compiler. More than the default amount:
//
//	go test ./internal/policy/grammartest -timeout 24h -args -decisions 1000000 -seed 7
package grammartest
