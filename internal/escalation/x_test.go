package escalation
import ("testing";"os";"strings")
func TestX(t *testing.T){
 b,_:=os.ReadFile("/tmp/dfc/x.txt")
 for _,l:=range strings.Split(strings.TrimSpace(string(b)),"\n"){
 a:=analyseFor(t,"agent ALL=(root) NOPASSWD: "+l,"agent","ops")
 t.Log(l, "root:", a.Root())
 for _,f:=range a.Findings{ t.Logf("   %s %s %s | %s | %s",f.ID,f.Severity,f.Does,f.Example,f.Source)}
 }
}
