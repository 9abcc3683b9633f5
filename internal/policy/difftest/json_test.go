package difftest

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// node is a value of the JSON that cvtsudoers writes. It is read by hand, because
// 1.9.13 has pairs in arrays and the same key more than once in an object.
type node struct {
	scalar string
	pairs  []pair // of an object, or elements of an array (without key)
}

type pair struct {
	key   string
	value node
}

// get gives the first value of a key.
func (n *node) get(key string) *node {
	for i := range n.pairs {
		if n.pairs[i].key == key {
			return &n.pairs[i].value
		}
	}
	return &node{}
}

type jsonReader struct {
	text string
	pos  int
}

func readJSON(text string) (n node, err error) {
	r := &jsonReader{text: text}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("JSON at offset %d: %v", r.pos, p)
		}
	}()
	n = r.value()
	return n, nil
}

var errSyntax = errors.New("unexpected character")

func (r *jsonReader) peek() byte {
	for r.pos < len(r.text) && strings.IndexByte(" \t\r\n", r.text[r.pos]) >= 0 {
		r.pos++
	}
	if r.pos >= len(r.text) {
		panic(errSyntax)
	}
	return r.text[r.pos]
}

func (r *jsonReader) value() node {
	switch c := r.peek(); c {
	case '{', '[':
		r.pos++
		var n node
		for {
			switch r.peek() {
			case '}', ']':
				r.pos++
				return n
			case ',':
				r.pos++
				continue
			}
			v := r.value()
			if r.peek() == ':' {
				r.pos++
				n.pairs = append(n.pairs, pair{v.scalar, r.value()})
			} else {
				n.pairs = append(n.pairs, pair{"", v})
			}
		}
	case '"':
		return node{scalar: r.string()}
	}
	start := r.pos
	for strings.IndexByte("{}[],:\" \t\r\n", r.text[r.pos]) < 0 {
		r.pos++
	}
	if r.pos == start {
		panic(errSyntax)
	}
	return node{scalar: r.text[start:r.pos]}
}

func (r *jsonReader) string() string {
	var b strings.Builder
	r.pos++
	for r.text[r.pos] != '"' {
		c := r.text[r.pos]
		if c == '\\' {
			r.pos++
			switch c = r.text[r.pos]; c {
			case 'n':
				c = '\n'
			case 't':
				c = '\t'
			case 'r':
				c = '\r'
			case 'b':
				c = '\b'
			case 'f':
				c = '\f'
			case 'u':
				u, err := strconv.ParseUint(r.text[r.pos+1:r.pos+5], 16, 8)
				if err != nil {
					panic(err)
				}
				c = byte(u)
				r.pos += 4
			}
		}
		b.WriteByte(c)
		r.pos++
	}
	r.pos++
	return b.String()
}
