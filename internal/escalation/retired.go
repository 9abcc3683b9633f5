package escalation

import (
	"embed"
	"sync"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation/program"
)

//go:embed retired.json
var retiredData embed.FS

// retired are the ids that were published and name nothing any more, with the effects by which the same is found now.
// An id is never given away again.
var retired = sync.OnceValue(func() map[string][]program.Effect {
	byID := map[string][]program.Effect{}
	if err := decodeFile(retiredData, "retired.json", &byID); err != nil {
		panic("the embedded list of retired findings: " + err.Error())
	}
	return byID
})
