#!/bin/sh
# Looks whether nodes and PVE are as the configuration in this directory says, and changes nothing. Run it from cron, or from any CI system, in an initialized directory.
# It needs terraform and jq. It exits with
#
#   0  everything is as it should be
#   1  Terraform could not tell: an error, a node that does not answer
#   2  drift: a file, a service, a log, an account or a right is not what was applied
#   3  a check block failed, or could not be decided
#
# and prints a summary in Markdown. What it plans is never applied.
set -u
umask 077
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# -lock=false: an apply that runs at the same time is not held up.
terraform plan -input=false -no-color -lock=false -detailed-exitcode -out="$work/plan" >"$work/text" 2>&1
planned=$?
if [ "$planned" -ne 0 ] && [ "$planned" -ne 2 ]; then
	printf '# Terraform could not tell\n\n```\n'
	cat "$work/text"
	printf '```\n'
	exit 1
fi
terraform show -json "$work/plan" >"$work/plan.json" || exit 1

# Unknown is never safe: a check that has no result failed. Where there is drift too, Terraform may decide a check only after it is mended.
jq -r --arg planned "$planned" '.checks // [] | .[] | select(.status != "pass" and (.status != "unknown" or $planned == "0")) | "- \(.address.to_display): \(.status)", (.instances // [] | .[].problems // [] | .[].message | "  " + gsub("\n"; "\n  "))' \
	"$work/plan.json" >"$work/checks" || exit 1
jq -r '.resource_changes // [] | .[] | select(.change.actions != ["no-op"] and .change.actions != ["read"]) | "- \(.address): \(.change.actions | join(", "))"' \
	"$work/plan.json" >"$work/drift" || exit 1

status=0
if [ "$planned" -eq 2 ]; then
	status=2
	printf '# Drift\n\n'
	cat "$work/drift"
	printf '\n```\n'
	cat "$work/text"
	printf '```\n\n'
fi
if [ -s "$work/checks" ]; then
	status=3
	printf '# Checks that did not pass\n\n'
	cat "$work/checks"
	printf '\n'
fi
[ "$status" -ne 0 ] || echo 'Everything is as the configuration says.'
exit "$status"
