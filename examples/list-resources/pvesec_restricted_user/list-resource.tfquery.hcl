# Users of the realm pve, for terraform query
list "pvesec_restricted_user" "pve" {
  provider = pvesec
  config {
    realm = "pve"
  }
}
