package provider

import (
	"context"
	"fmt"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// checkedBy makes a validator of a check that some room of the house already has. must completes "The value must …".
func checkedBy(must string, check func(string) error) validator.String {
	return checkValidator{must: must, check: check}
}

type checkValidator struct {
	must  string
	check func(string) error
}

func (v checkValidator) Description(context.Context) string { return "value must " + v.must }

func (v checkValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v checkValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if err := v.check(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Value not usable", upperFirst(err.Error())+".")
	}
}

// subjectName accepts the names that useradd(8) and PVE give accounts, and those of directory services, which add ".", "@" and capitals.
var subjectName = regexp.MustCompile(`^%?[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}$`)

// aliasName is what sudo's lexer takes for an alias (sudoers(5), "Aliases").
var aliasName = regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)

// checkSubject says why a text cannot name the user or group that a sudoers file is about.
func checkSubject(subject string) error {
	switch {
	case subject == "root" || subject == "%root":
		return fmt.Errorf("root is not restricted by sudo, so a policy for it means nothing; name the account that gets some of root's power")
	case subject == "ALL":
		return fmt.Errorf("ALL is everybody; name one user, or a group after %%")
	case aliasName.MatchString(subject):
		return fmt.Errorf("%q reads as the name of an alias in sudoers (capitals, digits and \"_\"); give the account a name with a small letter", subject)
	case !subjectName.MatchString(subject):
		return fmt.Errorf("%q is not a user name, or a group name after %%: use letters, digits and \"_.@-\"", subject)
	}
	return nil
}

// keysCheckedBy is checkedBy for the keys of a map.
func keysCheckedBy(must string, check func(string) error) validator.Map {
	return keysValidator{must: must, check: check}
}

type keysValidator struct {
	must  string
	check func(string) error
}

func (v keysValidator) Description(context.Context) string { return "keys must " + v.must }

func (v keysValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v keysValidator) ValidateMap(_ context.Context, req validator.MapRequest, resp *validator.MapResponse) {
	for _, key := range sortedNames(req.ConfigValue.Elements()) {
		if err := v.check(key); err != nil {
			resp.Diagnostics.AddAttributeError(req.Path.AtMapKey(key), "Key not usable", upperFirst(err.Error())+".")
		}
	}
}
