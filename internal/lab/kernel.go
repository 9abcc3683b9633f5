//go:build linux

package lab

import (
	"context"
	"errors"
)

var kernelMasked = []string{}

func BuildKernel(context.Context, Suite, Progress) error { return errors.New("not yet") }
func (n *Node) bootKernel() (machine, error)             { return nil, errors.New("not yet") }
func machineMain() error                                 { return errors.New("not yet") }
