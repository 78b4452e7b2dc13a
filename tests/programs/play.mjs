// Plays a Live Photo in Chromium with Apple's LivePhotosKit JS, and prints what the player makes of
// it:  node play.mjs PAGE_URL CHROMIUM
import { createRequire } from "node:module";

const require = createRequire(`${process.env.LIVECAM_NODE}/`);
const { chromium } = require("playwright-core");
const [url, executablePath] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
try {
  const page = await browser.newPage();
  await page.goto(url);
  const found = await page.waitForFunction(() => window.result, null, { timeout: 30000 });
  console.log(JSON.stringify(await found.jsonValue()));
  if (process.argv[4]) await page.screenshot({ path: process.argv[4] });
} finally {
  await browser.close();
}
