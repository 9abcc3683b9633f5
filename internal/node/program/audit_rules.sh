# Having the kernel take the audit rules of the node anew. Part of the transaction and of putting back.

# load_audit_rules: print what goes wrong, or what there is to say. That the rules of pvesec are all in force counts, as long as there are any.
load_audit_rules() {
	# A node without audit has nothing to load, and a change that needs it fails elsewhere.
	on_path auditctl && on_path augenrules || return 0
	la_wanted=$(merge_rules | grep -c -e '^-[aAwW].*[ =]pvesec-')
	take_audit_rules || [ "$la_wanted" -eq 0 ]
}

merge_rules() {
	set +f
	cat -- "$root"/etc/audit/rules.d/*.rules 2>/dev/null
	set -f
}

# take_audit_rules: a kernel whose rules are locked (-e 2, auditctl(8)) takes no others until the node boots, which is no failure. The lock itself is left to the next boot, so that what is loaded
# can still be undone.
take_audit_rules() {
	la_said=$(auditctl -s 2>&1 </dev/null) || {
		printf 'the kernel takes no audit rules from this node, which is a container or was booted with audit=0: %s\n' "$la_said"
		return 1
	}
	if ! systemctl is-active --quiet -- auditd.service >/dev/null 2>&1 </dev/null; then
		systemctl reset-failed -- auditd.service >/dev/null 2>&1 </dev/null
		limited $((patient * 3 / 2)) systemctl start -- auditd.service 2>&1 </dev/null || return 1
	fi
	la_said=$(augenrules 2>&1 </dev/null) || {
		printf 'augenrules did not put the audit rules together: %s\n' "$la_said"
		return 1
	}
	case $nl$(auditctl -s 2>/dev/null </dev/null)$nl in
	*"${nl}enabled 2$nl"*)
		case ${touched-}${lessened-} in
		*' audit '*) echo 'the kernel has its audit rules locked: those in the files take effect when the node boots' ;;
		esac
		return 0
		;;
	esac
	la_file=$run/audit.rules
	{
		echo -D
		grep -v -e "^[ $tab]*-e[ $tab]*2" -- "$root/etc/audit/audit.rules"
	} >"$la_file" || return 1
	la_said=$(auditctl -R "$la_file" 2>&1 </dev/null) && la_failed=0 || la_failed=1
	[ "$la_failed" -eq 0 ] || la_said=$(audit_errors "$la_file" "$la_said")
	rm -f -- "$la_file"
	case $nl$(auditctl -s 2>/dev/null </dev/null) in
	*"${nl}enabled 0"*)
		echo 'auditing is off: a file in /etc/audit/rules.d has -e 0'
		return 1
		;;
	esac
	[ "$la_failed" -eq 1 ] || return 0
	la_loaded=$(auditctl -l 2>/dev/null </dev/null | grep -c -e '^-[aAwW].*[ =]pvesec-')
	if [ "$la_loaded" -ge "$la_wanted" ]; then
		printf 'the kernel does not take audit rules of other files: %s\n' "$la_said"
		return 0
	fi
	printf 'the kernel took %s of the %s audit rules: %s\n' "$la_loaded" "$la_wanted" "$la_said"
	return 1
}

# audit_errors FILE TEXT: what auditctl said of rules, with the rule.
audit_errors() {
	ae_reason=
	printf '%s\n' "$2" | while IFS= read -r ae_line; do
		case $ae_line in
		'There was an error in line '*)
			ae_number=${ae_line#There was an error in line }
			printf '%s: %s\n' "$ae_reason" "$(sed -n "${ae_number%% *}p" "$1")"
			;;
		esac
		ae_reason=$ae_line
	done
}
