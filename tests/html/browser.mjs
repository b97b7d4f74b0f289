// SPDX-License-Identifier: MIT
// A headless Chromium with a page in it, and what must hold of any page: no message, no error, no request but that of the file itself,
// nothing for axe-core to complain about.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [chromium, modules] = process.argv.slice(2);
const need = createRequire(join(resolve(modules), 'x.js'));
const axe = readFileSync(need.resolve('axe-core/axe.min.js'), 'utf8');

export const failures = [];
export function check(good, what) {
  if (!good) failures.push(what);
}
export function equal(found, wanted, what) {
  check(JSON.stringify(found) === JSON.stringify(wanted), `${what}: ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`);
}

// What has failed until then is worth more than where it ended.
process.on('uncaughtException', (error) => {
  failures.push(error.stack);
  end();
});

export async function start() {
  return need('playwright-core').chromium.launch({ executablePath: chromium, args: ['--no-sandbox', '--disable-gpu'] });
}

/** The page, ready. `hash`: behind its address. */
export async function open(browser, file, { width = 1280, height = 900, scheme = 'light', hash = '', scripts = true } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, javaScriptEnabled: scripts });
  const page = await context.newPage(), address = pathToFileURL(file).href;
  page.on('console', (message) => failures.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => failures.push(`error: ${error.message}`));
  page.on('dialog', (dialog) => { failures.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on('request', (request) => { if (request.url().split('#')[0] !== address) failures.push(`request: ${request.url()}`); });
  await page.goto(address + hash);
  if (scripts) await page.waitForFunction(() => document.documentElement.dataset.ready);
  return page;
}

const axeIsIn = new WeakSet();
/** What axe-core has to say: of what is well, no details, which take it longer than the rest. Its own script is no part of the page, so the page's policy must let it in: it is run from outside. */
export async function accessible(page, what) {
  const session = await page.context().newCDPSession(page);
  await session.send('Page.setBypassCSP', { enabled: true });
  if (!axeIsIn.has(page)) await session.send('Runtime.evaluate', { expression: axe });
  axeIsIn.add(page);
  const result = await session.send('Runtime.evaluate', { expression: 'axe.run(document, { resultTypes: ["violations"] }).then((r) => JSON.stringify(r.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.target.join(" ")).slice(0, 3).join(" | "))))', awaitPromise: true, returnByValue: true });
  await session.send('Page.setBypassCSP', { enabled: false });
  const list = JSON.parse(result.result.value ?? '["axe-core did not run"]');
  check(!list.length, `${what}: axe-core: ${list.join('; ')}`);
}

/** The page's policy: what would act if it got in does not. The page is of no use after that. */
export async function strict(page) {
  page.removeAllListeners('console');
  page.removeAllListeners('request');
  const acted = await page.evaluate(async () => {
    const script = document.createElement('script'), style = document.createElement('style'), image = document.createElement('img');
    script.textContent = 'window.acted = "script"';
    style.textContent = 'body { --acted: style }';
    image.setAttribute('onerror', 'window.acted = "handler"');
    image.src = 'x';
    document.body.append(script, style, image);
    let fetched = 'fetched';
    try { await fetch('data:text/plain,x'); } catch { fetched = ''; }
    await new Promise((done) => setTimeout(done, 100));
    return [window.acted ?? '', getComputedStyle(document.body).getPropertyValue('--acted'), fetched].join('');
  });
  equal(acted, '', 'the policy lets in');
}

export const facts = () => JSON.parse(readFileSync(process.argv[4], 'utf8'));
export const text = (page, selector) => page.locator(selector).innerText();
export const settle = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

export function end() {
  for (const failure of failures) console.log(failure);
  process.exit(failures.length ? 1 : 0);
}
