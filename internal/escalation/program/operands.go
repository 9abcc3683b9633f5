package program

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
)

// valueType is a type of operands without modes: its effect does not depend on the value.
type valueType struct {
	About string `json:"about"`
	ERE   string `json:"ere"` // of the whole value

	language func() (regular.Expr, error)
}

// classedType is a type of operands whose effect depends on the value and on what the program does with it.
type classedType struct {
	About string `json:"about"`
	ERE   string `json:"ere"` // of every value
	// ClassesOf names another type whose classes are also those of this one, and its values if ERE is empty: a
	// directory is where a file can be.
	ClassesOf string `json:"classes_of"`
	// Classes split the values; the first that has a value is its class.
	Classes []*valueClass `json:"classes"`
	// Modes gives, for each way in which a program uses a value, the classes by their effects. The key is "" for no
	// effect, or names of effects joined by "+", or two such keys with "/" between them: for command lines with a
	// choice, and for fixed ones; "A/@" has A where the caller chooses the host. Every class stands exactly once in
	// each mode; "*" stands for all that are not named.
	Modes map[string]map[string][]string `json:"modes"`

	base      func() (regular.Expr, error)
	named     func() ([]regular.Expr, error) // by class
	mu        sync.Mutex
	languages map[string]compiled // by mode
}

// valueClass is a class of values.
type valueClass struct {
	Name   string   `json:"name"`
	About  string   `json:"about"`
	Source string   `json:"source"`
	ERE    []string `json:"ere"` // each of whole values; none for the class of all the rest, which comes last
}

// operands are all types of operands.
type operands struct {
	values  map[string]*valueType
	classed map[string]*classedType
}

func (o *operands) known(kind, mode string) error {
	if t, ok := o.classed[kind]; ok {
		if t.Modes[mode] == nil {
			return fmt.Errorf("type %q has no mode %q", kind, mode)
		}
		return nil
	}
	if o.values[kind] == nil {
		return fmt.Errorf("there is no type %q", kind)
	}
	if mode != "" {
		return fmt.Errorf("type %q has no modes", kind)
	}
	return nil
}

// language gives the values of a type, and, if marks are wanted, which of them bring effects in a mode.
func (o *operands) language(kind, mode string, marks bool) (compiled, error) {
	if err := o.known(kind, mode); err != nil {
		return compiled{}, err
	}
	t, ok := o.classed[kind]
	if ok && marks {
		return t.language(mode)
	}
	base := t.baseOr(o.values[kind])
	e, err := base()
	return compiled{all: e}, err
}

// baseOr is the language of all values, of this type or of a simple one.
func (t *classedType) baseOr(simple *valueType) func() (regular.Expr, error) {
	if t != nil {
		return t.base
	}
	return simple.language
}

// language gives the values, and those that bring effects in a mode. A value of a class that is a way to root is among
// them, and of a class behind it too; only values of other classes are taken out of the classes behind them. So a value
// that is a way to root may show more effects than those of its class, and none shows fewer.
func (t *classedType) language(mode string) (compiled, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c, made := t.languages[mode]; made {
		return c, nil
	}
	named, err := t.named()
	if err != nil {
		return compiled{}, err
	}
	key := map[string]string{} // by class
	for k, classes := range t.Modes[mode] {
		for _, name := range classes {
			key[name] = canonicalKey(k)
		}
	}
	c := compiled{by: map[string]regular.Expr{}}
	if c.all, err = t.base(); err != nil {
		return compiled{}, err
	}
	by := map[string][]regular.Expr{}
	for i, class := range t.Classes {
		if key[class.Name] == "" {
			continue
		}
		of := named[i]
		for k, earlier := range t.Classes[:i] {
			if rootKey(key[earlier.Name]) || key[earlier.Name] == key[class.Name] || len(class.ERE) == 0 || !regular.MayMeet(of, named[k], regular.Budget{}) {
				continue
			}
			if of, err = regular.Without(of, named[k], regular.Budget{}); err != nil {
				return compiled{}, err
			}
		}
		by[key[class.Name]] = append(by[key[class.Name]], of)
	}
	for k, list := range by {
		if c.by[k], err = regular.Alternate(list...); err != nil {
			return compiled{}, err
		}
	}
	t.languages[mode] = c
	return c, nil
}

// rootKey tells whether one of the effects is a way to root.
func rootKey(key string) bool {
	return slices.ContainsFunc(effectsWhen(key, false), func(e Effect) bool { return e.Info().Root() })
}

// canonicalKey has the effects of a key of the data in order.
func canonicalKey(key string) string {
	open, pinned, differ := strings.Cut(key, "/")
	if differ {
		return effectKey(effectsOf(open)) + "/" + effectKey(effectsOf(pinned))
	}
	return effectKey(effectsOf(open))
}

// split makes the language of each class as it is named; the last has what no other names.
func (t *classedType) split() ([]regular.Expr, error) {
	base, err := t.base()
	if err != nil {
		return nil, fmt.Errorf("%q: %w", t.ERE, err)
	}
	var list, open []regular.Expr // open are not cut down to values of the type, so that any text can follow more of them
	for _, class := range t.Classes[:len(t.Classes)-1] {
		named, err := alternatives(class.ERE)
		if err != nil {
			return nil, fmt.Errorf("class %q: %w", class.Name, err)
		}
		open = append(open, named)
		if named, err = regular.Both(base, named, regular.Budget{}); err != nil {
			return nil, err
		}
		list = append(list, named)
	}
	all, err := regular.Alternate(open...)
	if err != nil {
		return nil, err
	}
	rest, err := regular.Without(base, all, regular.Budget{})
	if err == nil {
		rest, err = regular.Minimal(rest)
	}
	return append(list, rest), err
}

func alternatives(eres []string) (regular.Expr, error) {
	of := make([]regular.Expr, len(eres))
	for i, ere := range eres {
		var err error
		if of[i], err = regular.Compile(regular.ERE{Pattern: ere, Whole: true}); err != nil {
			return regular.Expr{}, fmt.Errorf("%q: %w", ere, err)
		}
	}
	return regular.Alternate(of...)
}

// prepare checks the types and makes their languages ready to be compiled when they are asked for.
func (o *operands) prepare() error {
	for name, t := range o.values {
		if t.About == "" || t.ERE == "" {
			return fmt.Errorf("type %q says too little", name)
		}
		t.language = sync.OnceValues(func() (regular.Expr, error) {
			return regular.Compile(regular.ERE{Pattern: t.ERE, Whole: true})
		})
	}
	for name, t := range o.classed {
		if err := o.share(t); err != nil {
			return fmt.Errorf("type %q: %w", name, err)
		}
		if err := t.check(); err != nil {
			return fmt.Errorf("type %q: %w", name, err)
		}
		if o.values[name] != nil {
			return fmt.Errorf("type %q comes twice", name)
		}
		t.base = sync.OnceValues(func() (regular.Expr, error) {
			return regular.Compile(regular.ERE{Pattern: t.ERE, Whole: true})
		})
		t.named = sync.OnceValues(t.split)
		t.languages = map[string]compiled{}
	}
	return nil
}

// share gives a type the values and classes of another one.
func (o *operands) share(t *classedType) error {
	if t.ClassesOf == "" {
		return nil
	}
	from := o.classed[t.ClassesOf]
	if from == nil || from.ClassesOf != "" || len(t.Classes) > 0 {
		return fmt.Errorf("classes of %q: there is no such type with classes of its own, or this one has some", t.ClassesOf)
	}
	t.Classes = from.Classes
	if t.ERE == "" {
		t.ERE = from.ERE
	}
	return nil
}

// expand replaces "*" in a mode by the classes that it does not name.
func expand(by map[string][]string, names []string) {
	var named []string
	for _, classes := range by {
		named = append(named, classes...)
	}
	for key, classes := range by {
		if i := slices.Index(classes, "*"); i >= 0 {
			rest := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(named, name) })
			by[key] = slices.Concat(classes[:i], rest, classes[i+1:])
		}
	}
}

func (t *classedType) check() error {
	var names []string
	for i, class := range t.Classes {
		if class.Name == "" || class.About == "" || slices.Contains(names, class.Name) {
			return fmt.Errorf("class %q says too little, or comes twice", class.Name)
		}
		if last := i == len(t.Classes)-1; last != (len(class.ERE) == 0) {
			return fmt.Errorf("class %q: the last class, and no other, has all the rest", class.Name)
		}
		names = append(names, class.Name)
	}
	for mode, by := range t.Modes {
		expand(by, names)
		var judged []string
		for key, classes := range by {
			for _, e := range slices.Concat(effectsWhen(key, false), effectsWhen(key, true)) {
				if e.Info() == nil {
					return fmt.Errorf("mode %q: there is no effect %q", mode, e)
				}
			}
			judged = append(judged, classes...)
		}
		slices.Sort(judged)
		all := slices.Sorted(slices.Values(names))
		if !slices.Equal(judged, all) {
			return fmt.Errorf("mode %q judges %q, and not each of %q once", mode, judged, all)
		}
	}
	return nil
}
