// Package difftest compares this project's reading of sudoers with sudo itself.
//
// Its tests generate policies and command lines from a seed that they print (the same in every run unless -seed says
// otherwise; 0 takes one from the clock), and put them both to packages sudoers and policy and to the sudo of Debian 12
// and Debian 13 in the lab:
//
//   - decisions, with the distribution's own sudoers.so behind sudo's public plug-in
//     interface (testdata/plugin_driver.c, compiled on the spot with cc), and a
//     sample of them again with sudo -l -U;
//   - acceptance, with visudo -c, and the lines and columns of the errors;
//   - the syntax tree, with cvtsudoers -f json.
//
// Nothing of it costs a process for each question: plug-in and programs run in one process, whose state is put back
// after each (testdata/restore.h, testdata/serve_program.c). Samples are compared with processes of their own.
//
// Disagreements are listed in testdata/disagreements.json with a reason each. A test fails on any that is not listed,
// and on a listed one that no longer occurs.
//
// The tests need root, the lab and a C compiler. More than the default amount:
//
//	go test ./internal/policy/difftest -timeout 24h -args -decisions 1000000 -trees 100000 -seed 7
package difftest
