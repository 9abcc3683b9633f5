# all nodes, or chosen ones
terraform import pvesec_sudoers_exclusive.nodes '*'
terraform import pvesec_sudoers_exclusive.nodes pve1,pve2
