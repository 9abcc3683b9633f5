// Package node reaches Proxmox VE nodes over SSH and changes files on them as one transaction.
//
// A [Pool] is made once per provider configuration and dials nothing by itself. The first use of a [Target] opens one
// SSH connection, which all goroutines share from then on. Host keys are always verified, against known_hosts content
// or pinned fingerprints; there is no trust on first use. Nothing is read from a home directory; an agent is asked and
// a password is used only where [Config] says so. A chain of [JumpHost] is passed hop by hop, each with its own host
// key, and shared by all nodes. Handshakes that sshd turns away before the login, for MaxStartups or a penalty, are
// tried again with growing pauses.
//
// [Pool.Observe] reads files, accounts, services and commands. A session costs two round trips, one to open it and one
// for the answer, and reads of one node that arrive together share one. What it cannot find out is an error, never
// "absent": a file counts as absent only where the node itself says that there is no such file.
//
// [Pool.Apply] installs, changes and removes files on one or several nodes, all or nothing:
//
//	lock → recover what a crashed run left → compare with what the plan saw → stage → validate     on every node, then
//	journal → back up → rename into place → verify → restart services                             on every node, then
//	finish: drop the journal                                                                        on every node, then
//	what cannot be undone: sessions, homes and jobs of removed accounts go                          on every node
//
// Any failure before the last step puts every node back as it was: content, mode, owner and absence, and restarts the
// services that were restarted. The part that runs on the node is one POSIX sh process for the whole transaction
// (program/transaction.sh and its parts); when its standard input ends, because the connection broke or Terraform was
// killed, or when nothing is heard for a minute, it restores by itself. When the process itself is killed or the node
// loses power, the journal tells the next transaction on that node what to restore before it does anything else, and
// [Observation.Unfinished] says that there is one. What cannot be undone is listed beside the journal, whose new name
// "sealed" says that the change stands: the next transaction does what a process that died then had left to do.
//
// Changes of files that come at the same time, for the same nodes, share one such transaction. Where it fails because
// of one of them, which undoes all of it, each is made once more by itself, so that every error is about its own
// change. Removals share theirs with removals alone, and what has accounts, services or a confirmation of its own
// shares none.
//
// What is in the home of an account is in the hands of its user. Only processes with his power and no more look at it
// and write it, undoing something there never keeps anybody from the next change, and what nobody can look at is not
// known, which is not absent.
//
// Without root, everything runs through one fixed command line, `sudo -n /bin/sh -s`: the program and all file contents
// travel over standard input, so nothing of them is ever in a process argument, and one sudoers line permits it. Where
// sudo asks for a password it is sent only after sudo's prompt was seen, and a wrong one is tried once.
//
// # Not locking ourselves out
//
// A change of sshd's configuration, of sudoers by a user who is not root, or with [Change.Confirm], is armed before its
// first file is renamed: a timer of the node (systemd-run, or a process of its own where there is no systemd) and a
// unit for the next boot run the recovery after [Timing.Confirm]. Only a new connection, made after the change, that
// reaches root's power lets the transaction finish and takes both away. Whatever happens to the session, to Terraform
// or to the node's power, the old state comes back.
//
// # On the node
//
//	/run/pvesec/lock                       flock(2) that keeps two runs apart; /run is writable by root only, unlike /run/lock
//	/run/pvesec/done                       the last hundred transactions that were finished, for who lost the connection at that moment
//	/run/pvesec/said                       what the last command said that could not write a file
//	/etc/systemd/system/pvesec-boot-<id>.service  restores at the next boot, only while a change waits for its confirmation
//	/etc/pvesec/stage/<id>/                new files, undo links and the journal of one transaction, mode 0700; removed when done
//	<parent>/.pvesec-<id>/                 the same, for a target that lies on another file system than /etc/pvesec
//	/var/backups/pvesec/<path>/<copy>      replaced key files of accounts, jobs of cron of removed ones, replaced and removed files, mode 0700, the newest ten of each path and the last one of what was applied
//
// A copy is named NUMBER-TIME-KIND-REASON, such as 00000007-20260102T030405Z-applied-replaced: kind is "applied" for
// what was applied last ([File.Applied]) and "found" for what somebody else left there; the reason is "replaced" or
// "removed". In the name of the directory a slash is a dash, and a dash is %2D.
package node
