// SPDX-License-Identifier: MIT
// Names that would be markup, code, commands of a terminal or formulas: all are shown, none acts.
import { check, end, equal, facts, open, settle, start } from './browser.mjs';

const { page: file, damaged, both } = facts(), browser = await start();
for (const scripts of [true, false]) {
  const page = await open(browser, file, { scripts, hash: '#q=%3C/script%3E&f=%3Cimg%20src=x%20onerror=hit%3E&at=%3Cb%3E&src=%22' });
  if (!scripts) {
    check((await page.locator('img, b b, object, iframe, a[href^=javascript]').count()) === 0, 'without scripts: no element of a name');
    check((await page.locator('noscript').innerText()).includes('\\u202e'), 'without scripts: direction marks are shown');
    continue;
  }
  await page.evaluate(() => memtrace.set({ q: '', filter: '', libraries: false }));
  for (const tab of ['lines', 'source', 'leaks', 'sites', 'threads', 'modules', 'files', 'classes']) {
    await page.click(`#tab-${tab}`);
    await settle(page);
  }
  await page.click('#tab-lines');
  const count = await page.evaluate(() => memtrace.model.frames.length);
  for (let i = 0; i < count; i++) if (await page.evaluate((k) => { const f = memtrace.model.frames[k]; if (f.function?.own) memtrace.showFrame(k); return f.function?.own; }, i)) await settle(page);
  equal(await page.evaluate(() => window.hit), undefined, 'nothing of a name ran');
  equal(await page.evaluate(() => document.querySelectorAll('img, object, iframe, script:not([type]) ~ script:not([type])').length), 0, 'no element came from a name');
  const names = await page.evaluate(() => memtrace.model.functions.map((f) => f.name));
  check(names.some((name) => name === '</script><img src=x onerror="window.hit=1">'), 'a name is there as it is');
  check(names.some((name) => name.includes('esc\\x1b[31m\\x0d\\x0a\\x09')), 'control characters are shown');
  check(names.some((name) => name.includes('rtl\\u202egnp.exe')), 'direction marks are shown');
  check(names.every((name) => name.length <= 4200), 'long names are cut');
  check(names.every((name) => !/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u200b\ufeff]/.test(name)), 'nothing hidden is left');
  const copied = await page.evaluate(async () => { const { cells } = window; let text = ''; navigator.clipboard.writeText = async (t) => { text = t; }; [...document.querySelectorAll('#panel button')].find((b) => b.textContent === 'Copy as TSV').click(); await new Promise((r) => setTimeout(r, 50)); return cells ?? text; });
  check(!/(^|\t)[=+@]/m.test(copied), 'no formula is copied');
  await page.context().close();
}
// The same where they are in one of two sides.
for (const scripts of [true, false]) {
  const page = await open(browser, both, { scripts });
  if (!scripts) {
    check((await page.locator('img, b b, object, iframe, a[href^=javascript]').count()) === 0, 'two sides, without scripts: no element of a name');
    continue;
  }
  for (const tab of await page.$$eval('[role=tab]', (list) => list.map((one) => one.id))) {
    await page.click(`#${tab}`);
    await settle(page);
  }
  await page.evaluate(() => memtrace.model.frames.forEach((f, i) => { if (f.function?.own) memtrace.showFrame(i); }));
  await settle(page);
  equal(await page.evaluate(() => window.hit), undefined, 'two sides: nothing of a name ran');
  equal(await page.evaluate(() => document.querySelectorAll('img, object, iframe, script:not([type]) ~ script:not([type])').length), 0, 'two sides: no element came from a name');
  check(await page.evaluate(() => memtrace.model.functions.some((f) => f.name === '</script><img src=x onerror="window.hit=1">')), 'two sides: a name is there as it is');
  await page.context().close();
}
// A page that was cut or changed says so, and shows nothing wrong.
for (const [name, other] of Object.entries(damaged)) {
  const page = await open(browser, other);
  equal(await page.evaluate(() => document.documentElement.dataset.ready), 'no', `${name}: refused`);
  check((await page.locator('#problem').innerText()).length > 20, `${name}: a sentence`);
  await page.context().close();
}
await browser.close();
end();
