package proxmox

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"
)

// maxAttempts bounds how often one request is sent.
const maxAttempts = 4

// pauseFunc waits for d or until ctx ends, then returns its error.
type pauseFunc func(ctx context.Context, d time.Duration) error

func pause(ctx context.Context, d time.Duration) error {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < d {
		return context.DeadlineExceeded
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// backoff is the time before attempt+1: 1 s, 2 s, 4 s, shortened by up to half
// at random so that several clients do not meet again.
func backoff(attempt int) time.Duration {
	full := time.Second << (attempt - 1)
	return full/2 + rand.N(full/2) //nolint:gosec // spreads clients, protects nothing
}

// repeatable tells whether sending the same request again is safe and may help.
func repeatable(method string, err error) bool {
	if provenUndone(err) {
		return true
	}
	if method == http.MethodPost {
		return false // it may have taken effect; repeating would lose a token's secret
	}
	var answer *Error
	if errors.As(err, &answer) {
		switch answer.Status {
		case 596, 597, 599, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			return true
		}
		return false
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)
}

// provenUndone tells whether the answer proves that nothing was written: the
// lock of user.cfg or token.cfg was not obtained, or pveproxy could not connect
// to pvedaemon (595).
func provenUndone(err error) bool {
	var answer *Error
	if !errors.As(err, &answer) {
		return false
	}
	return answer.Status == 595 ||
		answer.Status == http.StatusInternalServerError && strings.Contains(answer.text(), "got lock request timeout")
}

// unknownOutcome tells whether a write may have taken effect although err is all
// that is known of it.
func unknownOutcome(err error) bool {
	var answer *Error
	if errors.As(err, &answer) {
		switch answer.Status {
		case 596, 597, 598, 599, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			return true
		}
		return answer.Status >= 200 && answer.Status <= 299
	}
	var unreachable *UnreachableError
	if !errors.As(err, &unreachable) {
		return false
	}
	var op *net.OpError
	return !errors.As(err, &op) || op.Op != "dial"
}
