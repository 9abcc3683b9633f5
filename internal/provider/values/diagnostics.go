package values

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// AddError reports a failed operation. Errors of the rooms below describe what happened, where, and what to do; the
// summary names the operation.
func AddError(diags *diag.Diagnostics, summary string, err error) {
	AddErrorWithAdvice(diags, summary, err, "")
}

// AddErrorWithAdvice is [AddError] for a caller that knows more of what to do than the rooms below; advice may be
// empty.
func AddErrorWithAdvice(diags *diag.Diagnostics, summary string, err error, advice string) {
	detail := UpperFirst(err.Error())
	var apply *node.ApplyError
	if errors.As(err, &apply) {
		summary, detail = UpperFirst(apply.Summary()), apply.Detail()
	}
	diags.AddError(summary, strings.TrimSpace(detail+"\n\n"+advice))
}

// AddReadError is [AddError] of an operation that only reads: where somebody interrupted it (Ctrl-C) while it waited
// for a node or for PVE, nothing was changed.
func AddReadError(diags *diag.Diagnostics, summary string, err error) {
	if node.Interrupted(err) {
		AddInterrupted(diags, err, "Plan again when you are ready.")
		return
	}
	AddError(diags, summary, err)
}

// AddInterrupted reports that somebody interrupted an operation that only reads, with what to do.
func AddInterrupted(diags *diag.Diagnostics, err error, advice string) {
	diags.AddError("Interrupted; nothing was changed", UpperFirst(err.Error())+". "+advice)
}

// UpperFirst begins a diagnostic's text with a capital letter, as Terraform's own do. A text that begins with a name,
// such as root@pam or expires_in, stays as it is.
func UpperFirst(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	word, _, _ := strings.Cut(text, " ")
	if !unicode.IsLower(first) || strings.ContainsAny(strings.TrimRight(word, ",.:;"), "@_[]./=!:%0123456789") {
		return text
	}
	return string(unicode.ToUpper(first)) + text[size:]
}
