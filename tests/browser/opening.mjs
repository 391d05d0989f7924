// How long reports take to open and to sort: node opening.mjs REPORT...
import { resolve } from "node:path";
import { statSync } from "node:fs";
import { chromium } from "playwright-core";
import { FLAGS } from "./chromium.mjs";

const RUNS = 3;
const painted = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
const seconds = (values) => values.sort((a, b) => a - b)[RUNS >> 1].toFixed(2);

for (const file of process.argv.slice(2)) {
  const opened = [], sorted = [], wall = [];
  for (let run = 0; run < RUNS; run++) {
    const browser = await chromium.launch(FLAGS);
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    const session = await page.context().newCDPSession(page);
    await session.send("Performance.enable", { timeDomain: "threadTicks" });
    const spent = async () => {
      const { metrics } = await session.send("Performance.getMetrics");
      return metrics.find(({ name }) => name === "ThreadTime").value;
    };
    const began = Date.now();
    await page.goto(`file://${resolve(file)}`);
    await page.evaluate(painted);
    wall.push((Date.now() - began) / 1000);
    opened.push(await spent());
    await page.evaluate(() => document.querySelectorAll("#table thead button")[10]?.click());
    await page.evaluate(painted);
    sorted.push(await spent() - opened.at(-1));
    await browser.close();
  }
  const size = (statSync(file).size / 1e6).toFixed(2);
  console.log(`${file}: ${size} MB, ${seconds(opened)} s of work until painted (${seconds(wall)} s by the clock), ${seconds(sorted)} s to sort`);
}
