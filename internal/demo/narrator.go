package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
)

// narrator tells what happens, in colour on a terminal only.
type narrator struct {
	mu      sync.Mutex
	out     io.Writer
	colour  bool
	started time.Time
	step    int
}

func newNarrator(out *os.File) *narrator {
	info, err := out.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0
	return &narrator{out: out, colour: terminal && os.Getenv("NO_COLOR") == "", started: time.Now()}
}

const (
	bold  = "1"
	faint = "2"
	green = "32"
	cyan  = "36"
)

func (n *narrator) paint(code, text string) string {
	if !n.colour {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (n *narrator) print(text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	fmt.Fprintln(n.out, text)
}

// chapter begins a numbered step.
func (n *narrator) chapter(title string) {
	n.step++
	n.print("\n" + n.paint(bold, fmt.Sprintf("%d. %s", n.step, title)) + n.paint(faint, fmt.Sprintf("   (%.0f s)", time.Since(n.started).Seconds())))
}

// say explains in plain words.
func (n *narrator) say(format string, args ...any) {
	n.print(fmt.Sprintf(format, args...))
}

// command shows what is run.
func (n *narrator) command(where, line string) {
	n.print("\n  " + n.paint(cyan, where+"# "+line))
}

// output shows what a command printed.
func (n *narrator) output(text string) {
	text = strings.TrimRight(text, "\n")
	if text != "" {
		n.print("  " + strings.ReplaceAll(text, "\n", "\n  "))
	}
}

// seen confirms a fact that was checked.
func (n *narrator) seen(format string, args ...any) {
	n.print(n.paint(green, "  ok ") + fmt.Sprintf(format, args...))
}

// progress shows a line of something that takes long.
func (n *narrator) progress(line string) {
	n.print(n.paint(faint, "  … "+line))
}
