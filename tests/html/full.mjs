// SPDX-License-Identifier: MIT
// Pages of a log that ran full: what has no call site for that is no library's.
import { check, end, equal, facts, open, settle, start, text } from './browser.mjs';

const { page: one, both, words, peak } = facts(), browser = await start();

let page = await open(browser, one);
check((await text(page, '#answer')).includes(words), `the first sentence: ${await text(page, '#answer')}`);
await page.context().close();

page = await open(browser, both);
for (const tab of ['lines', 'functions', 'sites', 'modules', 'files']) {
  await page.evaluate((t) => memtrace.set({ metric: 'peak', tab: t, kind: 'all' }), tab);
  await settle(page);
  const rows = await page.evaluate(async () => {
    let all = '';
    navigator.clipboard.writeText = async (t) => { all = t; };
    [...document.querySelectorAll('#panel button')].find((b) => b.textContent === 'Copy as TSV').click();
    await new Promise((done) => setTimeout(done, 20));
    return all.split('\n').slice(1).filter(Boolean).map((line) => line.split('\t'));
  });
  const unknown = rows.filter((row) => row[5] === words);
  equal(unknown.map((row) => row.slice(0, 3).map(Number)), [[peak, 0, peak]], `${tab}: ${JSON.stringify(rows)}`);
  check(!rows.some((row) => row[5].startsWith('not yours') && Number(row[2])), `${tab}: not yours: ${JSON.stringify(rows)}`);
}
await page.context().close();
await end(browser);
