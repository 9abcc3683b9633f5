package difftest

import (
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// product joins every choice of one word from each list.
func product(lists ...[]string) []string {
	all := []string{""}
	for _, list := range lists {
		var longer []string
		for _, begin := range all {
			for _, word := range list {
				longer = append(longer, begin+word)
			}
		}
		all = longer
	}
	return all
}

// valueLines are lines with one number, time or limit each, written in every way that the C library's functions for
// numbers could take or refuse: signs, spaces and whatever else they skip, missing digits, and the ends of their
// ranges.
func valueLines() (rules, settings []string) {
	add := func(to *[]string, before string, values []string, behind string) {
		for _, v := range values {
			*to = append(*to, before+v+behind)
		}
	}
	times := product(
		[]string{"2020010100", "202001010000", "20200101000000", "202001010", "2020010100000", "202001010000000", "00000000000000", "20209999999999", "19691231235959"},
		[]string{"", ".5", ",9", ".", ".55"},
		[]string{"", "Z", "z", "+01", "-0130", "+1", "+012", "+01Z", "+01-5", "-01+5", `+01\ 5`, `-01\x0b5`, "+01-", "+01-05", `+01\ 05`, "+-1", `+\ 1`, "+01.5", "+9999", "-00-9"})
	add(&rules, "a ALL = NOTAFTER=", times, " ALL")
	timeouts := product(
		[]string{"1", "+1", "-0", `\ 1`, "-1", "", "24855", "2147483647", "2147483648"},
		[]string{"", "d", "H", "m", "s", "x"},
		[]string{"", "1", "+5s", `\ 5m`, "1d", "-1", "11647", "11648", `\ `})
	add(&rules, "a ALL = TIMEOUT=", timeouts, " ALL")
	numbers := []string{
		"", "0", "-0", "+5", "-5", " 5", "5 ", "\t5", "\v5", "- 5", "+", "-", ".", ".5", "-.5", "1.2.3", "1.0000000001x", "1.123456789x", "1.12345678x", "--1", "0x10", "0_2", "022", "08",
		"777", "1000", "2147483647", "2147483648", "-2147483648", "-2147483649", "4294967295", "4294967296", "18446744073709551615", "18446744073709551616",
		"153722867280912930", "153722867280912931", "00000000000000000000000000005", "5,", "5,6", "5, 6", ",5", "5,6,7", "infinity", "infinity,5", "5,infinity", "infinityx", "infinity,", "user", "user,5", "default", "24855d11647", "24855d11648",
	}
	for _, name := range []string{"umask", "iolog_mode", "closefrom", "passwd_tries", "loglinelen", "timestamp_timeout", "rlimit_core", "command_timeout", "maxseq"} {
		add(&settings, "Defaults "+name+`="`, numbers, `"`)
	}
	return rules, settings
}

// TestValues compares which numbers, times and limits are accepted, and what they are read as.
func TestValues(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *station) {
		t.Helper()
		known := loadDisagreements(t, "value", s.world.version)
		rules, settings := valueLines()
		// What one of us accepts and the other refuses shows in a file of lines that are all right, or all wrong, to
		// this project. Settings stand apart from rules: visudo looks at them only where nothing else is wrong.
		var policies []string
		for _, lines := range [][]string{rules, settings} {
			var files [2][]string
			for _, line := range lines {
				line += "\n"
				if known.match(line, "") {
					policies = append(policies, line)
					continue
				}
				_, errs := sudoers.Parse("p", line, s.world.version)
				wrong := min(len(errs), 1)
				files[wrong] = append(files[wrong], line)
			}
			for _, file := range files {
				for chunk := range slices.Chunk(file, 100) {
					policies = append(policies, strings.Join(chunk, ""))
				}
			}
		}
		for i, r := range s.read(t, policies) {
			what, _ := difference(policies[i], &r, s.world.version)
			if listed := known.match(policies[i], ""); listed && what == "" {
				t.Errorf("listed as a disagreement, but none: %q", policies[i])
			} else if !listed && what != "" {
				t.Errorf("%s", s.shrinkText(t, policies[i], first(what)))
			}
		}
		t.Logf("%d values; %s", len(rules)+len(settings), known)
	})
}
