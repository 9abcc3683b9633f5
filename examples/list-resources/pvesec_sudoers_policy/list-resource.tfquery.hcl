# Every file in /etc/sudoers.d that a policy could manage, for terraform query
list "pvesec_sudoers_policy" "all" {
  provider = pvesec
}
