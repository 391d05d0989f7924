import { chromium } from "playwright-core"; import axe from "axe-core";
const b = await chromium.launch({executablePath:"/usr/bin/chromium", args:["--no-sandbox","--disable-gpu","--disable-quic","--no-first-run","--disable-background-networking","--disable-component-update","--disable-sync"]});
if (process.argv[2]==="axe") {
 const p = await b.newPage({viewport:{width:1280,height:900}}); await p.goto("file://"+process.argv[3]);
 await p.evaluate(() => document.querySelectorAll("details").forEach((d) => { d.open = true; }));
 await p.evaluate(axe.source);
 const r = await p.evaluate(() => axe.run({runOnly: undefined}));
 for (const v of r.violations) { console.log(v.impact, v.id, v.nodes.length); for (const n of v.nodes.slice(0,4)) console.log("   ", n.html.slice(0,200), n.any.map(a=>a.message).join("; "), n.all.map(a=>a.message).join("; ")); }
} else if (process.argv[2]==="wide") {
 const p = await b.newPage({viewport:{width:390,height:844}}); await p.goto("file://"+process.argv[3]);
 console.log(await p.evaluate(() => [...document.querySelectorAll("body *")].filter(e=>e.getBoundingClientRect().right>391 && !e.closest(".wide, .both")).map(e=>e.tagName+"."+e.getAttribute("class")+" "+Math.round(e.getBoundingClientRect().right)+" "+e.textContent.slice(0,40)).slice(0,10)));
} else {
 for (const f of process.argv.slice(3)) { const times=[]; for (let i=0;i<3;i++) { const p = await b.newPage({viewport:{width:1280,height:900}});
 const t=Date.now(); await p.goto("file://"+f); await p.evaluate(()=>new Promise(r=>requestAnimationFrame(()=>setTimeout(r)))); const painted=Date.now()-t;
 const paint = await p.evaluate(()=>({fcp: Math.round(performance.getEntriesByName("first-contentful-paint")[0]?.startTime), load: Math.round(performance.getEntriesByType("navigation")[0].loadEventEnd)}));
 const s=Date.now(); const th=p.locator("#table thead th").nth(10).locator("button"); if (await th.count()) await th.evaluate(e=>e.click()); await p.evaluate(()=>new Promise(r=>requestAnimationFrame(()=>setTimeout(r))));
 times.push(JSON.stringify({painted, ...paint, sort: Date.now()-s})); await p.close(); } console.log(f, times.join(" ")); }
}
await b.close();
