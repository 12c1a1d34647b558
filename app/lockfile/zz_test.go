package lockfile
import ("testing";"strings";"fmt";"time")
func TestZZ(t *testing.T){
 tm:=func(w string,f func()){s:=time.Now();f();fmt.Println(w,time.Since(s))}
 mk:=func(p string, name string, ver func(int)string, n int) string { var b strings.Builder; for i:=0;i<n;i++{fmt.Fprintf(&b,",\n\"node_modules/%s%d/node_modules/%s\":{\"version\":\"%s\",\"integrity\":\"%s\"}",p,i,name,ver(i),"sha512-"+sri(fmt.Sprint(p,i))[7:])}; return v3(b.String()[2:])}
 N:=75000
 a:=mk("x","a",func(i int)string{return fmt.Sprintf("1.%d.0",i)},N); b:=mk("y","a",func(i int)string{return fmt.Sprintf("2.%d.0",i)},N)
 pa,pb:=parse(t,a),parse(t,b)
 tm("versions",func(){fmt.Println(len(Diff(pa,pb)))})
 a=mk("x","a",func(i int)string{return "1.0.0"},N); b=mk("y","a",func(i int)string{return "1.0.0"},N)
 pa,pb=parse(t,a),parse(t,b)
 tm("twins",func(){ch:=Diff(pa,pb);fmt.Println(len(ch)); for _,c:=range ch{Explain(c)}})
 big:=string(generated(150000-10,false)); fmt.Println(len(big)); tm("parse150k",func(){pa=parse(t,big)}); pb=parse(t,string(generated(150000-10,true)))
 tm("diff150k",func(){Diff(pa,pb)})
 // workspaces
 var m []string; names:=[]string{}; for i:=0;i<3000;i++{names=append(names,fmt.Sprintf("p%d",i)); m=append(m,fmt.Sprintf("\"node_modules/p%d\":{\"version\":\"1.0.0\"}",i))}
 deps:="{"; for i,n:=range names{ if i>0{deps+=","}; deps+="\""+n+"\":\"1\""}; deps+="}"
 for w:=0;w<99;w++{ pre:=fmt.Sprintf("w%d",w); loc:=pre; for d:=0;d<62;d++{loc+="/aaaaaaaaaaaa"; m=append(m,fmt.Sprintf("%q:{\"version\":\"1.0.0\"}",loc+"/node_modules/q"))}; m=append(m,fmt.Sprintf("%q:{\"dependencies\":%s}",loc,deps))}
 s:=v3(m...); fmt.Println(len(s)); tm("direct",func(){parse(t,s)})
 // duplicates within huge objects, legacy wide
 var lg strings.Builder; lg.WriteString("{"); for i:=0;i<149000;i++{ if i>0{lg.WriteString(",")}; fmt.Fprintf(&lg,"\"p%d\":{\"version\":\"1.0.%d\",\"integrity\":\"%s\"}",i%1000000,i,sri("x"))}; lg.WriteString("}")
 s=v2(lg.String()); fmt.Println(len(s)); tm("legacy",func(){ _,err:=Parse("package-lock.json",[]byte(s)); fmt.Println(err)})
 // nested bundles
 m=nil; loc:=""; for i:=0;i<63;i++{ loc+="node_modules/"+strings.Repeat("n",3000)+"/"; m=append(m,fmt.Sprintf("%q:{\"version\":\"1\",\"inBundle\":true}",strings.TrimSuffix(loc,"/")))}
 for i:=0;i<200;i++{ m=append(m,fmt.Sprintf("%q:{\"version\":\"1\",\"inBundle\":true}",loc+fmt.Sprint("node_modules/z",i)))}
 s=v3(m...); fmt.Println(len(s)); tm("bundle",func(){_,err:=Parse("package-lock.json",[]byte(s)); fmt.Println(err)})
 s="{\"lockfileVersion\":3,\"x\":["+strings.Repeat("{\"a\":1},",7_000_000)+"1],\"packages\":{}}"; fmt.Println(len(s)); tm("junk",func(){_,err:=Parse("package-lock.json",[]byte(s)); fmt.Println(err)})
 s="{\"lockfileVersion\":3,\"packages\":{\"node_modules/a\":{\"version\":\"1\",\"integrity\":\""+strings.Repeat(sri("x")+" ",600_000)+"\"}}}"; fmt.Println(len(s)); tm("sri",func(){p,err:=Parse("package-lock.json",[]byte(s)); fmt.Println(err); tm("diff",func(){fmt.Println(len(Diff(p,p)))})})
}
