// Package sudoers reads and writes the sudoers language as sudo itself does.
//
// The lexer follows the start conditions and the longest-match rule of sudo's
// own scanner (plugins/sudoers/toke.l), the parser accepts the grammar of
// plugins/sudoers/gram.y together with its error recovery: a line that does not
// parse is dropped, and the rest of the file stays in force. A policy with a
// syntax error is therefore a policy partly applied, never "deny all".
//
//   - Parse reads one file, ParseTree a file with everything that it includes.
//     Both always return what is in force, and every error with a position and a
//     hint of what to write instead.
//   - Print writes canonical text; parsing what Print wrote gives an equal file.
//   - Rule and RenderRules turn structured rules into a user specification,
//     ParseCommand takes exactly one command in sudoers syntax.
//   - LookupDefault is the catalogue of every Defaults option.
//
// The target version of sudo decides what is accepted; the zero Version is the
// newest one known.
//
// The package is pure: it reads no file, no clock and no environment. What it
// says about acceptance is what visudo -c says, without its strict mode:
// undefined aliases, alias cycles and malformed regular expressions pass.
package sudoers
