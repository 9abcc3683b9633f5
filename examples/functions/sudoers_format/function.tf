# "agent ALL=(root) NOPASSWD: /usr/bin/id\n"
output "canonical" {
  value = provider::pvesec::sudoers_format("agent  ALL = (root)  NOPASSWD:/usr/bin/id")
}
