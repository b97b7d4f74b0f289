// SPDX-License-Identifier: MIT
// Several logs on one page: the tree of the processes, and each in full.
import { accessible, check, end, equal, facts, open, settle, start, text } from './browser.mjs';

const { page: file, reports } = facts(), browser = await start(), page = await open(browser, file);
const pages = await page.evaluate(() => memtrace.family.processes.map((p) => [p.pid, p.page, p.peak_bytes]));
equal(pages.map(([pid, , peak]) => [pid, peak]).sort(), reports.map((r) => [r.pid, r.peak_bytes]).sort(), 'processes');
await page.click('#tab-processes');
await settle(page);
check((await page.locator('#panel tbody tr[aria-rowindex]').count()) === reports.length, 'a row for each process');
const sum = (name) => reports.reduce((all, r) => all + r[name], 0);
equal(await page.evaluate(() => [memtrace.model.facts.processes, memtrace.model.facts.peak_bytes, memtrace.model.total('allocated')[0], memtrace.model.total('live')[0], memtrace.model.total('peak')[0], memtrace.model.facts.releases]),
  [reports.length, sum('peak_bytes'), sum('allocated_bytes'), sum('live_bytes'), sum('peak_bytes'), sum('releases')], 'all processes together come first');
check((await text(page, '#what')).includes(`all ${reports.length} processes`), 'the head says so');
check((await text(page, '#answer')).includes(`held at the peaks of ${reports.length} processes`), 'so does the answer');
equal(await page.evaluate(() => memtrace.model.time.level.at(-1)), 0, 'the curve ends when all have ended');
for (const [pid, number] of pages) {
  const report = reports.find((r) => r.pid === pid);
  await page.selectOption('#process', String(number));
  await settle(page);
  equal(await page.evaluate(() => [memtrace.model.facts.pid, memtrace.model.total('allocated')[0]]), [pid, report.allocated_bytes], `process ${pid}`);
  check((await text(page, '#what')).includes(`pid ${pid}`), 'the head names it');
}
const hash = await page.evaluate(() => location.hash), second = await open(browser, file, { hash });
equal(await second.evaluate(() => memtrace.model.facts.pid), await page.evaluate(() => memtrace.model.facts.pid), 'a link to a process');
for (const scheme of ['light', 'dark']) {
  const both = await open(browser, file, { scheme });
  await both.click('#tab-processes');
  await settle(both);
  await accessible(both, `${scheme}, processes`);
}
await browser.close();
end();
