# Every API token that could be managed, for terraform query
list "pvesec_api_token" "all" {
  provider = pvesec
}
