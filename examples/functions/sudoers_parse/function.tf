# Every command that needs no password, with its line
output "without_password" {
  value = flatten([
    for rule in provider::pvesec::sudoers_parse("agent ALL=(root) NOPASSWD: /usr/bin/id, PASSWD: /usr/bin/w\n").rules : [
      for command in rule.commands : "${command.line}: ${command.command}" if contains(command.tags, "NOPASSWD")
    ]
  ])
}
