package policy

import (
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// Hazard is a setting by which a caller comes to root or to its files.
type Hazard struct {
	Option, Value string
	// Effect is what the option does, Why what is wrong with the value.
	Effect sudoers.Effect
	Why    string
	// Fix says which values pass.
	Fix string
	// Condition is what else has to be, "" for nothing.
	Condition string
	// Idle tells that the policy itself does not use the option: the condition is that another file of the node does.
	Idle bool
	// Minor tells that the value leads to nothing worse than that others read of commands.
	Minor bool
	// InSudo tells that sudo itself goes by the option: it is root, whichever account the command runs as.
	InSudo bool
	// ForOthers tells that anybody can make use of the value, not just the caller whom it holds for: it is to be mended
	// even where he is granted everything.
	ForOthers bool
}

// Hazards looks through the settings in force for a grant for those that are dangerous with the value that they have,
// by the name of the option. A value that nobody has vetted is one. What takes no effect is none. What takes effect
// without the grant, too, is looked at with the values that it has there. Subject is the caller.
func Hazards(s Settings, uses Uses, subject Subject) []Hazard {
	names := map[string]bool{}
	for _, of := range []map[string][]string{uses.visudo, uses.refused} {
		for name := range of {
			names[name] = true
		}
	}
	for name := range s {
		names[name] = true
	}
	for name := range uses.others {
		names[name] = true
	}
	var list []Hazard
	for name := range names {
		if h, dangerous := uses.worst(name, s, subject); dangerous {
			list = append(list, h)
		}
	}
	slices.SortFunc(list, func(x, y Hazard) int { return strings.Compare(x.Option, y.Option) })
	return list
}

// worst is the hazard of an option with the values that it may have, one that needs nothing else before others.
func (u *Uses) worst(name string, s Settings, subject Subject) (worst Hazard, dangerous bool) {
	use := options[name].use
	keep := func(h *Hazard, is bool) {
		if is && (!dangerous || worst.Condition != "" && h.Condition == "") {
			worst, dangerous = *h, true
		}
	}
	try := func(value string, s Settings) {
		h, is := hazardOf(name, value, s, subject)
		keep(&h, is && u.judge(use, &h))
	}
	if use == usedByVisudo {
		for _, value := range u.visudo[name] {
			try(value, s)
		}
	} else {
		try(s[name], s)
		elsewhere := Settings{}
		if u.unverified {
			elsewhere["log_server_verify"] = off
		}
		for _, value := range u.refused[name] {
			try(value, elsewhere)
		}
	}
	for i := range u.others[name] {
		r := &u.others[name][i]
		h := r.hazard(name, subject)
		keep(&h, u.judgeOthers(use, r, &h))
	}
	return worst, dangerous
}

// hazardOf tells whether a value is dangerous where its option takes effect.
func hazardOf(option, value string, s Settings, subject Subject) (h Hazard, dangerous bool) {
	o, known := options[option]
	if value == "" || known && o.why == nil {
		return h, false
	}
	if !known {
		return Hazard{Option: option, Value: value, InSudo: true, Effect: sudoers.Effect{What: "nobody has vetted this option"}, Why: "what it does is not known", Fix: "Leave the option out: pvesec knows no value of it that is harmless."}, true
	}
	why := o.why(value, subject, s)
	if why == "" {
		return h, false
	}
	return Hazard{Option: option, Value: value, Effect: o.effect(option), Why: why, Fix: o.fix(option), Condition: helped(value), InSudo: !o.inCommand, ForOthers: reaches(option, value, s, Subject{}) != ""}, true
}

// InOthersHands says what is wrong with a value of an option that has something run, or sets variables of it, in other
// hands than root's: who writes there is root. It is "" for what is in root's, and for other options.
func InOthersHands(option, value string) string {
	o := options[option]
	if o.reaches == nil || o.kind != sudoers.EffectRuns && o.kind != sudoers.EffectReads {
		return ""
	}
	return o.reaches(value, Subject{}, nil)
}
