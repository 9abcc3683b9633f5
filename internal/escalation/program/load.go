package program

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
)

//go:embed data/*.json
var data embed.FS

// The files of the data that are no family of programs.
const (
	typesFile    = "types.json"
	operandsFile = "operands.json"
)

// known is all that is embedded. A family is decoded when one of its programs is asked for: most policies are about a
// few.
type known struct {
	families []func() (*Family, error)
	// fileOf has families by the paths of their programs, byName the first path of a program of a name.
	fileOf   map[string]int
	byName   map[string]string
	operands *operands
}

// knowledge finds what there is, once. Data that cannot be read is an error of the program, which its tests find.
var knowledge = sync.OnceValue(func() *known {
	k, err := load(data)
	if err != nil {
		broken(err)
	}
	return k
})

func broken(err error) { panic("the embedded knowledge of programs: " + err.Error()) }

// Families are all families of programs in the order of their files.
var Families = sync.OnceValue(func() []*Family {
	k := knowledge()
	list := make([]*Family, len(k.families))
	for i := range list {
		list[i] = k.family(i)
	}
	return list
})

// Programs are all programs that are described.
var Programs = sync.OnceValue(func() []*Program {
	var list []*Program
	for _, family := range Families() {
		list = append(list, family.Programs...)
	}
	return list
})

func (k *known) family(i int) *Family {
	family, err := k.families[i]()
	if err != nil {
		broken(err)
	}
	return family
}

// at is the program at a path, nil if there is none.
func (k *known) at(command string) *Program {
	i, described := k.fileOf[command]
	if !described {
		return nil
	}
	for _, p := range k.family(i).Programs {
		if slices.Contains(p.Paths, command) {
			return p
		}
	}
	return nil
}

// auxiliary tells whether a file of the data is no family of programs.
func auxiliary(name string) bool {
	return slices.Contains([]string{typesFile, operandsFile, "undescribed.json", "names.json"}, name)
}

func load(data fs.FS) (*known, error) {
	k := &known{fileOf: map[string]int{}, byName: map[string]string{}, operands: &operands{}}
	if err := decode(data, typesFile, &k.operands.values); err != nil {
		return nil, err
	}
	if err := decode(data, operandsFile, &k.operands.classed); err != nil {
		return nil, err
	}
	if err := k.operands.prepare(); err != nil {
		return nil, err
	}
	files, err := fs.Glob(data, "data/*.json")
	if err != nil {
		return nil, err
	}
	c := &compiler{operands: k.operands}
	for _, file := range files {
		if auxiliary(path.Base(file)) {
			continue
		}
		content, err := fs.ReadFile(data, file)
		if err != nil {
			return nil, err
		}
		if err := k.list(content, len(k.families)); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		k.families = append(k.families, sync.OnceValues(func() (*Family, error) { return loadFamily(data, path.Base(file), c) }))
	}
	return k, nil
}

// list notes the paths of the programs of a family, in whose text they stand as "paths": ["/usr/sbin/qm"], with nothing
// escaped.
func (k *known) list(content []byte, family int) error {
	for {
		_, rest, found := bytes.Cut(content, []byte(`"paths": [`))
		if !found {
			return nil
		}
		listed, behind, _ := bytes.Cut(rest, []byte("]"))
		for i, piece := range strings.Split(string(listed), `"`) {
			if i%2 == 0 { // between two paths
				continue
			}
			if _, twice := k.fileOf[piece]; twice {
				return fmt.Errorf("%q comes twice", piece)
			}
			k.fileOf[piece] = family
			if base := path.Base(piece); k.byName[base] == "" {
				k.byName[base] = piece
			}
		}
		content = behind
	}
}

// loadFamily decodes a family and makes its operations ready.
func loadFamily(data fs.FS, file string, c *compiler) (*Family, error) {
	family := &Family{}
	if err := decode(data, file, family); err != nil {
		return nil, err
	}
	for _, p := range family.Programs {
		p.family = family
		if err := p.read(c); err != nil {
			return nil, fmt.Errorf("%s: %q: %w", file, p.Paths, err)
		}
	}
	return family, nil
}

func decode(data fs.FS, name string, into any) error {
	content, err := fs.ReadFile(data, "data/"+name)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

var commandPath = regexp.MustCompile(`^(/[A-Za-z0-9._+\[-]+)+$|^sudoedit$|^list$`)

func (p *Program) read(c *compiler) error {
	if len(p.Paths) == 0 || p.Source == "" || len(p.Operations) == 0 && p.Otherwise == nil {
		return errors.New("no path, no source, or neither operations nor otherwise")
	}
	for _, name := range p.Paths {
		if !commandPath.MatchString(name) {
			return fmt.Errorf("%q is no canonical path", name)
		}
	}
	for _, o := range p.Operations {
		o.program = p
		if err := o.read(c); err != nil {
			return fmt.Errorf("operation %q: %w", o.Args, err)
		}
	}
	if o := p.Otherwise; o != nil {
		o.program = p
		if err := o.checkOtherwise(); err != nil {
			return fmt.Errorf("otherwise: %w", err)
		}
	}
	return nil
}

var findingID = regexp.MustCompile(`^PVESEC-E[0-9]{4}$`)

func (o *Operation) checkEffects() error {
	for i, e := range o.Effects {
		if e.Info() == nil || slices.Contains(o.Effects[:i], e) {
			return fmt.Errorf("%q is no effect, or comes twice", e)
		}
	}
	switch {
	case o.ID != "" && !findingID.MatchString(o.ID):
		return fmt.Errorf("id %q is not PVESEC-E and four digits", o.ID)
	case o.Does == "" || o.Does != strings.TrimSpace(o.Does):
		return errors.New("does not say what it does")
	}
	return nil
}

func (o *Operation) read(c *compiler) error {
	if err := o.checkEffects(); err != nil {
		return err
	}
	if len(o.Examples) == 0 || o.Example != "" || len(o.Signs) > 0 || o.Reviewed != "" {
		return errors.New("no examples, or what only otherwise has")
	}
	if _, err := regexp.Compile(o.Joined); err != nil {
		return fmt.Errorf("joined: %w", err)
	}
	o.prepare(c)
	return nil
}

func (o *Operation) checkOtherwise() error {
	if o.Args != "" || len(o.Examples) > 0 || len(o.Not) > 0 || len(o.Effects) == 0 {
		return errors.New("it has effects and an example, and no args, examples or not")
	}
	for _, sign := range o.Signs {
		if _, err := regular.Compile(regular.ERE{Pattern: signPattern(sign), Whole: true}); err != nil || sign == "" {
			return fmt.Errorf("sign %q: %w", sign, err)
		}
	}
	if err := o.checkEffects(); err != nil {
		return err
	}
	if root := slices.ContainsFunc(o.Effects, func(e Effect) bool { return e.Info().Root() }); root == (o.Reviewed != "") {
		return errors.New("it has an effect that is a way to root, or else says in reviewed why nothing of it is one")
	}
	return nil
}

// asArguments is a line of arguments in the form of regular.Arguments.
func asArguments(line string) string {
	if line == "" {
		return ""
	}
	return " " + line
}
