// Opens reports in Chromium and uses them as people do. `cargo test --test it html::` makes the
// reports and runs this; REPORTS is their folder.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import axe from "axe-core";
import { chromium } from "playwright-core";
import { FLAGS } from "./chromium.mjs";

const folder = process.env.REPORTS;
const PAGES = ["overview", "session", "comparison", "hostile"];

let browser;
before(async () => { browser = await chromium.launch(FLAGS); });
after(async () => { await browser?.close(); });

/** A report in a window of its own, and what it complained of or asked for. */
async function open(name, { hash = "", ...options } = {}) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...options });
  const seen = { complaints: [], requests: [] };
  page.on("console", (message) => { if (["error", "warning"].includes(message.type())) seen.complaints.push(message.text()); });
  page.on("pageerror", (error) => seen.complaints.push(String(error)));
  page.on("request", (request) => seen.requests.push(request.url()));
  await page.goto(`file://${folder}/${name}.html${hash}`);
  return { page, seen };
}

for (const name of PAGES) {
  test(`${name} opens with no complaint and asks the network for nothing`, async () => {
    const { page, seen } = await open(name);
    await page.waitForTimeout(100);
    assert.deepEqual(seen.complaints, []);
    assert.equal(seen.requests.length, 1, seen.requests.join(" "));
    await page.close();
  });

  for (const colorScheme of ["light", "dark"]) {
    test(`${name} is accessible, ${colorScheme}`, async () => {
      const { page } = await open(name, { colorScheme });
      // Two sessions of each page stand for the others: axe looks at every pair of colours.
      await page.evaluate(() => {
        const all = document.querySelectorAll("details.session");
        for (const session of [...all].slice(2)) session.remove();
        for (const details of document.querySelectorAll("details")) details.open = true;
      });
      await page.evaluate(axe.source);
      const { violations } = await page.evaluate(() => axe.run());
      const grave = violations.filter((v) => ["serious", "critical"].includes(v.impact));
      const told = grave.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => `${n.html.slice(0, 160)} ${n.any.map((a) => a.message)}`).join("\n  ")}`);
      assert.deepEqual(told, []);
      await page.close();
    });
  }

  test(`${name} fits on a phone`, async () => {
    const { page } = await open(name, { viewport: { width: 390, height: 844 } });
    const [inner, outer] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(inner <= outer, `${inner} pixels of content on ${outer}`);
    await page.close();
  });
}

const column = (page, index) => page.$$eval("#table tbody tr:not([hidden])", (rows, i) => rows.map((row) => row.cells[i].textContent), index);

test("a column is sorted by its button, up and then down", async () => {
  const { page } = await open("overview");
  const [OUTCOME, HANDSHAKE] = [7, 10];
  const head = page.locator("#table thead th").nth(OUTCOME);
  const given = await column(page, OUTCOME);
  await head.locator("button").click();
  assert.equal(await head.getAttribute("aria-sort"), "ascending");
  assert.deepEqual(await column(page, OUTCOME), [...given].sort());
  await head.locator("button").click();
  assert.equal(await head.getAttribute("aria-sort"), "descending");
  assert.deepEqual(await column(page, OUTCOME), [...given].sort().reverse());
  await page.locator("#table thead th").nth(HANDSHAKE).locator("button").click();
  const numbers = await page.$$eval("#table tbody tr", (rows, i) => rows.map((row) => row.cells[i].dataset.v), HANDSHAKE);
  const known = numbers.filter((ns) => ns !== undefined).map(Number);
  assert.deepEqual(known, [...known].sort((a, b) => a - b));
  assert.ok(numbers.slice(known.length).every((ns) => ns === undefined), "what is empty comes last");
  await page.close();
});

test("the filter takes words, and counts are filters too", async () => {
  const { page } = await open("overview");
  const all = (await column(page, 0)).length;
  await page.fill("#filter", "tlsv1.2 delivered");
  await page.waitForFunction(() => document.querySelector("#told").textContent !== "");
  const rows = await page.$$eval("#table tbody tr:not([hidden])", (rows) => rows.map((row) => row.textContent));
  assert.ok(rows.length > 0 && rows.length < all);
  assert.ok(rows.every((row) => row.includes("TLSv1.2") && row.includes("delivered")));
  assert.equal(await page.textContent("#told"), `${rows.length} of ${all} shown`);
  await page.click("#clear");
  assert.equal((await column(page, 0)).length, all);
  await page.click('.counts button[data-value="tls_failed"]');
  assert.deepEqual([...new Set(await column(page, 7))], ["tls_failed"]);
  await page.close();
});

test("sessions are folded and unfolded", async () => {
  const { page } = await open("overview");
  const opened = () => page.$$eval("details.session", (all) => all.filter((details) => details.open).length);
  const all = await page.locator("details.session").count();
  assert.equal(await opened(), 0);
  await page.click("#unfold");
  assert.equal(await opened(), all);
  await page.click("#fold");
  assert.equal(await opened(), 0);
  await page.close();
});

test("the keyboard reaches everything: skip link, heads, sessions", async () => {
  const { page } = await open("overview");
  const focused = () => page.evaluate(() => document.activeElement.textContent.trim());
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "Skip to the content");
  await page.keyboard.press("/");
  assert.equal(await page.evaluate(() => document.activeElement.id), "filter");
  for (let i = 0; i < 3; i++) await page.keyboard.press("Tab");
  assert.equal(await focused(), "start (UTC)");
  await page.keyboard.press("Enter");
  assert.equal(await page.getAttribute("#table th:nth-child(2)", "aria-sort"), "ascending");
  await page.locator("#table tbody a").first().focus();
  await page.keyboard.press("ArrowDown");
  const number = await focused();
  await page.keyboard.press("Enter");
  await page.waitForFunction((n) => document.querySelector(`#s${n}`).closest("details").open, number);
  assert.match(await focused(), new RegExp(`^Session ${number}\\b`));
  await page.close();
});

test("what is hostile is text", async () => {
  const { page } = await open("hostile");
  assert.equal(await page.evaluate(() => window.pwned), undefined);
  assert.equal(await page.locator("img, iframe, object, embed, base, form").count(), 0);
  assert.equal(await page.locator("script").count(), 1);
  const said = await page.locator(".said").first().textContent();
  assert.ok(said.includes("<script>pwned=1</script>") && said.includes("\\u{202e}\\x07"), said);
  await page.close();
});

test("without JavaScript everything is there", async () => {
  const { page } = await open("overview", { javaScriptEnabled: false, hash: "#s2" });
  assert.ok(await page.locator("#table tbody tr").last().isVisible());
  const fragment = page.locator("#s2 .ladder");
  await fragment.waitFor({ state: "visible" });
  assert.equal(await page.locator(".tools:visible").count(), 0, "no button that does nothing");
  await page.close();
});

test("a frame of the ladder leads to its packet, and its bytes are there", async () => {
  const { page } = await open("session");
  await page.locator("#s1 .ladder td a").nth(3).click();
  await page.waitForFunction(() => location.hash === "#s1f4");
  const row = page.locator("#s1f4");
  await row.locator("summary").click();
  assert.match(await row.locator("pre").textContent(), /32 32 30 20 .* 220 mail/);
  await page.close();
});

test("a comparison shows where the two part", async () => {
  const { page } = await open("comparison");
  const isSeen = await page.evaluate(() => {
    const frame = document.querySelector(".both").getBoundingClientRect();
    const parting = document.querySelector("#parting").getBoundingClientRect();
    return parting.top >= frame.top && parting.bottom <= frame.bottom;
  });
  assert.ok(isSeen);
  assert.match(await page.textContent("#parting"), /they part here/);
  await page.close();
});
