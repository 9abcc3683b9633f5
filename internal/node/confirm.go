package node

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/crypto/ssh"
)

// deadline is after how many seconds the node restores the change unless a new connection confirms it; zero where our
// own access is not at stake.
func (tx *transaction) deadline() int {
	at := func(v Validator) bool {
		return slices.ContainsFunc(tx.change.Files, func(f File) bool { return f.Validate == v })
	}
	own := slices.ContainsFunc(tx.change.Accounts, func(a AccountChange) bool { return a.Name == tx.pool.login.user })
	if tx.change.Confirm || own || at(Sshd) || !tx.pool.root() && at(Sudoers) {
		return seconds(tx.pool.timing.Confirm)
	}
	return 0
}

// confirm proves over a new connection that the change has not locked us out, and tells the node so. The old state
// comes back when it has.
func (tx *transaction) confirm(ctx context.Context) error {
	if tx.deadline() == 0 || !tx.changed {
		return nil
	}
	tx.report(tx.name(), "confirming over a new connection")
	ctx, cancel := context.WithTimeout(ctx, tx.pool.timing.Confirm)
	defer cancel()
	if err := tx.reenter(ctx); err != nil {
		return fmt.Errorf("the change takes away the access that pvesec itself uses: %w", err)
	}
	return nil
}

// reenter logs in anew, becomes root anew, and leaves the mark for which the transaction waits.
func (tx *transaction) reenter(ctx context.Context) error {
	l := &link{shared: tx.link.shared, target: tx.link.target, sessions: make(chan struct{}, maxSessions)}
	client, err := tx.pool.fresh(ctx, tx.link)
	if err != nil {
		return err
	}
	defer client.Close()
	s, err := tx.pool.openOn(ctx, l, func(context.Context) (*ssh.Client, error) { return client, nil })
	if err != nil {
		return err
	}
	defer s.close()
	stop := context.AfterFunc(ctx, func() { s.channel.Close() })
	defer stop()
	marker := newMarker()
	text := wrap(marker, commonProgram, "txn="+tx.id, confirmProgram)
	go func() {
		_ = s.write(text) // an error shows as an answer that ends too early
		_ = s.channel.CloseWrite()
	}()
	answer := newAnswer(marker, s.channel)
	for {
		f, err := answer.next(nil)
		switch {
		case err != nil:
			return tx.pool.ended(ctx, l, s, answer, "confirming", err)
		case f.word == "hello" && f.arg(0) != "0":
			return notRoot(tx.name(), tx.pool.login.user, f.arg(0))
		case f.word == "confirmed":
			return nil
		case f.word == "late":
			return &RemoteError{Node: tx.name(), Doing: "confirming", Err: errors.New("the transaction is over")}
		}
	}
}
