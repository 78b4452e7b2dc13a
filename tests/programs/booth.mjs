// A guest's whole visit to the photo booth, printed as JSON:
//   node booth.mjs ADDRESS CHROMIUM [FOLDER FOR PICTURES]
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(`${process.env.LIVECAM_NODE}/`);
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const [address, executablePath, pictures] = process.argv.slice(2);
const problems = [], found = { problems };

const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

async function opened(where, options = {}) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, ...options });
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => { if (message.type() === "error") problems.push(message.text()); });
  page.on("request", (request) => {
    if (!request.url().startsWith(new URL(where).origin)) problems.push(`asked ${request.url()}`);
  });
  await page.goto(where);
  return page;
}

async function violations(page) {
  await page.evaluate(axe);
  const seen = await page.evaluate(() => window.axe.run());
  return seen.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(" ")}`);
}

async function picture(page, name) {
  if (pictures) await page.screenshot({ path: `${pictures}/${name}.png` });
}

const booth = await opened(address, { locale: "de-DE" });
await booth.waitForFunction(() => document.querySelector("#live").naturalWidth > 0);
found.live = await booth.evaluate(() => document.querySelector("#live").naturalWidth);
found.word = await booth.waitForFunction(() => document.querySelector("#word").textContent).then((one) => one.jsonValue());
found.label = await booth.getAttribute("#shutter", "aria-label");
await booth.waitForSelector("#shutter:enabled");
await picture(booth, "live");
found.axe = await violations(booth);

await booth.keyboard.press(" ");
await booth.waitForFunction(() => document.querySelector("#count").textContent === "2");
await picture(booth, "count");
await booth.waitForSelector("#result:not([hidden])", { timeout: 30000 });
found.played = await booth.waitForFunction(() => document.querySelector("#movie").currentTime > 0.2).then(() => true);
await booth.waitForFunction(() => !document.querySelector("#photo").hidden && document.querySelector("#photo").naturalWidth > 0);
await booth.waitForFunction(() => document.querySelector("#code").naturalWidth > 0);
found.photo = await booth.evaluate(() => document.querySelector("#photo").naturalWidth);
await picture(booth, "result");
found.axe.push(...await violations(booth));
await booth.click("#see-strip");
await booth.waitForFunction(() => document.querySelector("#photo").naturalHeight > document.querySelector("#photo").naturalWidth);
await picture(booth, "strip");
await booth.click("#see-boomerang");
found.boomerang = await booth.waitForFunction(() => document.querySelector("#movie").currentTime > 0.2).then(() => true);
await booth.click("#print");
found.reason = await booth.textContent("#reason");
await booth.click("#keep");
found.back = await booth.isHidden("#result");

// Again: the photo that was not liked goes, and the next is counted down to.
await booth.click("#shutter");
await booth.waitForSelector("#result:not([hidden])", { timeout: 30000 });
const before = await booth.evaluate(() => fetch("state").then((one) => one.json()));
await booth.click("#again");
await booth.waitForFunction((count) => fetch("state").then((one) => one.json()).then((one) => one.photos.length === count - 1), before.photos.length);
found.photos = before.photos.length - 1;
process.stdout.write(JSON.stringify(found));
await browser.close();
