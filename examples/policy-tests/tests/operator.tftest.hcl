# terraform test

run "as_it_is" {
  command = plan

  assert {
    condition     = provider::pvesec::sudoers_allows(output.policy, "operator", "/usr/sbin/qm start 2001")
    error_message = "The operator cannot start its guests."
  }
  assert {
    condition     = !provider::pvesec::sudoers_allows(output.policy, "operator", "/usr/sbin/qm start 3001")
    error_message = "The operator starts the guests of others."
  }
}

run "fewer_guests" {
  command = plan

  variables {
    vmids = "20[0-9]{2}"
  }

  assert {
    condition     = provider::pvesec::sudoers_compare(run.as_it_is.policy, output.policy, "operator").verdict == "narrower"
    error_message = "Fewer guests are not all that changes."
  }
}

# The check refuses a careless command, regardless of who adds it.
run "careless_command" {
  command = plan

  variables {
    extra_commands = ["/usr/sbin/qm set *"]
  }

  expect_failures = [check.operator]
}

# One that changes the network is no way to root, and still not what was agreed.
run "not_agreed" {
  command = plan

  variables {
    extra_commands = ["/usr/sbin/ip ^link set vmbr[0-9] up$"]
  }

  expect_failures = [check.operator]
}
