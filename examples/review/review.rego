# Reviews a Terraform plan that gives or takes away access to Proxmox VE nodes by pvesec.
#
# Input is `terraform show -json PLANFILE`. `deny` lists what stands against the plan, `warn` what a reviewer must know, and `summary` is both as Markdown for a pull
# request. Nothing that is unknown counts as safe. A plan is never refused because it takes access away.
#
#     terraform plan -out=plan && terraform show -json plan >plan.json
#     opa eval --fail-defined --data review.rego --data exceptions.json --input plan.json 'data.pvesec.review.deny[_]'
#
# Exceptions are data, `data.pvesec.exceptions`, a list of objects:
#
#     { "address": "pvesec_sudoers_policy.backup", "rule": "new_access", "text": "/usr/bin/id", "reason": "ticket 4711", "until": "2027-03-31" }
#
# address is a resource address, where * stands for any text. rule is the word after the address in a message of `deny`. text is optional: the message must contain it.
# until is the last day, in UTC. An exception without a reason or an end has no effect. A broken plan, rule "plan", cannot be excepted.
package pvesec.review

# --- what it knows -----------------------------------------------------------------------------------------------------

policy_type := "pvesec_sudoers_policy"

user_type := "pvesec_restricted_user"

token_type := "pvesec_api_token"

logging_type := "pvesec_audit_logging"

emergency_type := "pvesec_break_glass"

account_type := "pvesec_node_account"

sshd_type := "pvesec_sshd_policy"

exclusive_type := "pvesec_sudoers_exclusive"

known_types := {exclusive_type, policy_type, user_type, token_type, logging_type, emergency_type, account_type, sshd_type}

# Another provider under the name of pvesec could say anything in its attributes.
known_providers := {"registry.terraform.io/pvesec/pvesec", "registry.opentofu.org/pvesec/pvesec"}

# What each type must tell. Where one is missing, another version of the provider made the plan.
needed := {
	policy_type: {
		"name", "subject", "content", "grants", "enforcement", "exclusive", "analysis", "change", "deployed", "logged", "overruled", "expires", "nodes_skipped",
		"refused",
	},
	user_type: {"user_id", "enabled", "expires_at", "token", "findings", "effective_permissions"},
	token_type: {"user_id", "token_id", "never_expires", "expires_at", "expires_in", "findings", "effective_permissions"},
	logging_type: {"name", "subjects", "sudo_log", "require_logging", "deployed", "nodes_skipped"},
	emergency_type: {
		"name", "subject", "reason", "commands", "all_commands", "duration", "starts_at", "renew_id", "require_password", "require_logging", "end_sessions", "status",
		"expires_at", "root_equivalent", "findings", "deployed", "nodes_skipped",
	},
	account_type: {
		"name", "authorized_key", "key_membership", "groups", "group_membership", "expires", "password_version", "shell", "adopt", "findings", "deployed", "nodes_skipped",
	},
	sshd_type: {"name", "deployed", "nodes_skipped"} | sshd_settings,
	exclusive_type: {"files", "lines", "removed", "deployed", "nodes_skipped"},
}

# The rule that an attribute is judged by. Where it is not known yet, that rule refuses.
judged_by := {
	policy_type: {
		"name": "unknown", "subject": "unknown", "content": "unknown", "grants": "unknown", "enforcement": "unknown", "exclusive": "unknown",
		"change": "new_access", "expires": "unending", "nodes_skipped": "skipped_node", "refused": "root",
	},
	user_type: {
		"user_id": "unknown", "enabled": "unknown", "expires_at": "unending", "token": "unending", "findings": "root", "effective_permissions": "new_access",
	},
	token_type: {"user_id": "unknown", "token_id": "unknown", "never_expires": "unending"},
	logging_type: {"name": "unknown", "subjects": "unlogged", "sudo_log": "unlogged", "nodes_skipped": "skipped_node"},
	emergency_type: {
		"name": "unknown", "subject": "unknown", "reason": "unknown", "commands": "unknown", "all_commands": "unknown", "duration": "unknown", "starts_at": "unknown",
		"renew_id": "unknown",
	},
	account_type: {
		"name": "unknown", "authorized_key": "new_access", "key_membership": "new_access", "groups": "new_access", "group_membership": "new_access", "expires": "unending",
		"password_version": "new_access", "shell": "new_access", "adopt": "new_access", "findings": "root", "nodes_skipped": "skipped_node",
	},
	sshd_type: object.union({"name": "unknown", "nodes_skipped": "skipped_node"}, {name: "sshd" | some name in sshd_settings}),
	exclusive_type: {"files": "unknown", "lines": "unknown", "removed": "unknown", "nodes_skipped": "skipped_node"},
}

# --- reading the plan --------------------------------------------------------------------------------------------------

default resource_changes := []

resource_changes := input.resource_changes if is_array(input.resource_changes)

default field(_, _) := null

field(value, name) := value[name] if is_object(value)

default words(_, _) := "?"

words(value, name) := value[name] if {
	is_string(value[name])
	value[name] != ""
}

default elements(_) := []

elements(value) := value if is_array(value)

default keys(_) := set()

keys(value) := object.keys(value) if is_object(value)

# true_within tells whether a part of after_unknown says that something is unknown.
true_within(value) if {
	walk(value, [_, inner])
	inner == true
}

address(rc) := words(rc, "address")

actions(rc) := field(field(rc, "change"), "actions")

before(rc) := field(field(rc, "change"), "before")

after(rc) := field(field(rc, "change"), "after")

unknown(rc) := field(field(rc, "change"), "after_unknown")

is_unknown(rc, name) if true_within(field(unknown(rc), name))

# ours are the changes that pvesec makes, or something that calls itself pvesec.
ours contains rc if {
	some rc in resource_changes
	may_be_ours(rc)
	not only_read(rc)
}

may_be_ours(rc) if not is_string(field(rc, "type"))

may_be_ours(rc) if not is_string(field(rc, "provider_name"))

may_be_ours(rc) if startswith(rc.type, "pvesec_")

may_be_ours(rc) if endswith(rc.provider_name, "/pvesec")

only_read(rc) if {
	rc.mode == "data"
	actions(rc) in {["read"], ["no-op"]}
}

keeps_or_makes := {["no-op"], ["create"], ["update"], ["delete", "create"], ["create", "delete"]}

# judged are the changes after which there is something to judge.
judged contains rc if {
	some rc in ours
	rc.type in known_types
	actions(rc) in keeps_or_makes
	is_object(after(rc))
}

judged_of(type) := {rc | some rc in judged; rc.type == type}

# --- whether a change only takes access away ------------------------------------------------------------------------------

takes_away(rc) if actions(rc) == ["delete"]

takes_away(rc) if {
	rc.type == policy_type
	actions(rc) == ["update"]
	old := before(rc)
	new := after(rc)
	new.change.verdict == "narrower"
	new.change.newly_allowed == []
	new.change.unknown == []
	old.subject == new.subject
	old.name == new.name
	old.exclusive == new.exclusive
	not is_unknown(rc, "change")
	known_nodes(rc)
	open := {node | some node in nodes(rc); true_within(unknown(rc).deployed[node]); not node in elements(new.nodes_skipped)}
	open == set()
	new_nodes := nodes(rc) - keys(old.deployed)
	new_nodes == set()
	grown := {line | some node in keys(new.deployed); some line in elements(new.deployed[node].beyond); not line in elements(old.deployed[node].beyond)}
	grown == set()
}

takes_away(rc) if {
	rc.type == account_type
	actions(rc) == ["update"]
	known_nodes(rc)
	known_settings := {name | some name in object.keys(judged_by[account_type]); not is_unknown(rc, name); name in keys(after(rc))}
	known_settings == object.keys(judged_by[account_type])
	account_gains(rc) == set()
	account_losses(rc) != set()
}

takes_away(rc) if {
	rc.type == user_type
	actions(rc) in {["update"], ["no-op"]}
	after(rc).enabled == false
	not is_unknown(rc, "enabled")
}

takes_away(rc) if {
	rc.type == exclusive_type
	actions(rc) in {["create"], ["update"]}
	known_nodes(rc)
	known_settings := {name | some name in object.keys(judged_by[exclusive_type]); not is_unknown(rc, name); name in keys(after(rc))}
	known_settings == object.keys(judged_by[exclusive_type])
}

acting contains rc if {
	some rc in ours
	actions(rc) != ["no-op"]
}

only_takes_away if {
	count(acting) > 0
	every rc in acting { takes_away(rc) }
}

# Where nothing but taking access away is planned, what stays as it is does not stand in the way.
lenient(rc) if takes_away(rc)

lenient(rc) if {
	actions(rc) == ["no-op"]
	only_takes_away
}

# --- the plan as a whole -----------------------------------------------------------------------------------------------

problem(rc, rule, text) := {"address": address(rc), "rule": rule, "text": text, "standing": false}

# standing is a problem of what is there and is known. It does not stop a change that takes access away.
standing(rc, rule, text) := {"address": address(rc), "rule": rule, "text": text, "standing": lenient_or_not(rc)}

default lenient_or_not(_) := false

lenient_or_not(rc) if lenient(rc)

whole(text) := {"address": "plan", "rule": "plan", "text": text, "standing": false}

problems contains whole("this is no plan in JSON of a format that this policy knows (terraform show -json PLANFILE, format 1.x)") if {
	not startswith(words(input, "format_version"), "1.")
}

problems contains whole("the plan has no planned_values: it is no plan, or a part of one") if not is_object(field(input, "planned_values"))

problems contains whole("the plan has no resource_changes: it is no plan, or a part of one") if not is_array(field(input, "resource_changes"))

problems contains whole("the plan has errors, so that nobody knows what an apply would do") if field(input, "errored") != false

problems contains whole("the plan is not complete (-target, or values that Terraform deferred)") if field(input, "complete") != true

problems contains whole("the plan defers changes") if count(elements(field(input, "deferred_changes"))) > 0

problems contains whole(sprintf("%s is planned, and the plan does not say how it changes", [words(resource, "address")])) if {
	walk(field(input, "planned_values"), [_, resource])
	startswith(resource.type, "pvesec_")
	resource.mode != "data"
	not words(resource, "address") in {address(rc) | some rc in resource_changes}
}

problems contains whole("an entry of resource_changes is no object") if {
	some rc in resource_changes
	not is_object(rc)
}

problems contains problem(rc, "plan", "the plan does not say what kind of resource it is, or of which provider") if {
	some rc in ours
	not well_named(rc)
}

well_named(rc) if {
	is_string(rc.address)
	is_string(rc.type)
	is_string(rc.provider_name)
	rc.mode == "managed"
}

problems contains problem(rc, "provider", sprintf("provider %s is not one that this policy knows", [words(rc, "provider_name")])) if {
	some rc in ours
	not field(rc, "provider_name") in known_providers
}

problems contains problem(rc, "type", sprintf("this policy does not know resources of type %s", [words(rc, "type")])) if {
	some rc in ours
	not field(rc, "type") in known_types
	not takes_away(rc)
}

problems contains problem(rc, "forgotten", "Terraform forgets it and leaves it in place: the access stays, and no plan shows it any more") if {
	some rc in ours
	"forget" in elements(actions(rc))
}

problems contains problem(rc, "plan", sprintf("the plan does something that this policy does not know: %v", [actions(rc)])) if {
	some rc in ours
	not known_action(rc)
}

known_action(rc) if actions(rc) in keeps_or_makes

known_action(rc) if actions(rc) == ["delete"]

known_action(rc) if "forget" in elements(actions(rc))

problems contains problem(rc, "plan", "the plan does not say what it will be (change.after)") if {
	some rc in ours
	actions(rc) in keeps_or_makes
	not is_object(after(rc))
}

problems contains problem(rc, "plan", sprintf("the plan has no %s: another version of the provider made it", [name])) if {
	some rc in judged
	some name in needed[rc.type]
	not name in keys(after(rc))
	not is_unknown(rc, name)
}

problems contains problem(rc, rule, sprintf("%s is not known before the apply", [name])) if {
	some rc in judged
	some name, rule in judged_by[rc.type]
	is_unknown(rc, name)
}

# --- findings ----------------------------------------------------------------------------------------------------------

# A finding is fine where somebody accepted it with a reason, or where it does not lead to root. All else is not, whatever it says.
fine(finding) if is_accepted(finding)

fine(finding) if {
	finding.severity == "medium"
	finding.root_equivalent == false
}

is_accepted(finding) if trim_space(finding.accepted) != ""

told(finding) := sprintf("%s (%s, %s)%s", [words(finding, "example"), words(finding, "id"), words(finding, "severity"), place(finding)])

default place(_) := ""

place(finding) := sprintf(", by %s line %v on %s", [finding.file, finding.line, concat(", ", finding.nodes)]) if finding.file != ""

findings(rc) := array.concat(elements(field(field(after(rc), "analysis"), "findings")), elements(field(field(after(rc), "analysis"), "foreign"))) if rc.type == policy_type

findings(rc) := elements(field(after(rc), "findings")) if rc.type in {user_type, token_type}

problems contains standing(rc, "root", told(finding)) if {
	some rc in judged
	some finding in findings(rc)
	not fine(finding)
}

notes contains note(rc, sprintf("accepted: %s: %s", [told(finding), finding.accepted])) if {
	some rc in judged
	some finding in findings(rc)
	is_accepted(finding)
}

notes contains note(rc, sprintf("found: %s", [told(finding)])) if {
	some rc in judged
	some finding in findings(rc)
	fine(finding)
	not is_accepted(finding)
}

# --- sudoers policies --------------------------------------------------------------------------------------------------

analysis(rc) := field(after(rc), "analysis")

problems contains problem(rc, "root", "the analysis of the policy is not known before the apply") if {
	some rc in judged_of(policy_type)
	not complete_analysis(rc)
}

complete_analysis(rc) if {
	is_array(analysis(rc).findings)
	is_boolean(analysis(rc).root_equivalent)
	not true_within(unknown_of_analysis(rc))
}

default unknown_of_analysis(_) := false

unknown_of_analysis(rc) := object.remove(unknown(rc).analysis, {"foreign"}) if is_object(unknown(rc).analysis)

unknown_of_analysis(rc) := unknown(rc).analysis if not is_object(unknown(rc).analysis)

problems contains problem(rc, "root", "analysis.root_equivalent says that the policy leads to root, and no finding says how") if {
	some rc in judged_of(policy_type)
	complete_analysis(rc)
	analysis(rc).root_equivalent != false
	leading := [finding | some finding in elements(analysis(rc).findings); field(finding, "root_equivalent") == true]
	leading == []
}

# What other files of the nodes bring in is not known before the apply where a policy is new on a node. The provider judges it all the same while it plans and while
# it applies, unless enforcement is "warn".
problems contains problem(rc, "root", "what other sudoers files of the nodes bring in is not known before the apply") if {
	some rc in judged_of(policy_type)
	not is_array(field(analysis(rc), "foreign"))
	not judged_by_provider(rc)
}

judged_by_provider(rc) if {
	after(rc).enforcement == "refuse"
	some node in keys(after(rc).deployed)
	new_on(rc, node)
}

# new_on tells that the policy is new on a node, so that the plan cannot hold what an apply will find there.
new_on(rc, node) if not node in keys(field(before(rc), "deployed"))

new_on(rc, _) if actions(rc) in {["create"], ["delete", "create"], ["create", "delete"]}

problems contains standing(rc, "root", sprintf("an apply is refused: %v", [line])) if {
	some rc in judged_of(policy_type)
	some line in elements(field(after(rc), "refused"))
}

problems contains standing(rc, "skipped_node", sprintf("node %v did not answer: nobody knows what it holds", [node])) if {
	some rc in judged
	some node in elements(field(after(rc), "nodes_skipped"))
}

nodes(rc) := keys(field(after(rc), "deployed")) | keys(field(unknown(rc), "deployed"))

problems contains problem(rc, "unknown", "the nodes are not known before the apply") if {
	some rc in judged
	rc.type in {policy_type, logging_type, account_type, sshd_type, exclusive_type}
	not known_nodes(rc)
}

known_nodes(rc) if {
	is_object(after(rc).deployed)
	field(unknown(rc), "deployed") != true
}

problems contains problem(rc, "skipped_node", sprintf("what node %s will hold is not known", [node])) if {
	some rc in judged_of(policy_type)
	some node in nodes(rc)
	field(field(unknown(rc), "deployed"), node) == true
	not node in elements(field(after(rc), "nodes_skipped"))
}

problems contains problem(rc, "root_on_node", sprintf("what node %s allows beyond the policy is not known before the apply", [node])) if {
	some rc in judged_of(policy_type)
	some node in nodes(rc)
	not field(field(unknown(rc), "deployed"), node) == true
	not is_boolean(field(field(field(after(rc), "deployed"), node), "root_equivalent"))
	not known_to_provider(rc, node)
}

known_to_provider(rc, node) if {
	after(rc).enforcement == "refuse"
	new_on(rc, node)
	unknown(rc).deployed[node].root_equivalent == true
}

problems contains standing(rc, "root_on_node", sprintf("the subject is root on %s by what the policy does not say: %s", [node, examples(field(field(after(rc), "deployed"), node))])) if {
	some rc in judged_of(policy_type)
	some node in nodes(rc)
	after(rc).deployed[node].root_equivalent == true
	not accepted_on(rc, node)
}

examples(entry) := concat(", ", [sprintf("%v", [line]) | some line in array.slice(elements(field(entry, "beyond")), 0, 3)])

accepted_on(rc, node) if {
	is_array(analysis(rc).foreign)
	there := [finding | some finding in analysis(rc).foreign; node in elements(field(finding, "nodes"))]
	count(there) > 0
	every finding in there { fine(finding) }
}

# New access. A policy that is new, and one that is replaced, is new access as a whole.
change(rc) := field(after(rc), "change")

problems contains problem(rc, "new_access", gains(rc)) if {
	some rc in judged_of(policy_type)
	actions(rc) != ["no-op"]
	is_object(change(rc))
	not gives_nothing(rc)
}

gives_nothing(rc) if {
	change(rc).verdict in {"equal", "narrower"}
	change(rc).newly_allowed == []
	change(rc).unknown == []
}

gains(rc) := sprintf("%s: %s", [words(change(rc), "verdict"), listed(lines)]) if {
	lines := array.concat(array.concat(elements(field(change(rc), "newly_allowed")), elements(field(change(rc), "changed"))), elements(field(change(rc), "unknown")))
}

default listed(_) := "the plan does not say what"

listed(lines) := concat("; ", [sprintf("%v", [line]) | some line in lines]) if count(lines) > 0

problems contains problem(rc, "new_access", "the policy is new, and the plan does not say what it allows") if {
	some rc in judged_of(policy_type)
	not actions(rc) in {["no-op"], ["update"]}
	change(rc) == null
	not is_unknown(rc, "change")
	not grants_nothing(rc)
}

problems contains problem(rc, "new_access", "the text of the policy changes, and the plan does not compare it") if {
	some rc in judged_of(policy_type)
	actions(rc) == ["update"]
	not is_unknown(rc, "change")
	change(rc) == null
	before(rc).grants != after(rc).grants
}

grants_nothing(rc) if {
	after(rc).grants == []
	not is_unknown(rc, "grants")
}

# Logs.
problems contains problem(rc, "unlogged", "whether the nodes log what it allows is not known before the apply") if {
	some rc in judged_of(policy_type)
	not is_object(field(after(rc), "logged"))
	not grants_nothing(rc)
}

problems contains standing(rc, "unlogged", sprintf("sudo on %s does not log all of it: %s", [node, listed(elements(field(field(field(after(rc), "logged"), node), "switched_off")))])) if {
	some rc in judged_of(policy_type)
	is_object(after(rc).logged)
	not grants_nothing(rc)
	some node in nodes(rc)
	not after(rc).logged[node].events == true
	not unknown_log(rc, node)
	not field(field(unknown(rc), "deployed"), node) == true
}

problems contains problem(rc, "unlogged", sprintf("whether node %s logs what it allows is not known before the apply", [node])) if {
	some rc in judged_of(policy_type)
	is_object(after(rc).logged)
	not grants_nothing(rc)
	some node in nodes(rc)
	unknown_log(rc, node)
}

unknown_log(rc, node) if field(field(unknown(rc), "logged"), node) == true

unknown_log(rc, node) if field(field(field(unknown(rc), "logged"), node), "events") == true

problems contains standing(rc, "unlogged", "the policy itself switches a log off: !syslog or !log_allowed") if {
	some rc in judged_of(policy_type)
	not is_object(field(after(rc), "logged"))
	not grants_nothing(rc)
	some line in split(words(after(rc), "content"), "\n")
	regex.match(`^\s*Defaults.*!\s*(syslog|log_allowed)\b`, line)
}

# Ends.
problems contains standing(rc, "unending", "a rule of the policy never ends (not_after)") if {
	some rc in judged_of(policy_type)
	not is_unknown(rc, "expires")
	not grants_nothing(rc)
	not is_string(field(field(after(rc), "expires"), "latest"))
}

notes contains note(rc, sprintf("on %s other files decide instead: %v", [node, line])) if {
	some rc in judged_of(policy_type)
	some node, lines in after(rc).overruled
	some line in lines
}

notes contains note(rc, sprintf("the subject is root on %s until this is applied: %s", [node, examples(before(rc).deployed[node])])) if {
	some rc in ours
	rc.type == policy_type
	some node in keys(field(before(rc), "deployed"))
	before(rc).deployed[node].root_equivalent == true
}

notes contains note(rc, sprintf("%s allows more than the policy: %s", [node, examples(after(rc).deployed[node])])) if {
	some rc in judged_of(policy_type)
	some node in nodes(rc)
	count(elements(after(rc).deployed[node].beyond)) > 0
}

# --- what the sudoers files may hold -----------------------------------------------------------------------------------

notes contains note(rc, sprintf("%s loses the line %v", [node, line])) if {
	some rc in judged_of(exclusive_type)
	actions(rc) != ["no-op"]
	some node in keys(field(after(rc), "removed"))
	some line in elements(after(rc).removed[node])
}

notes contains note(rc, sprintf("%s keeps a line that does not belong there: %v", [node, line])) if {
	some rc in judged_of(exclusive_type)
	some node in keys(field(after(rc), "deployed"))
	some line in elements(field(after(rc).deployed[node], "held"))
}

notes contains note(rc, sprintf("what nobody manages may stay from now on: %v", [name])) if {
	some rc in judged_of(exclusive_type)
	is_object(before(rc))
	some attribute in ["files", "lines"]
	some name in elements(field(after(rc), attribute))
	not name in elements(field(before(rc), attribute))
}

notes contains note(rc, "foreign lines in sudoers files are not removed any more") if {
	some rc in ours
	rc.type == exclusive_type
	actions(rc) == ["delete"]
}

# --- users and tokens --------------------------------------------------------------------------------------------------

# A privilege on a path, as the attribute effective_permissions has it.
privileges(resource) := {sprintf("%v on %s", [privilege, path]) |
	some path, here in field(resource, "effective_permissions")
	some privilege in here.privileges
}

problems contains problem(rc, "root", "its findings are no list") if {
	some rc in judged
	rc.type in {user_type, token_type}
	not is_array(field(after(rc), "findings"))
	not is_unknown(rc, "findings")
}

# What a token can do is not known before the apply where the token changes. The provider judges it all the same while it plans and while it applies.
problems contains problem(rc, "root", "findings is not known before the apply") if {
	some rc in judged_of(token_type)
	is_unknown(rc, "findings")
	not changing_token(rc)
}

changing_token(rc) if {
	actions(rc) != ["no-op"]
	every name in ["user_id", "token_id", "grant", "privilege_separation", "accepted_risks"] {
		not is_unknown(rc, name)
		name in keys(after(rc))
	}
}

problems contains problem(rc, "new_access", "its permissions are no map") if {
	some rc in judged
	rc.type in {user_type, token_type}
	not is_object(field(after(rc), "effective_permissions"))
	not is_unknown(rc, "effective_permissions")
}

problems contains problem(rc, "new_access", sprintf("its permissions on %s are no list", [path])) if {
	some rc in judged
	rc.type in {user_type, token_type}
	some path, here in field(after(rc), "effective_permissions")
	not is_array(field(here, "privileges"))
}

problems contains problem(rc, "new_access", "effective_permissions is not known before the apply") if {
	some rc in judged_of(token_type)
	is_unknown(rc, "effective_permissions")
	actions(rc) == ["update"]
	not same_grants(rc)
}

same_grants(rc) if {
	changing_token(rc)
	every name in ["user_id", "token_id", "grant", "privilege_separation"] { before(rc)[name] == after(rc)[name] }
}

problems contains problem(rc, "new_access", sprintf("wider: %s", [concat(", ", more)])) if {
	some rc in judged
	rc.type in {user_type, token_type}
	actions(rc) == ["update"]
	more := privileges(after(rc)) - privileges(before(rc))
	count(more) > 0
}

problems contains problem(rc, "new_access", sprintf("new: %s", [listed([line | some line in privileges(after(rc))])])) if {
	some rc in judged
	rc.type in {user_type, token_type}
	not actions(rc) in {["no-op"], ["update"]}
}

problems contains problem(rc, "new_access", "a user that was disabled is enabled") if {
	some rc in judged_of(user_type)
	before(rc).enabled == false
	not after(rc).enabled == false
}

problems contains problem(rc, "new_access", sprintf("a token that is new: %s", [name])) if {
	some rc in judged_of(user_type)
	some token in elements(field(after(rc), "token"))
	name := words(token, "name")
	not name in {words(old, "name") | some old in elements(field(before(rc), "token"))}
}

problems contains standing(rc, "unending", "the user never ends (expires_at)") if {
	some rc in judged_of(user_type)
	not is_unknown(rc, "expires_at")
	not ends(after(rc), "expires_at")
}

problems contains standing(rc, "unending", sprintf("token %s never ends", [words(token, "name")])) if {
	some rc in judged_of(user_type)
	not ends(after(rc), "expires_at")
	some token in elements(field(after(rc), "token"))
	not token_ends(token)
}

problems contains standing(rc, "unending", "the token never ends") if {
	some rc in judged_of(token_type)
	not token_ends(after(rc))
}

ends(value, name) if {
	is_string(value[name])
	value[name] != ""
}

token_ends(token) if {
	not token.never_expires == true
	ends(token, "expires_at")
}

token_ends(token) if {
	not token.never_expires == true
	ends(token, "expires_in")
}

notes contains note(rc, "secrets of tokens are stored in the state: everyone who can read it can use them") if {
	some rc in judged
	rc.type in {user_type, token_type}
	after(rc).secret_in_state == true
}

# --- audit logging -----------------------------------------------------------------------------------------------------

problems contains problem(rc, "unlogged", "sudo's own log is switched off (sudo_log)") if {
	some rc in judged_of(logging_type)
	not is_unknown(rc, "sudo_log")
	not has_sudo_log(after(rc))
}

has_sudo_log(logging) if logging.sudo_log == null

has_sudo_log(logging) if logging.sudo_log.enabled in {null, true}

problems contains problem(rc, "unlogged", sprintf("no longer logged: %s", [concat(", ", fewer)])) if {
	some rc in judged_of(logging_type)
	is_object(before(rc))
	not is_unknown(rc, "subjects")
	is_array(after(rc).subjects)
	fewer := ({sprintf("%v", [subject]) | some subject in elements(before(rc).subjects)} - {sprintf("%v", [subject]) | some subject in after(rc).subjects}) | everyone(rc)
	count(fewer) > 0
}

default everyone(_) := set()

everyone(rc) := {"all other users"} if before(rc).subjects == null

problems contains problem(rc, "unlogged", sprintf("no longer logs on %s", [node])) if {
	some rc in judged_of(logging_type)
	known_nodes(rc)
	some node in keys(field(before(rc), "deployed"))
	not node in nodes(rc)
}

notes contains note(rc, "sudo runs commands that it cannot log (require_logging)") if {
	some rc in judged_of(logging_type)
	after(rc).require_logging == false
}

notes contains note(rc, sprintf("on %s another file switches a log off, and an apply leaves it: %v", [node, line])) if {
	some rc in judged_of(logging_type)
	some node in keys(field(before(rc), "deployed"))
	some line in elements(field(before(rc).deployed[node], "overruled"))
}

notes contains note(rc, "audit logging is removed; logs that are there stay") if {
	some rc in ours
	rc.type == logging_type
	"delete" in elements(actions(rc))
}

# --- emergency access --------------------------------------------------------------------------------------------------

problems contains problem(rc, "emergency", sprintf("emergency access of %s to %s for %s. Reason: %s", [
	words(after(rc), "subject"), emergency_commands(rc), words(after(rc), "duration"), words(after(rc), "reason"),
])) if {
	some rc in judged_of(emergency_type)
	actions(rc) != ["no-op"]
	not opens_nothing(rc)
}

default emergency_commands(_) := "commands that the plan does not say, perhaps all"

emergency_commands(rc) := "all commands, which is root," if after(rc).all_commands == true

emergency_commands(rc) := sprintf("%s%s", [listed(elements(field(after(rc), "commands"))), leads_to_root(rc)]) if {
	not after(rc).all_commands == true
	not is_unknown(rc, "all_commands")
	not is_unknown(rc, "commands")
}

default leads_to_root(_) := ", which leads to root,"

leads_to_root(rc) := "" if after(rc).root_equivalent == false

# Only another renew_id opens an access again. Without it an apply writes the files of an open access as they were, or takes away what is left of one that has ended.
opens_nothing(rc) if {
	actions(rc) == ["update"]
	every name in ["name", "subject", "commands", "all_commands", "duration", "starts_at", "renew_id", "require_password", "require_logging"] {
		not is_unknown(rc, name)
		name in keys(after(rc))
		before(rc)[name] == after(rc)[name]
	}
}

notes contains note(rc, sprintf("emergency access of %s is open until %s. Reason: %s", [words(before(rc), "subject"), words(before(rc), "expires_at"), words(before(rc), "reason")])) if {
	some rc in ours
	rc.type == emergency_type
	is_object(before(rc))
	not before(rc).status in {"expired", "closed", "not granted"}
}

notes contains note(rc, "the emergency access has ended: remove the resource") if {
	some rc in judged_of(emergency_type)
	before(rc).status in {"expired", "closed"}
	actions(rc) == ["no-op"]
}

notes contains note(rc, sprintf("found: %v", [finding])) if {
	some rc in judged_of(emergency_type)
	some finding in elements(field(after(rc), "findings"))
}

notes contains note(rc, "sudo runs commands of the emergency access that it cannot record (require_logging)") if {
	some rc in judged_of(emergency_type)
	after(rc).require_logging == false
}

# --- accounts of nodes -------------------------------------------------------------------------------------------------

problems contains problem(rc, "root", "its findings are no list") if {
	some rc in judged_of(account_type)
	not is_array(field(after(rc), "findings"))
	not is_unknown(rc, "findings")
}

problems contains standing(rc, "root", account_told(finding)) if {
	some rc in judged_of(account_type)
	some finding in elements(field(after(rc), "findings"))
	not account_fine(finding)
}

account_fine(finding) if is_accepted(finding)

account_fine(finding) if finding.severity == "medium"

account_told(finding) := sprintf("%s (%s, %s)", [words(finding, "about"), words(finding, "id"), words(finding, "severity")])

notes contains note(rc, sprintf("accepted: %s: %s", [account_told(finding), finding.accepted])) if {
	some rc in judged_of(account_type)
	some finding in elements(field(after(rc), "findings"))
	is_accepted(finding)
}

notes contains note(rc, sprintf("found: %s", [account_told(finding)])) if {
	some rc in judged_of(account_type)
	some finding in elements(field(after(rc), "findings"))
	account_fine(finding)
	not is_accepted(finding)
}

notes contains note(rc, sprintf("on %s: %v", [node, problem_there])) if {
	some rc in judged_of(account_type)
	some node in keys(field(before(rc), "deployed"))
	some problem_there in elements(field(before(rc).deployed[node], "problems"))
}

# previous is how a resource was, for what is compared with it: nothing where it is made, or made anew.
default previous(_) := {}

previous(rc) := before(rc) if {
	actions(rc) in {["update"], ["no-op"]}
	is_object(before(rc))
}

# given_block is a block without what nobody set in it.
given_block(block) := {name: value | some name, value in block; value != null} if is_object(block)

given_block(block) := block if not is_object(block)

given(value) := [given_block(block) | some block in value] if is_array(value)

given(value) := value if not is_array(value)

key_texts(account) := {sprintf("key %s", [json.marshal(given_block(key))]) | some key in elements(field(account, "authorized_key"))}

group_texts(account) := {sprintf("group %v", [group]) | some group in elements(field(account, "groups"))}

# account_gains is what an account gets that it did not have: a way to log in, a group, a node, more time.
account_gains(rc) := union({
	key_texts(after(rc)) - key_texts(previous(rc)),
	group_texts(after(rc)) - group_texts(previous(rc)),
	{sprintf("node %s", [node]) | some node in nodes(rc); not node in keys(field(previous(rc), "deployed"))},
	{"a password" | after(rc).password_version != null; after(rc).password_version != field(previous(rc), "password_version")},
	{sprintf("shell %v", [after(rc).shell]) | after(rc).shell != field(previous(rc), "shell"); not after(rc).shell in no_shells},
	{sprintf("%s = additive", [name]) | some name in {"key_membership", "group_membership"}; after(rc)[name] != "exclusive"; after(rc)[name] != field(previous(rc), name)},
	{"accounts that are there (adopt)" | after(rc).adopt != false; after(rc).adopt != field(previous(rc), "adopt")},
	{"more time" | is_string(field(previous(rc), "expires")); not ends_no_later(rc)},
})

no_shells := {"/usr/sbin/nologin", "/sbin/nologin", "/bin/false", "/usr/bin/false"}

ends_no_later(rc) if {
	is_string(after(rc).expires)
	after(rc).expires <= before(rc).expires
}

account_losses(rc) := union({
	key_texts(before(rc)) - key_texts(after(rc)),
	group_texts(before(rc)) - group_texts(after(rc)),
	keys(field(before(rc), "deployed")) - nodes(rc),
	{"password" | before(rc).password_version != null; after(rc).password_version == null},
	{"shell" | after(rc).shell in no_shells; not before(rc).shell in no_shells},
	{"time" | is_string(after(rc).expires); not is_string(before(rc).expires)},
	{"time" | after(rc).expires < before(rc).expires},
})

problems contains problem(rc, "new_access", sprintf("account %s gets %s", [words(after(rc), "name"), concat(", ", account_gains(rc))])) if {
	some rc in judged_of(account_type)
	actions(rc) != ["no-op"]
	count(account_gains(rc)) > 0
}

problems contains problem(rc, "new_access", sprintf("account %s is new", [words(after(rc), "name")])) if {
	some rc in judged_of(account_type)
	not actions(rc) in {["no-op"], ["update"]}
}

problems contains standing(rc, "unending", "the account never ends (expires)") if {
	some rc in judged_of(account_type)
	not is_unknown(rc, "expires")
	not ends(after(rc), "expires")
}

# --- sshd --------------------------------------------------------------------------------------------------------------

# What each setting may be without letting anybody in who did not get in before.
sshd_closes := {
	"permit_root_login": ["no", "forced-commands-only", "prohibit-password"], "password_authentication": [false], "kbd_interactive_authentication": [false], "permit_tty": [false],
	"x11_forwarding": [false], "allow_agent_forwarding": [false], "disable_forwarding": [true], "allow_tcp_forwarding": ["no"], "permit_tunnel": ["no"], "crypto_profile": ["strict"],
}

# The other settings: each of their values has to be read.
sshd_settings := object.keys(sshd_closes) | {
	"allow_users", "allow_groups", "match", "cluster_networks", "ciphers", "macs", "kex_algorithms", "host_key_algorithms", "max_auth_tries", "login_grace_time",
}

sshd_changed(rc) := {name | some name in sshd_settings; name in keys(after(rc)); or_null(after(rc)[name]) != value_before(rc, name)}

value_before(rc, name) := or_null(field(before(rc), name))

# No block is an empty list.
or_null(value) := null if value == []

or_null(value) := value if value != []

only_closes(rc, name) if {
	some rank, value in sshd_closes[name]
	value == after(rc)[name]
	wider_before := [known | some known in array.slice(sshd_closes[name], 0, rank); known == value_before(rc, name)]
	wider_before == []
}

# A list of users or groups is one more condition.
only_closes(rc, name) if {
	name in {"allow_users", "allow_groups"}
	count(elements(after(rc)[name])) > 0
	value_before(rc, name) == null
}

only_closes(rc, name) if {
	name in {"allow_users", "allow_groups"}
	count(elements(after(rc)[name])) > 0
	more := {user | some user in after(rc)[name]} - {user | some user in elements(value_before(rc, name))}
	more == set()
}

problems contains problem(rc, "sshd", sprintf("who gets in over SSH, or how, may change: %s = %s", [name, json.marshal(given(after(rc)[name]))])) if {
	some rc in judged_of(sshd_type)
	some name in sshd_changed(rc)
	not only_closes(rc, name)
}

problems contains problem(rc, "sshd", sprintf("sshd on %s no longer has the policy, and does what other files say", [node])) if {
	some rc in judged_of(sshd_type)
	known_nodes(rc)
	some node in keys(field(before(rc), "deployed"))
	not node in nodes(rc)
}

notes contains note(rc, sprintf("on %s another file decides: %v", [node, line])) if {
	some rc in judged_of(sshd_type)
	some node in keys(field(before(rc), "deployed"))
	some line in elements(field(before(rc).deployed[node], "overruled"))
}

notes contains note(rc, "the policy of sshd is removed: sshd then does what other files say") if {
	some rc in ours
	rc.type == sshd_type
	"delete" in elements(actions(rc))
}

# --- exceptions --------------------------------------------------------------------------------------------------------

default exceptions := []

exceptions := data.pvesec.exceptions if is_array(data.pvesec.exceptions)

never_excepted := {"plan"}

in_force(exception) if {
	is_string(exception.address)
	is_string(exception.rule)
	trim_space(exception.reason) != ""
	regex.match(`^\d{4}-\d{2}-\d{2}$`, exception.until)
	time.now_ns() < time.add_date(time.parse_rfc3339_ns(sprintf("%sT00:00:00Z", [exception.until])), 0, 0, 1)
}

covers(exception, found) if {
	not found.rule in never_excepted
	exception.rule == found.rule
	regex.match(sprintf("^%s$", [replace(regex.replace(exception.address, `[^a-zA-Z0-9_*]`, `\$0`), "*", ".*")]), found.address)
	contains(found.text, object.get(exception, "text", ""))
}

excepted[found] contains exception if {
	some found in problems
	some exception in exceptions
	in_force(exception)
	covers(exception, found)
}

notes contains {"address": "exception", "text": sprintf("it has no effect, since it has ended or lacks address, rule, reason or until: %s", [json.marshal(exception)])} if {
	some exception in exceptions
	not in_force(exception)
}

notes contains {"address": "exception", "text": sprintf("nothing in the plan needs it: %s", [json.marshal(exception)])} if {
	some exception in exceptions
	in_force(exception)
	used := {found | some found in problems; covers(exception, found)}
	used == set()
}

notes contains {"address": "exception", "text": "data.pvesec.exceptions is no list: it has no effect"} if {
	data.pvesec.exceptions
	not is_array(data.pvesec.exceptions)
}

# --- what it says ------------------------------------------------------------------------------------------------------

note(rc, text) := {"address": address(rc), "text": text}

message(found) := sprintf("%s: %s: %s", [found.address, found.rule, found.text])

deny contains message(found) if {
	some found in problems
	not found.standing
	not excepted[found]
}

warn contains message(found) if {
	some found in problems
	found.standing
	not excepted[found]
}

warn contains sprintf("%s (excepted until %s: %s)", [message(found), exception.until, exception.reason]) if {
	some found, by in excepted
	some exception in by
}

warn contains sprintf("%s: %s", [said.address, said.text]) if some said in notes

# code is a text as code in Markdown, whatever is in it: texts come from nodes.
code(text) := sprintf("`%s`", [replace(replace(replace(replace(sprintf("%v", [text]), "`", "'"), "\n", " "), "\r", " "), "|", "¦")])

verdict := "**Refused.**" if count(deny) > 0

verdict := "**Nothing stands against this plan.** Read the warnings." if {
	count(deny) == 0
	count(warn) > 0
}

verdict := "**Nothing stands against this plan.**" if {
	count(deny) == 0
	count(warn) == 0
}

section(title, lines) := array.concat(["", title, ""], [sprintf("- %s", [code(line)]) | some line in lines]) if count(lines) > 0

section(_, lines) := [] if count(lines) == 0

default ends_text(_) := "?"

ends_text(rc) := code(after(rc).expires.latest) if is_string(after(rc).expires.latest)

ends_text(rc) := code(after(rc).expires_at) if is_string(after(rc).expires_at)

ends_text(rc) := "never" if {
	after(rc).expires.latest == null
}

ends_text(rc) := "never" if {
	rc.type in {user_type, token_type}
	after(rc).expires_at == null
	not is_string(field(after(rc), "expires_in"))
}

ends_text(rc) := code(sprintf("in %s", [after(rc).expires_in])) if {
	is_string(after(rc).expires_in)
	not is_string(field(after(rc), "expires_at"))
}

ends_text(rc) := code(sprintf("in %s", [after(rc).duration])) if {
	rc.type == emergency_type
	is_string(after(rc).duration)
	not is_string(field(after(rc), "expires_at"))
}

ends_text(rc) := code(after(rc).expires) if {
	rc.type == account_type
	is_string(after(rc).expires)
}

ends_text(rc) := "never" if {
	rc.type == account_type
	field(after(rc), "expires") == null
	not is_unknown(rc, "expires")
}

whom(rc) := [value |
	some side in [after(rc), before(rc)]
	some name in ["subject", "user_id", "name"]
	value := field(side, name)
	is_string(value)
]

default who(_) := "?"

who(rc) := code(whom(rc)[0]) if count(whom(rc)) > 0

rows := [sprintf("| %s | %s | %s | %s |", [code(address(rc)), code(concat(", ", [sprintf("%v", [action]) | some action in elements(actions(rc))])), who(rc), ends_text(rc)]) |
	some rc in ours
	actions(rc) != ["no-op"]
]

default table := ["", "No access changes."]

table := array.concat(["", "| resource | change | whom | ends |", "|---|---|---|---|"], rows) if count(rows) > 0

# summary is a comment on a pull request, in Markdown.
summary := concat("\n", array.concat(
	array.concat(["### Access that this plan changes", "", verdict], table),
	array.concat(section("#### Refused", deny), section("#### Warnings", warn)),
))
