// Package memo answers Terraform for resources that did not change. Nearly all are so in nearly every run, and the
// framework takes milliseconds for each of them, since it resolves every path of every value from the root of the
// schema, several times.
//
// An apply leaves a memo in the resource's private state: digests of the configuration, of the state, and of what the
// server said, with the build of the provider and the schema. A later run takes the state for what a reading would give
// if all digests are the same, the last one by asking the server again, and takes the plan for empty if the
// configuration's digest is the same too. A resource says what it asks the server and what of the answers it keeps
// ([Resource]); the package itself knows no attribute. Whatever is new, unknown, or not recorded is the framework's to
// answer, as is everything that has something to say.
package memo
