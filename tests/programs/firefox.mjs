// Looks at a moment, plays it, makes another frame its key photo and takes that back, in Firefox; prints
// what was seen as JSON:  node firefox.mjs ADDRESS FIREFOX
import { createRequire } from "node:module";

const puppeteer = createRequire(`${process.env.LIVECAM_NODE}/`)("puppeteer-core");
const [address, executablePath] = process.argv.slice(2);
const found = { problems: [] };

const browser = await puppeteer.launch({ browser: "firefox", executablePath, headless: true });
const page = await browser.newPage();
page.on("pageerror", (error) => found.problems.push(error.message));
const said = (text) => page.waitForFunction(
  (wanted) => document.querySelector("#said").textContent.includes(wanted), {}, text);
const caption = () => page.$eval("#caption", (element) => element.textContent);

await page.setViewport({ width: 1280, height: 900 });
await page.goto(address);
await page.waitForFunction(() => document.querySelector(".tile")
  && !document.querySelector("#count").textContent.includes("looking"));
await page.click(".tile");
await page.waitForSelector(".cell");
found.key = await caption();
await (await page.$$(".cell"))[5].click();
found.other = await caption();
await page.evaluate(() => {
  document.querySelector("#player").addEventListener("ended", (event) => { window.playedTo = event.target.currentTime; }, true);
});
await page.click("#play");
found.playedTo = await (await page.waitForFunction(() => window.playedTo)).jsonValue();
await (await page.$$(".cell"))[5].click();
await page.click("#make");
await said("has a new key photo");
await page.waitForFunction(() => document.querySelector("#caption").textContent.includes("the key photo"));
found.made = await caption();
await page.click("#undo");
await said("is as it was");
await page.keyboard.press("?");
found.help = await (await page.waitForFunction(() => document.querySelector("#keys").open)).jsonValue();
process.stdout.write(JSON.stringify(found));
await browser.close();
