package regular

// characterClasses are the classes that brackets can name, in the C locale (POSIX, Base Definitions 7.3.1: LC_CTYPE in
// the POSIX locale).
var characterClasses = func() map[string]byteSet {
	ranges := map[string]string{
		"alnum":  "09AZaz",
		"alpha":  "AZaz",
		"blank":  "\t\t  ",
		"cntrl":  "\x01\x1f\x7f\x7f",
		"digit":  "09",
		"graph":  "!~",
		"lower":  "az",
		"print":  " ~",
		"punct":  "!/:@[`{~",
		"space":  "\t\r  ",
		"upper":  "AZ",
		"xdigit": "09AFaf",
	}
	classes := make(map[string]byteSet, len(ranges))
	for name, pairs := range ranges {
		var set byteSet
		for i := 0; i < len(pairs); i += 2 {
			set.addRange(pairs[i], pairs[i+1])
		}
		classes[name] = set
	}
	return classes
}()

// wordBytes are what \w, \b and their kin take for part of a word (glibc, posix/regcomp.c, init_word_char).
var wordBytes = func() byteSet {
	set := characterClasses["alnum"]
	set.add('_')
	return set
}()
