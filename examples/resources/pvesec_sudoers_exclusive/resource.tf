# Nobody gets sudo past Terraform: what stands in the sudoers files of the nodes and is not named here is planned for removal.
resource "pvesec_sudoers_exclusive" "nodes" {
  files = ["backup-agent"]
  lines = ["%wheel ALL=(ALL:ALL) ALL"]
}
