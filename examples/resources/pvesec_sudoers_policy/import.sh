# on all nodes, or on chosen ones
terraform import pvesec_sudoers_policy.agent agent
terraform import pvesec_sudoers_policy.agent agent@pve1,pve2
