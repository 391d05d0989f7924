import { chromium } from "playwright-core";
const [,, file, out, width="1280", scheme="light", full="1", hash=""] = process.argv;
const b = await chromium.launch({executablePath:"/usr/bin/chromium", args:["--no-sandbox","--disable-gpu","--disable-quic","--no-first-run","--disable-background-networking","--disable-component-update","--disable-sync"]});
const p = await b.newPage({viewport:{width:+width,height:1340}, colorScheme:scheme});
p.on("console", m=>console.log("console", m.type(), m.text())); p.on("pageerror", e=>console.log("error", e));
await p.goto("file://"+file+hash);
await p.waitForTimeout(300);
await p.screenshot({path:out, fullPage: full==="1"});
await b.close();
