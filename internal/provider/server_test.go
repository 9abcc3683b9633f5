package provider

import (
	"reflect"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/memo"
)

// TestServerHidesNothing sees that the server with memos does all that the framework's does: lists, actions, and what
// comes next.
func TestServerHidesNothing(t *testing.T) {
	t.Parallel()
	framework, ours := reflect.TypeOf(providerserver.NewProtocol6(New("test")())()), reflect.TypeOf(Server("test"))
	if framework == ours {
		t.Error("the server has no memos: the framework's does not do all that memo.Framework asks for")
	}
	for i := range framework.NumMethod() {
		if name := framework.Method(i).Name; !has(ours, name) {
			t.Errorf("%s of the framework's server is hidden: add its interface to memo.Framework", name)
		}
	}
	if _, ok := Server("test").(memo.Framework); !ok {
		t.Error("the server is no memo.Framework")
	}
}

func has(typ reflect.Type, method string) bool {
	_, ok := typ.MethodByName(method)
	return ok
}
