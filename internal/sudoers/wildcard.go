package sudoers

// HasMeta tells whether sudo takes a text for a glob (match.c, has_meta).
func HasMeta(s string) bool {
	for i := range len(s) {
		switch s[i] {
		case '\\', '?', '*', '[', ']':
			return true
		}
	}
	return false
}
