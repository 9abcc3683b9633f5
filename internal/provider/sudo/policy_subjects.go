package sudo

import (
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
)

// subjects are whom the policy is about: the subject, or everyone whom the rules of the content name. There are none
// while that is not known.
func (m *sudoersPolicyModel) subjects() []string {
	switch {
	case !m.knowsSubjects():
		return nil
	case !m.Subject.IsNull():
		return []string{m.Subject.ValueString()}
	}
	names, _ := hardening.SubjectsOf(m.Name.ValueString(), m.Content.ValueString()) // what is wrong with it is said where the text is rendered
	return names
}

// knowsSubjects tells that it is known whom the policy is about.
func (m *sudoersPolicyModel) knowsSubjects() bool {
	return !m.Subject.IsUnknown() && (!m.Subject.IsNull() || !m.Content.IsUnknown())
}

// sameSubjects tells that two policies are about the same users and groups.
func (m *sudoersPolicyModel) sameSubjects(other *sudoersPolicyModel) bool {
	return m.knowsSubjects() && other.knowsSubjects() && slices.Equal(m.subjects(), other.subjects())
}

// subjectAttribute is the attribute that says whom the policy is about.
func (m *sudoersPolicyModel) subjectAttribute() path.Path {
	if m.Subject.IsNull() {
		return path.Root("content")
	}
	return path.Root("subject")
}

// checkSubject asks for a subject where no text names one.
func (m *sudoersPolicyModel) checkSubject(diags *diag.Diagnostics) {
	if m.Subject.IsNull() && m.Content.IsNull() {
		diags.AddAttributeError(path.Root("subject"), "Missing subject",
			"Rules, defaults and documents name nobody. Write whom the policy is about: subject = \"agent\", or subject = \"%ops\" for a group. Only the rules of content name users and groups themselves.")
	}
}

// quoted has subjects as a message names them.
func quoted(subjects []string) string {
	names := make([]string, len(subjects))
	for i, subject := range subjects {
		names[i] = `"` + subject + `"`
	}
	return strings.Join(names, ", ")
}
