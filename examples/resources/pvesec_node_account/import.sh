# on all nodes, or on chosen ones
terraform import pvesec_node_account.nightowl nightowl
terraform import pvesec_node_account.nightowl nightowl@pve1,pve2
