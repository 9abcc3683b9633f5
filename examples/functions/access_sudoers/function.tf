# Written to /etc/sudoers.d/terraform on every node before pvesec is used there, for example by the installation image.
output "sudoers_for_terraform" {
  value = provider::pvesec::access_sudoers("terraform", true)
}
