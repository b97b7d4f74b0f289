// SPDX-License-Identifier: MIT
// A person's way through the page: figures, search, zoom, inverted, pivot, sort, source, keys, links, both themes and widths.
import { accessible, check, end, equal, facts, open, settle, start, strict, text } from './browser.mjs';

const { page: file, report, shots, lines } = facts(), browser = await start();
let page = await open(browser, file);
const app = (act, argument) => page.evaluate(act, argument);

// The figures are the report's.
equal(await app(() => memtrace.model.metrics.map((m) => [m.name, m.total, memtrace.model.total(m.name)[0]])), [
  ['peak', report.peak_bytes, report.peak_bytes], ['live', report.live_bytes, report.live_bytes], ['leaked', report.leaked_bytes, report.leaked_bytes],
  ['allocated', report.allocated_bytes, report.allocated_bytes], ['allocations', report.allocations, report.allocations], ['released', report.released_bytes, report.released_bytes],
  ['temporary', report.temporary, report.temporary], ['slack', report.slack_bytes, report.slack_bytes],
], 'totals');
check((await text(page, '#answer')).includes(`programs.py:${lines.FEATURES}`) || (await text(page, '#answer')).includes(`programs.py:${lines.PARSE}`), `the answer names the line: ${await text(page, '#answer')}`);
const sums = await app(() => {
  const { boxes } = memtrace, wrong = [];
  const visit = (box) => {
    const inside = boxes.children(box).reduce((sum, child) => sum + child.value, 0);
    if (inside > box.value) wrong.push(box.frame);
    for (const child of boxes.children(box)) if (child.depth < 60) visit(child);
  };
  visit(boxes.root);
  return wrong;
});
equal(sums, [], 'boxes whose children are wider than they are');

// Search.
await page.keyboard.press('/');
await page.keyboard.type('fn:parse');
await settle(page);
check(/boxes?, .*% matched/.test(await text(page, '#found')), `search says what it found: ${await text(page, '#found')}`);
check((await app(() => [...memtrace.model.frames].filter((f, i) => memtrace.found[i]).every((f) => f.name.toLowerCase().includes('parse')))), 'search finds what it should');
const rows = await page.locator('#panel tbody tr:not(.space)').count();
check(rows > 0 && rows < 20, `the table shows what matches: ${rows} rows`);
await page.keyboard.press('Enter');
await settle(page);
check((await app(() => memtrace.boxes.root.value < memtrace.model.total('peak')[0] && memtrace.boxes.root.value > 0)), 'Enter filters');
check((await text(page, '#chips')).includes('fn:parse'), 'a chip says so');
await page.keyboard.press('Escape');
await page.keyboard.press('0');
await settle(page);
equal(await app(() => [memtrace.state.q, memtrace.state.filter, memtrace.boxes.root.value]), ['', '', report.peak_bytes], '0 shows everything');
await page.fill('#search', '/(/');
await settle(page);
check((await text(page, '#found')).includes('not a regular expression') || (await app(() => memtrace.found === null || !memtrace.found.some(Boolean))), 'a wrong expression is said');
await page.fill('#search', '');

// The graph by keys: walk in, zoom, unzoom.
await page.focus('#scroller');
for (let i = 0; i < 4; i++) await page.keyboard.press('ArrowDown');
const chosen = await app(() => memtrace.icicle.words(memtrace.icicle.selected));
check((await text(page, '#detail')).length > 20, 'the bar of details is filled');
check((await page.textContent('#hover')) === chosen, `the choice is told: ${await text(page, '#hover')}`);
await page.waitForFunction((words) => document.getElementById('said').textContent === words, chosen);
await page.keyboard.press('Enter');
await settle(page);
check(await app(() => memtrace.icicle.zoomed === memtrace.icicle.selected && !memtrace.icicle.zoomed.root), 'Enter zooms');
const link = await app(() => location.hash);
check((await page.locator('#crumbs button').count()) > 1, 'crumbs lead back');

// A link leads a colleague there; a wrong one to the nearest caller, with a note.
const second = await open(browser, file, { hash: link });
equal(await second.evaluate(() => memtrace.icicle.words(memtrace.icicle.zoomed)), await app(() => memtrace.icicle.words(memtrace.icicle.zoomed)), 'a link');
await second.close();
const third = await open(browser, file, { hash: `${link}______` });
await third.waitForFunction(() => document.getElementById('said').textContent.includes('not on this page'));
equal(await third.evaluate(() => memtrace.icicle.words(memtrace.icicle.zoomed)), await app(() => memtrace.icicle.words(memtrace.icicle.zoomed)), 'a link too far');
await third.close();
await page.keyboard.press('Escape');
await page.goBack();
await settle(page);

// Inverted, pivot, metric, by function.
await page.keyboard.press('0');
await page.keyboard.press('i');
await settle(page);
check((await page.getAttribute('#invert', 'aria-pressed')) === 'true', 'i inverts');
const top = await app(() => { const box = memtrace.boxes.children(memtrace.boxes.root)[0]; return memtrace.model.frames[box.frame].line; });
check([lines.FEATURES, lines.PARSE].includes(top), `inverted: what allocates is on top: line ${top}`);
equal(await app(() => memtrace.boxes.children(memtrace.boxes.root).reduce((sum, box) => sum + box.value, 0) + memtrace.boxes.root.at.reduce((sum, at, i) => sum + (at ? 0 : memtrace.boxes.root.values[i]), 0) + memtrace.model.own.peak[0]), report.peak_bytes, 'inverted boxes add up');
await page.keyboard.press('i');
await app(() => memtrace.showFrame(memtrace.model.frames.findIndex((f) => f.name === 'parse' && f.where.startsWith('programs.py'))));
await page.focus('#scroller');
await page.keyboard.press('p');
await settle(page);
check((await text(page, '#chips')).includes('from parse'), 'p pivots');
equal(await app(() => memtrace.boxes.root.value), report.functions.find((f) => f.function === 'parse' && f.file.endsWith('programs.py')).at_peak_bytes, 'the pivot has the figure of the function');
await page.keyboard.press('0');
await page.selectOption('#metric', 'allocations');
await settle(page);
equal(await app(() => memtrace.boxes.root.value), report.allocations, 'the metric is another');
await page.selectOption('#metric', 'peak');
await page.click('#frames');
await settle(page);
check(await app(() => memtrace.boxes.children(memtrace.boxes.root).length > 0 && memtrace.icicle.levels.length > 8), "libraries' frames are shown");
await page.click('#frames');
const threads = await page.locator('#thread option').evaluateAll((list) => list.map((option) => option.value));
check(threads.length === 3 && threads.some((name) => name.endsWith(' (main)')), `threads: ${threads}`);
await page.selectOption('#thread', threads.find((name) => name && !name.endsWith(' (main)')));
await settle(page);
check(await app(() => memtrace.boxes.root.value > 0 && memtrace.boxes.root.value < memtrace.model.total('peak')[0]), 'one thread');
await page.keyboard.press('Escape');
await page.selectOption('#thread', '');

// Tables: sorted, figures as the report's, a row leads to its details and its source.
await page.click('#tab-lines');
const head = page.locator('#panel thead button', { hasText: 'Allocated' });
await head.click();
await settle(page);
equal(await page.locator('#panel th[aria-sort=descending]').innerText(), 'Allocated ▼', 'the head says how it is sorted');
const order = await app(() => [...document.querySelectorAll('#panel tbody tr[aria-rowindex] th button')].slice(0, 3).map((b) => b.textContent));
const wanted = report.lines.filter((l) => l.user).sort((a, b) => b.allocated_bytes - a.allocated_bytes).map((l) => `${l.function}  programs.py:${l.line}`);
equal(order, wanted.slice(0, 3), 'sorted lines');
await head.click();
check((await page.locator('#panel th[aria-sort=ascending]').count()) === 1, 'and the other way round');
await head.click();
await page.locator('#panel tbody th button').first().click();
await settle(page);
await page.locator('#detail p .link').first().click();
await settle(page);
check((await page.getAttribute('#tab-source', 'aria-selected')) === 'true', 'a line leads to its source');
check((await text(page, '#panel')).includes('def '), 'the source is there');
check((await app(() => document.querySelectorAll('#panel .listing .chosen').length)) === 1, 'its line is marked');
// Sizes: each allocation once, and those of a box are at most its allocations.
equal(await app(() => [...memtrace.model.sizes.get(0).counts].reduce((a, b) => a + b)), report.allocations, 'sizes');
check(await app(() => [...memtrace.model.sizes].every(([row, { counts }]) => !row || [...counts].reduce((a, b) => a + b) === memtrace.model.own.allocations[row])), 'sizes of a row');
await app(() => memtrace.select(memtrace.boxes.children(memtrace.boxes.root)[0]));
check((await text(page, '#detail')).includes('to 127 B') || /\d to (\d+ B|< \d)/.test(await text(page, '#detail')), `sizes in the details: ${await text(page, '#detail')}`);
for (const tab of ['leaks', 'sites', 'threads', 'modules', 'files', 'classes', 'sizes']) {
  await page.click(`#tab-${tab}`);
  await settle(page);
  check((await page.locator('#panel table tbody tr').count()) > 0, `the tab ${tab} has a table`);
}
await page.focus('#tab-sizes');
await page.keyboard.press('ArrowRight');
await settle(page);
check((await page.getAttribute('#tab-lines', 'aria-selected')) === 'true', 'arrow keys walk the tabs');
await page.locator('#scroller').focus();
await page.keyboard.press('?');
check((await text(page, '#help')).includes('search'), '? lists the keys');
await page.keyboard.press('Escape');
await page.keyboard.press('d');
check((await app(() => document.documentElement.dataset.theme)) === 'dark', 'd is the other theme');
await page.keyboard.press('b');
check(/\d,\d{3} B/.test(await text(page, '#cards')), 'b shows exact bytes');
await page.context().close();

// Both themes and widths, for everybody.
for (const scheme of ['light', 'dark'])
  for (const width of [400, 1280]) {
    page = await open(browser, file, { width, scheme });
    await app(() => memtrace.showFrame(memtrace.model.facts.questions.peak.lines[0].frame));
    for (const tab of await page.$$eval('[role=tab]', (list) => list.map((one) => one.id))) {
      await page.click(`#${tab}`);
      await settle(page);
      await accessible(page, `${scheme}, ${width}, ${tab}`);
    }
    await page.keyboard.press('?');
    await settle(page);
    await accessible(page, `${scheme}, ${width}, help`);
    await page.keyboard.press('Escape');
    await page.fill('#search', 'no such name');
    await app(() => memtrace.set({ up: true, at: '' }));
    await settle(page);
    await accessible(page, `${scheme}, ${width}, inverted, with a search that finds nothing`);
    await page.fill('#search', '');
    await app(() => memtrace.set({ up: false }));
    check(await app(() => document.documentElement.scrollWidth <= innerWidth), `${width}: nothing stands out at the right`);
    if (shots) await page.screenshot({ path: `${shots}/${scheme}-${width}.png`, fullPage: true });
    await page.context().close();
  }

page = await open(browser, file);
await strict(page);
await page.context().close();

// Without scripts: a table.
page = await open(browser, file, { scripts: false });
check((await page.locator('noscript table tbody tr').count()) > 2, 'without scripts there is a table');
await browser.close();
end();
