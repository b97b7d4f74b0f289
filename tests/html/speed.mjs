// SPDX-License-Identifier: MIT
// node speed.mjs CHROMIUM MODULES PAGE RUNS: how fast a page is there, by its own performance entries, in fresh browsers. Prints
// medians as JSON: ms from the beginning of the navigation to the first paint, and until the page can be used; ms of script and layout.
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [chromium, modules, file, runs] = process.argv.slice(2);
const { chromium: engine } = createRequire(join(resolve(modules), 'x.js'))('playwright-core');

async function once() {
  const browser = await engine.launch({ executablePath: chromium, args: ['--no-sandbox', '--disable-gpu'] });
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  await page.goto(pathToFileURL(resolve(file)).href);
  await page.waitForFunction(() => document.documentElement.dataset.ready === 'yes');
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  const [paint, ready] = await page.evaluate(() => [performance.getEntriesByName('first-contentful-paint')[0]?.startTime, performance.getEntriesByName('memtrace-ready')[0].startTime]);
  const { metrics } = await session.send('Performance.getMetrics'), value = (name) => metrics.find((m) => m.name === name).value * 1000;
  await browser.close();
  return { paint, ready, task: value('TaskDuration') };
}

const all = [];
for (let i = 0; i < Number(runs); i++) all.push(await once());
const median = (name) => all.map((one) => one[name]).sort((a, b) => a - b)[all.length >> 1];
console.log(JSON.stringify({ paint: median('paint'), ready: median('ready'), task: median('task') }));
