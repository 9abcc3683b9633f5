package auditlog

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
)

// refuseTwice refuses a second resource that speaks of the sudo use of the same subject on the same node: sudo takes
// the setting of the file that comes last, and the other one would have no effect without an error.
func (r *auditLoggingResource) refuseTwice(ctx context.Context, plan *auditLoggingModel, logging hardening.AuditLogging, diags *diag.Diagnostics) {
	if r.Clients == nil {
		return
	}
	nodes := session.NodeNames(ctx, plan.Nodes, diags)
	if logging.SecurityLog != nil {
		for _, other := range r.Clients.Claim("security log", logging.Name, []string{logging.SecurityLog.Path}, nodes) {
			diags.AddAttributeError(path.Root("security_log"), "Invalid security_log: another resource writes the file",
				fmt.Sprintf("pvesec_audit_logging %q and %q both write %s on the same nodes, and each event would be in it twice. Give security_log another path, or set enabled = false in one of them.",
					min(logging.Name, other.Name), max(logging.Name, other.Name), other.Subject))
		}
	}
	if logging.AuditRules != nil {
		r.refuseSecond("audit_rules", "The kernel of a node has one list of rules and one set of limits.", logging.Name, nodes, diags)
	}
	if logging.Journal != nil {
		r.refuseSecond("journald", "journald takes the line that it reads last, and the other would have no effect.", logging.Name, nodes, diags)
	}
	for _, other := range r.Clients.Claim("rotated log", logging.Name, logging.RotatedLogs(), nodes) {
		if other.Subject != "" {
			diags.AddAttributeError(path.Root("rotation"), "Invalid rotation: another resource rotates the log",
				fmt.Sprintf("pvesec_audit_logging %q and %q both rotate %s on the same nodes, and logrotate would drop one of the two files. Write the logs of one of them into another directory.",
					min(logging.Name, other.Name), max(logging.Name, other.Name), other.Subject))
		}
	}
	if !logging.ConfiguresSudo() {
		return
	}
	for _, other := range r.Clients.Claim("audit logging", logging.Name, logging.Subjects, nodes) {
		who, at := "everyone", path.Root("name")
		if other.Subject != "" {
			who, at = other.Subject, path.Root("subjects")
		}
		diags.AddAttributeError(at, "Invalid subject: another resource logs it",
			fmt.Sprintf("pvesec_audit_logging %q and %[3]q both log the sudo commands of %[2]s on the same nodes. sudo uses the settings of the file that it reads last, so one of the two would have no effect. "+
				"Configure each subject in one resource for each node.", min(logging.Name, other.Name), who, max(logging.Name, other.Name)))
	}
}

// refuseSecond refuses a second resource with a block of which a node has room for one.
func (r *auditLoggingResource) refuseSecond(block, why, name string, nodes []string, diags *diag.Diagnostics) {
	for _, other := range r.Clients.Claim(block, name, nil, nodes) {
		diags.AddAttributeError(path.Root(block), "Invalid "+block+": another resource has it",
			fmt.Sprintf("pvesec_audit_logging %q and %q both have %s on the same nodes. %s Write the block in one of them, or give each its own nodes.", min(name, other.Name), max(name, other.Name), block, why))
	}
}
