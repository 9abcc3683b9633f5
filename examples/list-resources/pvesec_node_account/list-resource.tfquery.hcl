# The accounts of persons and agents on two nodes, for terraform query
list "pvesec_node_account" "some" {
  provider = pvesec
  config {
    nodes = ["pve1", "pve2"]
  }
}
