package node

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strconv"

	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// Section is one part of the answer, raw as the node gave it: escape it before people read it.
type Section struct {
	Data []byte
	// Status of the command, 124 where it was stopped because it took too long.
	Status int
	// Cut tells that there was more than maxSection, which did not travel.
	Cut bool
	// Complaint is what it wrote to its standard error, fit to be read.
	Complaint string
	// Lacks is the tool that the node does not have, "" if it has it.
	Lacks string
}

// maxSection bounds one part of the answer, in bytes: what users can make endless takes nothing from the other parts.
// All parts together stay below maxAnswer.
const maxSection = 2 << 20

// section reads one section up to its end.
func (r *reader) section(name string) (Section, error) {
	var body bytes.Buffer
	f, err := r.answer.next(func(line []byte) { body.Write(line) })
	switch {
	case err != nil:
		return Section{}, err
	case f.word != "ended" || f.arg(0) != name:
		return Section{}, fmt.Errorf("%w: %q instead of the end of section %q", errMalformed, f.word, name)
	}
	data, err := base64.StdEncoding.DecodeString(body.String())
	if err != nil {
		return Section{}, fmt.Errorf("%w: section %q: %w", errMalformed, name, err)
	}
	status, err := strconv.Atoi(f.arg(1))
	if err != nil {
		return Section{}, fmt.Errorf("%w: status of section %q: %w", errMalformed, name, err)
	}
	part := Section{Data: data, Status: status, Complaint: untrusted.Text(f.text(2))}
	if len(data) > maxSection {
		part.Data, part.Cut, part.Status = data[:maxSection], true, 0 // the command ended early because nobody read on
	}
	return part, nil
}
