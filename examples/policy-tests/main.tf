# What an operator of guests may do, checked over every command line and not only over those that somebody thought of.
# `terraform test` proves it with no node and no credentials, for example in a pull request; the check block says it in every plan.

terraform {
  required_providers {
    pvesec = {
      source = "pvesec/pvesec"
    }
  }
}

provider "pvesec" {}

variable "vmids" {
  type        = string
  default     = "2[0-9]{3}"
  description = "Guests of the operator: a pattern of their numbers."
}

variable "extra_commands" {
  type        = list(string)
  default     = []
  description = "Additional commands in sudoers syntax that the operator needs."
}

data "pvesec_sudoers_document" "operator" {
  subject = "operator"
  preset {
    name       = "vm_operator"
    parameters = { vmids = var.vmids, storage = "local-zfs", bridge = "vmbr0" }
  }
  preset {
    name = "monitoring"
  }
  dynamic "rule" {
    for_each = length(var.extra_commands) > 0 ? [var.extra_commands] : []
    content {
      commands = rule.value
      nopasswd = true
    }
  }
}

check "operator" {
  data "pvesec_sudoers_analysis" "operator" {
    policy  = data.pvesec_sudoers_document.operator.text
    subject = "operator"
    never   = ["touches root@pam", "edits sudoers", "installs packages", "changes the network"]
    always  = ["/usr/sbin/qm list"]
  }
  assert {
    condition     = !data.pvesec_sudoers_analysis.operator.root_equivalent
    error_message = "The operator can become root: ${join(", ", [for f in data.pvesec_sudoers_analysis.operator.findings : "${f.example} (${f.id})" if f.root_equivalent])}."
  }
  assert {
    condition     = data.pvesec_sudoers_analysis.operator.compliant
    error_message = "Not proven: ${join(", ", [for p in data.pvesec_sudoers_analysis.operator.proofs : "${p.kind} ${p.statement}: ${p.verdict} ${p.counterexample}" if !p.proven])}."
  }
}

output "document" {
  description = "For the attribute document of pvesec_sudoers_policy."
  value       = data.pvesec_sudoers_document.operator.json
}

output "policy" {
  value = data.pvesec_sudoers_document.operator.text
}
