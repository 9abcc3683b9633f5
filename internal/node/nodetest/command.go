package nodetest

import (
	"bufio"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ssh"
)

func (s *Server) session(ch ssh.Channel, reqs <-chan *ssh.Request) {
	defer ch.Close()
	for r := range reqs {
		if r.Type != "exec" {
			_ = r.Reply(false, nil)
			continue
		}
		var payload struct{ Command string }
		if ssh.Unmarshal(r.Payload, &payload) != nil {
			_ = r.Reply(false, nil)
			continue
		}
		_ = r.Reply(true, nil)
		go ssh.DiscardRequests(reqs)
		s.mu.Lock()
		s.sessions++
		s.open++
		s.peak = max(s.peak, s.open)
		s.mu.Unlock()
		s.run(ch, payload.Command)
		s.mu.Lock()
		s.open--
		s.mu.Unlock()
		return
	}
}

// run executes one command and reports its end, as sshd does.
func (s *Server) run(ch ssh.Channel, command string) {
	s.mu.Lock()
	s.commands = append(s.commands, command)
	s.mu.Unlock()
	if s.options.Command != "" {
		command = s.options.Command
	}
	if s.options.Shell != "" {
		command = strings.ReplaceAll(command, "/bin/sh", s.options.Shell)
	}
	_, _ = io.WriteString(ch, s.options.Noise)
	cmd := exec.Command("/bin/sh", "-c", "exec "+command)
	cmd.Env = append([]string{
		"PATH=" + filepath.Join(s.Root, "test/bin") + ":/usr/sbin:/usr/bin:/sbin:/bin",
		"PVESEC_TEST_ROOT=" + s.Root, "HOME=" + s.Root,
	}, s.options.Environment...)
	cmd.Stdout, cmd.Stderr = ch, ch.Stderr()
	stdin, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		_, _ = ch.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{126}))
		return
	}
	s.mu.Lock()
	s.processes[cmd.Process] = true
	s.mu.Unlock()
	go func() {
		s.feed(stdin, ch)
		stdin.Close()
	}()
	err = cmd.Wait()
	s.mu.Lock()
	delete(s.processes, cmd.Process)
	s.mu.Unlock()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() < 0 {
		_, _ = ch.SendRequest("exit-signal", false, ssh.Marshal(struct {
			Signal     string
			CoreDumped bool
			Message    string
			Language   string
		}{"KILL", false, "", ""}))
		return
	}
	_, _ = ch.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{uint32(cmd.ProcessState.ExitCode())}))
}

// feed copies what a client sends, and gives the programs in it Root to work in: the line of program/common.sh that
// says where on a node they do.
func (s *Server) feed(stdin io.Writer, from io.Reader) {
	const onNode, path = "root=\n", "PATH=${root:+$root/test/bin:}"
	lines := bufio.NewReader(from)
	s.mu.Lock()
	deaf := s.deaf
	s.mu.Unlock()
	for {
		line, err := lines.ReadString('\n')
		select {
		case <-deaf:
			line = ""
		default:
		}
		switch {
		case line == onNode:
			line = "root='" + s.Root + "'\n"
		case len(s.options.Without) > 0 && strings.HasPrefix(line, path):
			line = path + s.Root + "/test/rest\n"
		}
		if _, failed := io.WriteString(stdin, line); failed != nil || err != nil {
			return
		}
	}
}
