// Package regular decides questions about regular languages of command lines: does a set of patterns let a text
// through, is what one list of rules allows contained in what another allows, and if not, which text shows it.
//
// # Patterns
//
// Compile makes an Expr of a Glob (fnmatch(3)), an ERE (regcomp(3), as sudo calls it) or a Literal. Texts are bytes in
// the C locale. An ERE becomes an automaton with silent steps (thompson.go); anchors and word edges are decided by
// remembering the byte before and guessing the byte behind (resolve.go), which leaves an automaton without them. A glob
// is nearly one already. Both are made small by merging states that do the same (finish.go).
//
// # Languages
//
// A Language is a Boolean combination of patterns: Union, Intersect, Complement, Difference, and Prioritised, a list of
// verdicts of which the last that matches decides. All of it is regular: what rules i allow is the union of A_i \
// U_{j>i} M_j.
//
// # Questions
//
// IsEmpty, Subset, Disjoint and Equivalent walk the derivatives of the language (J. Brzozowski 1964) breadth first and
// on demand, over bytes compressed to letters that no pattern tells apart (alphabet.go). A derivative is a node of a
// hash-consed expression over sets of positions (V. Antimirov 1996), with complement as a bit of the reference.
// Inclusion is PSPACE-complete and a product of many rules explodes when it is built naively; normal forms keep it
// small (simplify.go):
//
//   - absorption: a rule whose residual is everything deletes all rules of lower priority, and the rules directly above it
//     that say the same;
//   - shadowing: what a higher rule contains is taken out of lower ones;
//   - merging: consecutive rules with one verdict are one set of positions, and positions with the same future are one,
//     from whatever pattern they come;
//   - covering: a position that can only lead through a star which is reached already is dropped (cover.go);
//   - antichains: what is left of a list of denials is dropped if less was denied elsewhere (antichain.go).
//
// A No comes with a shortest witness, printable if there is one as short. A Budget bounds states and, through a
// function of the caller, time; past it the answer is Unknown, which is not Yes.
//
// Rules on command lines are two-dimensional. Partition splits command paths into classes that the same rules match,
// which leaves a list of patterns of arguments for each. Arguments keeps no arguments apart from an empty one.
//
// The package is pure: no file, no clock, and no other package of the house.
package regular
