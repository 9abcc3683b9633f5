package sudoers

import (
	"errors"
	"math"
	"strconv"
	"time"
)

const (
	timeHint    = "write the time as yyyymmddHHMMSSZ, for example 20300131235959Z; without the Z it is the local time of the node"
	timeoutHint = "write the timeout as [Nd][Nh][Nm][Ns] in this order, for example 1h30m, or as a number of seconds"
)

var errTime = errors.New("not a generalized time as in 20300131235959Z")

// ParseTime reads the value of NOTBEFORE and NOTAFTER, a generalized time as in
// RFC 4517 (gentime.c, parse_gentime): year to hour, then minutes and seconds,
// a one-digit fraction and a zone, all optional. A time without zone is in local,
// UTC if that is nil. Fields out of range carry over, as they do in sudo.
func ParseTime(s string, local *time.Location) (time.Time, error) {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	if n < 10 || n > 14 || n%2 != 0 {
		return time.Time{}, errTime
	}
	field := func(i, j int) int {
		if j > n {
			return 0
		}
		v, _ := strconv.Atoi(s[i:j])
		return v
	}
	year, month, day := field(0, 4), field(4, 6), field(6, 8)
	hour, minute, sec := field(8, 10), field(10, 12), field(12, 14)
	rest := s[n:]
	if len(rest) > 1 && (rest[0] == '.' || rest[0] == ',') && isDigit(rest[1]) {
		frac := int(rest[1] - '0')
		switch n {
		case 10:
			minute += 6 * frac
		case 12:
			sec += 6 * frac
		}
		rest = rest[2:]
	}
	if local == nil {
		local = time.UTC
	}
	offset := 0
	switch {
	case rest == "":
	case rest == "Z":
		local = time.UTC
	case rest[0] == '+' || rest[0] == '-':
		hours, minutes, ok := zone(rest[1:])
		if !ok {
			return time.Time{}, errTime
		}
		offset = (hours*60 + minutes) * 60
		if rest[0] == '-' {
			offset = -offset
		}
		local = time.UTC
	default:
		return time.Time{}, errTime
	}
	t := time.Date(year, time.Month(month), day, hour, minute, sec, 0, local)
	inUTC := t.Add(-time.Duration(offset) * time.Second)
	if t.Unix() == -1 || inUTC.Unix() == -1 {
		// The second before the epoch is sudo's sign of an error, of timegm(3) as of its own.
		return time.Time{}, errTime
	}
	return inUTC, nil
}

// ImpossibleTime tells that a value of NOTBEFORE or NOTAFTER has a date or a time of day that no calendar has, such as
// 31 February. sudo counts on from there.
func ImpossibleTime(s string) bool {
	digits := 0
	for digits < len(s) && isDigit(s[digits]) {
		digits++
	}
	if digits < 10 || digits > 14 {
		return false // no time at all
	}
	_, err := time.Parse("20060102150405"[:digits], s[:digits])
	return err != nil
}

// zone reads hh or hhmm. What follows two digits is read by C's %2d, which takes a space or a sign for the first of the
// two: "+01-5" is an hour less five minutes to sudo.
func zone(s string) (hours, minutes int, ok bool) {
	switch {
	case len(s) == 4 && isDigit(s[3]) && (isDigit(s[2]) || isSpace(s[2]) || s[2] == '+' || s[2] == '-'):
		minutes = int(s[3] - '0')
		if isDigit(s[2]) {
			minutes += 10 * int(s[2]-'0')
		} else if s[2] == '-' {
			minutes = -minutes
		}
	case len(s) != 2:
		return 0, 0, false
	}
	if !allDigits(s[:2]) {
		return 0, 0, false
	}
	return 10*int(s[0]-'0') + int(s[1]-'0'), minutes, true
}

func allDigits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

// ParseTimeout reads the value of TIMEOUT and of the Defaults of that type
// (timeout.c, parse_timeout): numbers with the units d, h, m and s, in this order,
// a number without unit being seconds. The result is in whole seconds.
func ParseTimeout(s string) (time.Duration, error) {
	const units = "dhms"
	seconds := [...]int64{24 * 60 * 60, 60 * 60, 60, 1}
	unit := 0
	var total int64
	for first := true; first || s != ""; first = false {
		n := numberLength(s)
		if n == 0 {
			return 0, errors.New("invalid timeout value")
		}
		v, err := strconv.ParseInt(trimSpace(s[:n]), 10, 64)
		if err != nil || v < 0 || v > math.MaxInt32 {
			return 0, errors.New("timeout value too large")
		}
		s = s[n:]
		if s != "" {
			c := s[0] | 0x20
			for unit < len(units) && units[unit] != c {
				unit++
			}
			if unit == len(units) {
				return 0, errors.New("invalid timeout value")
			}
			v *= seconds[unit]
			s = s[1:]
		}
		if v > math.MaxInt32-total {
			return 0, errors.New("timeout value too large")
		}
		total += v
	}
	return time.Duration(total) * time.Second, nil
}

// numberLength is what C's strtol reads in base 10.
func numberLength(s string) int {
	n := 0
	for n < len(s) && isSpace(s[n]) {
		n++
	}
	if n < len(s) && (s[n] == '+' || s[n] == '-') {
		n++
	}
	digits := n
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	if n == digits {
		return 0
	}
	return n
}

func trimSpace(s string) string {
	for s != "" && isSpace(s[0]) {
		s = s[1:]
	}
	return s
}
