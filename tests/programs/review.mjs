// Looks through moments on the page of `livecam review` as a person does, with mouse and keys, and
// prints what was seen as JSON:  node review.mjs ADDRESS CHROMIUM SCENARIO [PICTURE]
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(`${process.env.LIVECAM_NODE}/`);
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const [address, executablePath, scenario, picture] = process.argv.slice(2);
const problems = [];

const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

async function opened(options = {}) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...options });
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => { if (message.type() === "error") problems.push(message.text()); });
  page.on("request", (request) => {
    if (!request.url().startsWith(address.split("/?")[0].split("/index")[0])) problems.push(`asked ${request.url()}`);
  });
  await page.goto(address);
  await page.waitForSelector(".tile");
  await page.waitForFunction(() => !document.querySelector("#count").textContent.includes("looking"));
  return page;
}

async function violations(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run());
  return found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(" ")}`);
}

const said = (page, text) => page.waitForFunction(
  (wanted) => document.querySelector("#said").textContent.includes(wanted), text);
const counts = (page, text) => page.waitForFunction(
  (wanted) => document.querySelector("#count").textContent === wanted, text);
const text = (page, selector) => page.textContent(selector);
const tiles = (page) => page.locator(".tile").count();

const scenarios = {
  async mouse() {
    const page = await opened();
    const tile = page.locator(".tile").first();
    await tile.hover();
    await page.waitForSelector(".tile video");
    const played = await page.waitForFunction(() => document.querySelector(".tile video")?.currentTime > 0.2);
    await page.waitForSelector(".tile video", { state: "detached" }); // it rests on the photo again
    await tile.click();
    await page.waitForSelector(".cell");
    const key = await text(page, "#caption");
    await page.locator(".cell").nth(5).click();
    const other = { caption: await text(page, "#caption"), reason: await text(page, "#reason") };
    await page.evaluate(() => {
      const player = document.querySelector("#player");
      player.addEventListener("ended", () => { window.playedTo = player.currentTime; }, true);
    });
    await page.click("#play");
    const to = await (await page.waitForFunction(() => window.playedTo)).jsonValue();
    await page.waitForFunction(() => document.querySelector("#player").hidden);
    const rested = await text(page, "#caption");
    await page.locator(".cell").nth(5).click();
    await page.click("#make");
    await said(page, "has a new key photo");
    await page.waitForFunction(() => document.querySelector("#caption").textContent.includes("the key photo"));
    const made = await text(page, "#caption");
    if (picture) await page.screenshot({ path: picture });
    await page.click("#trash");
    await said(page, "is in the trash");
    await counts(page, "1 moment");
    await page.click("#undo");
    await said(page, "is as it was");
    await counts(page, "2 moments");
    return { played: Boolean(played), to, key, other, rested, made };
  },

  async keys() {
    const page = await opened();
    await page.locator(".tile").first().focus();
    await page.keyboard.press("ArrowRight");
    const second = await page.evaluate(() => document.activeElement.getAttribute("aria-label"));
    await page.keyboard.press("Enter");
    await page.waitForSelector(".cell");
    await page.keyboard.press("Home");
    const first = await text(page, "#caption");
    await page.keyboard.press("ArrowRight");
    const next = await text(page, "#caption");
    await page.keyboard.press("c");
    const compared = await text(page, "#compared-caption");
    await page.keyboard.press("z");
    const zoomed = await page.getAttribute("#zoom", "aria-pressed");
    await page.keyboard.press("k");
    await said(page, "has a new key photo");
    await page.keyboard.press("u");
    await said(page, "is as it was");
    await page.keyboard.press("Escape");
    await page.waitForSelector(".tile");
    const back = await page.evaluate(() => document.activeElement.getAttribute("aria-label"));
    return { second, first, next, compared, zoomed, back };
  },

  async access() {
    const found = {};
    for (const colorScheme of ["light", "dark"]) {
      const page = await opened({ colorScheme, reducedMotion: "reduce" });
      found[`gallery, ${colorScheme}`] = await violations(page);
      await page.locator(".tile").first().hover();
      found.moves = await page.locator(".tile video").count();
      await page.locator(".tile").first().click();
      await page.waitForSelector(".cell");
      await page.locator("#people button").first().click();
      await page.keyboard.press("c");
      found[`moment, ${colorScheme}`] = await violations(page);
      await page.close();
    }
    return found;
  },

  async sift() {
    const page = await opened();
    const names = () => page.evaluate(() => [...document.querySelectorAll(".tile")]
      .sort((a, b) => parseFloat(a.parentElement.getAttribute("aria-posinset") || 0) - parseFloat(b.parentElement.getAttribute("aria-posinset") || 0))
      .map((tile) => tile.getAttribute("aria-label").split(",")[0]));
    const badges = await page.locator(".badge").allTextContents();
    const newest = await names();
    await page.selectOption("#order", "oldest");
    const oldest = await names();
    await page.selectOption("#order", "best");
    const best = await names();
    await page.selectOption("#only", "video");
    const movies = await names();
    const found = await text(page, "#found");
    await page.selectOption("#only", "");
    await page.fill("#find", "clip");
    const named = await names();
    await page.fill("#find", "2026-05-17");
    const dated = (await names()).length;
    if (picture) { await page.fill("#find", ""); await page.screenshot({ path: picture }); }
    return { badges: badges.sort(), newest, oldest, best, movies, found, named, dated, violations: await violations(page) };
  },

  async gains() {
    const page = await opened();
    await page.click("#gaining");
    await page.waitForSelector(".tick");
    const would = await text(page, "#gaining");
    const gallery = await violations(page);
    await page.locator(".tile").first().click();
    const captions = [];
    for (const key of ["y", "n", "y"]) {
      await page.waitForFunction(() => /x\d/.test(document.querySelector("#then-caption").textContent));
      await page.waitForFunction(() => document.querySelector("#then").naturalWidth > 0);
      captions.push(`${await text(page, "#now-caption")} | ${await text(page, "#then-caption")}`);
      if (captions.length === 1) {
        captions.violations = await violations(page);
        if (picture) await page.screenshot({ path: picture });
      }
      await page.keyboard.press(key);
    }
    if (await page.isVisible("#better")) await page.keyboard.press("Escape"); // there are more than three
    await page.waitForSelector(".tick");
    const ticked = await page.locator(".tick[aria-pressed=true]").count();
    if (picture) await page.screenshot({ path: picture.replace(".", "-gallery.") });
    const apply = await text(page, "#apply");
    await page.click("#apply");
    await page.waitForFunction(() => document.querySelector("#gain-said").textContent.startsWith("2 of 2 with"), null, { timeout: 60000 });
    const left = await text(page, "#gaining");
    await page.reload(); // another look knows what was applied
    await page.waitForFunction(() => !document.querySelector("#take-back").hidden);
    const back = await text(page, "#take-back");
    await page.click("#take-back");
    await page.waitForFunction((wanted) => document.querySelector("#gaining").textContent === wanted, would, { timeout: 60000 });
    return { would, ticked, apply, left, back, captions, violations: [...gallery, ...captions.violations] };
  },

  async several() {
    const page = await opened();
    await page.click("#look-at-all");
    await page.waitForFunction(() => document.querySelector("#look-at-all").hidden, null, { timeout: 60000 });
    const scores = await page.evaluate(() => [...document.querySelectorAll(".tile")]
      .map((tile) => /score 0\.\d\d/.test(tile.getAttribute("aria-label"))));
    await page.click("#slides");
    await page.waitForFunction(() => document.querySelector("#slide-movie").currentTime > 0.1);
    await page.waitForFunction(() => document.querySelector("#slide-movie").hidden); // it rests on the photo
    const first = await page.getAttribute("#slide", "src");
    await page.keyboard.press("ArrowRight");
    const second = await page.getAttribute("#slide", "src");
    const slides = await violations(page);
    if (picture) await page.screenshot({ path: picture.replace(".", "-slide.") });
    await page.keyboard.press("Escape");
    await page.waitForSelector("#show", { state: "hidden" });
    await page.click("#select");
    await page.locator(".tick").nth(0).click();
    await page.locator(".tick").nth(1).click();
    const selected = await text(page, "#many-said");
    const gallery = await violations(page);
    if (picture) await page.screenshot({ path: picture });
    const [download] = await Promise.all([page.waitForEvent("download"), page.click("#download-many")]);
    const zip = download.suggestedFilename();
    await page.click("#trash-many");
    await said(page, "2 moments in the trash");
    await counts(page, "0 moments");
    await page.click("#undo");
    await said(page, "are as they were");
    await counts(page, "2 moments");
    await page.setViewportSize({ width: 390, height: 844 });
    await page.locator(".tile").first().click();
    await page.waitForSelector(".cell");
    const places = await page.evaluate(() => ["panes", "strip", "parts"]
      .map((id) => document.getElementById(id).getBoundingClientRect().top));
    const phone = await violations(page);
    await page.keyboard.press("f");
    await said(page, "is a favourite");
    await page.keyboard.press("?");
    await page.waitForSelector("#keys[open]");
    const help = await violations(page);
    await page.keyboard.press("Escape");
    await page.keyboard.press("f");
    await said(page, "no favourite any more");
    if (picture) await page.screenshot({ path: picture.replace(".", "-phone.") });
    return { scores, different: first !== second, selected, zip, places, violations: [...slides, ...gallery, ...phone, ...help] };
  },

  async many() {
    const page = await opened();
    const first = await tiles(page);
    await page.locator(".tile").first().focus();
    await page.keyboard.press("End");
    const last = await page.evaluate(() => document.activeElement.getAttribute("aria-label"));
    await page.mouse.wheel(0, -5000);
    await page.waitForTimeout(200); // a frame or two of scrolling
    return { first, last, after: await tiles(page), count: await text(page, "#count") };
  },

  async speed() {
    const begin = Date.now();
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    await page.goto(address);
    await page.waitForSelector(".tile");
    const first = (Date.now() - begin) / 1000;
    const scrolled = await page.evaluate(async () => {
      const frame = () => new Promise((done) => { requestAnimationFrame(done); });
      const times = [];
      const end = document.documentElement.scrollHeight - innerHeight;
      for (let step = 0; step <= 200; step += 1) {
        const before = performance.now();
        window.scrollTo(0, end * step / 200);
        await frame();
        times.push(performance.now() - before);
      }
      times.sort((a, b) => a - b);
      return { median_ms: times[100], slowest_ms: times.at(-1) };
    });
    return { first_tile_s: first, ...scrolled, in_page: await tiles(page) };
  },

  async group() {
    const page = await opened();
    await page.locator(".tile").first().click();
    await page.waitForSelector(".cell");
    const bottom = await page.evaluate(() => document.querySelector("#strip").getBoundingClientRect().bottom);
    const names = await page.locator("#parts h3").allTextContents();
    const rows = await page.locator("#people button").allTextContents();
    return { bottom, names, rows, violations: await violations(page) };
  },

  async disk() {
    const page = await opened();
    await page.locator(".tile").first().click();
    await page.waitForSelector(".cell");
    await page.keyboard.press("Home");
    await page.waitForFunction(() => document.querySelector("#player").readyState >= 2);
    const hidden = await page.evaluate(() => ["make", "trash", "undo"].every((id) => document.getElementById(id).hidden));
    return { caption: await text(page, "#caption"), hidden,
      size: await page.evaluate(() => [document.querySelector("#player").videoWidth, document.querySelector("#player").videoHeight]) };
  },
};

try {
  const seen = await scenarios[scenario]();
  console.log(JSON.stringify({ ...seen, problems }));
} finally {
  await browser.close();
}
