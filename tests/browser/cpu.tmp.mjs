import { chromium } from "playwright-core";
for (const f of process.argv.slice(2)) { for (let i=0;i<3;i++) {
const b = await chromium.launch({executablePath:"/usr/bin/chromium", args:["--no-sandbox","--disable-gpu","--disable-quic","--no-first-run","--disable-background-networking","--disable-component-update","--disable-sync"]});
const p = await b.newPage({viewport:{width:1280,height:900}}); const c = await p.context().newCDPSession(p); await c.send("Performance.enable",{timeDomain:"threadTicks"});
const t=Date.now(); await p.goto("file://"+f); await p.evaluate(()=>new Promise(r=>requestAnimationFrame(()=>setTimeout(r)))); const wall=Date.now()-t;
const m=Object.fromEntries((await c.send("Performance.getMetrics")).metrics.map(x=>[x.name,x.value]));
console.log(f, "wall", wall, "thread-ms", Math.round(m.ThreadTime*1000), "task", Math.round(m.TaskDuration*1000), "process", Math.round(m.ProcessTime*1000), "layout", Math.round(m.LayoutDuration*1000), "style", Math.round(m.RecalcStyleDuration*1000), "nodes", m.Nodes, "heapMB", Math.round(m.JSHeapUsedSize/1e6));
await b.close(); } }
