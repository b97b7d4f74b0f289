// SPDX-License-Identifier: MIT
// What memtrace why says stands at the top of the page, word for word, and leads to its lines; where it says nothing there is nothing.
import { accessible, check, end, equal, facts, open, settle, start, text } from './browser.mjs';

const { pages, lines, shots } = facts(), browser = await start();
{
  const { page: file, why } = pages.faults, page = await open(browser, file, { width: 1280, height: 800 });
  equal(why.advice.map((one) => one.kind).sort(), ['small', 'temporary'], 'what is planted');
  equal(await page.$$eval('#advice li > span:first-child', (all) => all.map((one) => one.textContent)), why.advice.map((one) => one.what), 'the sentences, most bytes first');
  equal(await page.$$eval('#advice .act', (all) => all.map((one) => one.textContent)), why.advice.filter((one) => one.act).map((one) => one.act), 'what could be done');
  const bottom = await page.locator('#advice').evaluate((element) => element.getBoundingClientRect().bottom);
  check(bottom < 800, `it is seen at once: it ends at ${bottom}`);
  const links = page.locator('#advice .link');
  equal(await links.count(), why.advice.length, 'a link for each line');
  for (let i = 0; i < why.advice.length; i++) {
    await links.nth(i).focus(); // by keys alone
    await page.keyboard.press('Enter');
    await settle(page);
    const chosen = await page.evaluate(() => [memtrace.model.frames[memtrace.icicle.selected.frame].line, document.querySelector('#detail h2').textContent]);
    equal(chosen, [lines[why.advice[i].kind.toUpperCase()], why.advice[i].function], 'a link leads to the line');
  }
  if (shots) await page.screenshot({ path: `${shots}/advice.png` });
}
for (const scheme of ['light', 'dark'])
  for (const width of [400, 1280]) {
    const page = await open(browser, pages.faults.page, { width, scheme });
    await accessible(page, `advice, ${scheme}, ${width}`);
    check(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${width}: nothing stands out at the right`);
    await page.context().close();
  }
const page = await open(browser, pages.none.page);
equal(pages.none.why.advice, [], 'nothing is planted');
check(!(await page.locator('#advice').isVisible()) && (await text(page, '#answer')).length > 0, 'where it has nothing to say there is nothing');
await browser.close();
end();
