// Package pvesim is a simulated Proxmox VE access API over TLS, for tests and
// for the demo.
//
// It answers /access/*, /version, /nodes, /cluster/status and the little of
// /pools and /storage that access control touches, in the dialect of PVE 8.4, 9.1 or 9.2. It
// is held to recordings of the real API (testdata/contract): status, reason
// phrase, JSON types and values, and the user.cfg that each write leaves
// behind. What deviates is listed in testdata/deviations.json with a reason.
//
// # What is simulated
//
//   - The state is the text of user.cfg and domains.cfg, as in PVE: a read parses
//     it, a write parses it, changes it and writes it whole. Much of what is
//     surprising in PVE follows from that and not from rules of its own: an ACL
//     line of a deleted token stays until the next write, the string "0" is lost,
//     spaces at the ends of a comment vanish, root@pam comes back when deleted,
//     an e-mail address beyond Latin-1 comes back encoded twice.
//
//   - Authentication by API token or ticket, with PVE's causes in the reason
//     phrase and its delay of three seconds ([Options.AuthDelay]).
//
//   - Permissions: inheritance along the path, propagate, users over groups,
//     NoAccess, pools, and the intersection of a privilege-separated token with
//     its user. This engine is written apart from every resolver of the provider,
//     so that one can check the other.
//
//   - The order of checks: authentication 401, permission 403, parameters 400,
//     code 500. There is no 404 and no 409: the text tells.
//
//   - The HTTP dialect: the message in the reason phrase, two Connection headers,
//     501 for chunked bodies and unknown verbs, silence for headers over 8 KiB.
//
//   - Some methods outside access control, which the examples of findings use, are
//     asked for alone: they check the caller's rights and the names of parameters
//     as PVE's schema and code do ([deeds]), and change nothing.
//
// # Faults
//
// [Server.SetHook] sees every request before it is handled and may delay it,
// answer in its place (595 and the like), or drop the connection before or after
// the write took effect. [Server.HoldLock] keeps PVE's configuration locks and
// [Server.StopDaemon] takes away pvedaemon.
//
// # What is not
//
// Second factors, directory logins, quorum and other nodes' behaviour are not
// simulated. Nodes exist in lists only.
package pvesim
