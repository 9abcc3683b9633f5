package sudoers

const defaultsHint = "write Defaults name, Defaults !name or Defaults name=value; put a value that contains spaces, '=' or ',' in double quotes"

func (p *parser) defaults(place Place) (Entry, bool) {
	d := &Defaults{Place: place}
	ok := true
	switch p.next().kind {
	case tokDefaultsHost:
		d.Scope = ScopeHost
		d.Members, ok = p.list(p.host)
	case tokDefaultsUser:
		d.Scope = ScopeUser
		d.Members, ok = p.list(p.user)
	case tokDefaultsRunas:
		d.Scope = ScopeRunAs
		d.Members, ok = p.list(p.user)
	case tokDefaultsCmnd:
		d.Scope = ScopeCommand
		d.Commands, ok = p.commandList()
	}
	if !ok {
		return nil, false
	}
	for {
		s, ok := p.setting()
		if !ok {
			return nil, false
		}
		d.Settings = append(d.Settings, s)
		if !p.accept(tokComma) {
			break
		}
	}
	if !p.endOfLine(&d.Place, "',' or end of line", defaultsHint) {
		return nil, false
	}
	for i := range d.Settings {
		if msg, hint := d.Settings[i].Check(p.version); msg != "" {
			p.report(d.Settings[i].Pos, msg, hint)
		}
	}
	return d, true
}

func (p *parser) setting() (Setting, bool) {
	var s Setting
	negated := p.accept(tokBang)
	if p.peek().kind != tokDefVar {
		return s, p.unexpected("the name of an option", defaultsHint)
	}
	name := p.next()
	s.Name, s.Pos = name.text, p.pos(&name)
	if negated {
		s.Operator = OpFalse
		return s, true
	}
	switch p.peek().kind {
	case tokEqual:
		s.Operator = OpAssign
	case tokAddTo:
		s.Operator = OpAdd
	case tokRemoveFrom:
		s.Operator = OpRemove
	default:
		return s, true
	}
	p.next()
	if p.peek().kind != tokWord {
		return s, p.unexpected("a value for "+s.Name, defaultsHint)
	}
	v := p.next()
	s.Value = v.text
	return s, true
}
