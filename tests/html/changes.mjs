// SPDX-License-Identifier: MIT
// A page of two sides: its totals and rows are those of memtrace diff, in all metrics; what grew, shrank, is new and is gone can be seen, not
// by colour alone, and found; by keys, in both themes and widths.
import { accessible, check, end, equal, facts, open, settle, start, strict, text } from './browser.mjs';

const { pages, shots } = facts(), browser = await start();
const METRICS = Object.keys(pages.python.diffs);
const order = (rows) => rows.map((row) => JSON.stringify(row)).sort();

/** The rows of a table that is on the page, all of them: by Copy as TSV. */
const copied = (page) => page.evaluate(async () => {
  let all = '';
  navigator.clipboard.writeText = async (t) => { all = t; };
  [...document.querySelectorAll('#panel button')].find((b) => b.textContent === 'Copy as TSV').click();
  await new Promise((done) => setTimeout(done, 20));
  return all.split('\n').slice(1).filter(Boolean).map((line) => line.split('\t'));
});

/** Totals and rows of every metric are the diff's. */
async function same(page, name, { diffs }) {
  for (const metric of METRICS) {
    const diff = diffs[metric];
    await page.evaluate((m) => memtrace.set({ metric: m, tab: 'lines', kind: 'changed' }), metric);
    await settle(page);
    equal(await page.evaluate(() => { const { old, now, change } = memtrace.icicle.change(memtrace.boxes.root); return [old, now, change]; }), [diff.total.old.mean, diff.total.new.mean, diff.total.change], `${name}, ${metric}: total`);
    // Rows beyond the spread. The page shows of single runs those of half a per cent; "everything" has all.
    await page.selectOption('#kind', 'all');
    await settle(page);
    const rows = await copied(page), changed = rows.filter((row) => Number(row[0]) && row[4] !== 'by chance');
    equal(order(changed.map((row) => row.slice(0, 3).map(Number))), order(diff.rows.filter((row) => row.change).map((row) => [row.change, row.old.mean, row.new.mean])), `${name}, ${metric}: rows`);
    equal(order(changed.map((row) => row[4])), order(diff.rows.filter((row) => row.change).map((row) => row.kind)), `${name}, ${metric}: what became of them`);
    const sum = (k) => rows.reduce((all, row) => all + Number(row[k]), 0);
    check(Math.abs(sum(1) - diff.total.old.mean) <= rows.length && Math.abs(sum(2) - diff.total.new.mean) <= rows.length, `${name}, ${metric}: rows add up: ${sum(1)}, ${sum(2)}`);
    if (!['peak', 'allocated', 'allocations'].includes(metric)) continue;
    // Boxes hold theirs, whichever way they are drawn, and however wide.
    for (const state of [{}, { byFunction: true }, { up: true }, { libraries: true }, { run: 'new' }, { run: 'old' }]) {
      await page.evaluate((s) => memtrace.set({ ...s, at: '' }), state);
      const wrong = await page.evaluate(() => {
        const { boxes } = memtrace, found = [], near = (a, b) => Math.abs(a - b) <= 0.51;
        const visit = (box) => {
          const list = boxes.children(box), [old, now] = boxes.pair(box);
          const inside = list.map((one) => boxes.pair(one)).reduce((sum, one) => [sum[0] + one[0], sum[1] + one[1]], [0, 0]);
          if (inside[0] > old + 0.51 || inside[1] > now + 0.51 || box.value + 0.51 < list.reduce((sum, one) => sum + one.value, 0)) found.push([box.depth, old, now, inside]);
          for (const one of list) if (one.depth < 30) visit(one);
        };
        visit(boxes.root);
        const [old, now] = boxes.pair(boxes.root);
        if (!near(old, memtrace.model.totalOf('old', memtrace.state.metric)[0]) || !near(now, memtrace.model.totalOf('new', memtrace.state.metric)[0])) found.push(['root', old, now]);
        return found.slice(0, 3);
      });
      equal(wrong, [], `${name}, ${metric}, ${JSON.stringify(state)}: boxes`);
      await page.evaluate(() => memtrace.set({ byFunction: false, up: false, libraries: false, run: 'both', at: '' }));
    }
    // The other tables add up, too.
    for (const tab of ['functions', 'sites', 'threads', 'modules', 'files']) {
      await page.evaluate((t) => memtrace.set({ tab: t, kind: 'all', libraries: true }), tab);
      await settle(page);
      const list = await copied(page), total = (k) => list.reduce((all, row) => all + Number(row[k]), 0);
      check(Math.abs(total(1) - diff.total.old.mean) <= list.length && Math.abs(total(2) - diff.total.new.mean) <= list.length, `${name}, ${metric}, ${tab}: ${total(1)}, ${total(2)} of ${diff.total.old.mean}, ${diff.total.new.mean}`);
    }
    await page.evaluate(() => memtrace.set({ libraries: false }));
  }
  await page.evaluate(() => memtrace.set({ metric: 'peak', tab: 'lines', kind: 'changed' }));
}

for (const [name, one] of Object.entries(pages)) {
  const page = await open(browser, one.page, { height: 800 });
  await same(page, name, one);
  await page.context().close();
}

// What was planted.
for (const name of ['python', 'native', 'several']) {
  const { page: file, old, new: now } = pages[name], page = await open(browser, file, { height: 800 });
  const rows = async (kind) => { await page.selectOption('#kind', kind); await settle(page); return copied(page); };
  const grew = await rows('grew'), fresh = await rows('new'), gone = await rows('gone');
  check(grew.some((row) => row[5].includes(`:${now.MORE} `) && row[5].includes(`(was line ${old.MORE})`)), `${name}: what grew, though it moved: ${JSON.stringify(grew)}`);
  check(fresh.some((row) => row[5].includes(`:${now.NEW}`)), `${name}: what is new: ${JSON.stringify(fresh)}`);
  check(gone.some((row) => row[5].includes(`:${old.GONE} (old)`)), `${name}: what is gone: ${JSON.stringify(gone)}`);
  check((await text(page, '#answer')).includes(`:${now.MORE}`), `${name}: the answer names the line: ${await text(page, '#answer')}`);
  // By name, from the table into the graph: its box has a sign and a figure, and it is striped, not only blue.
  await page.locator('#panel tbody th button').first().click();
  await settle(page);
  const box = await page.evaluate(() => { const { icicle } = memtrace, { kind, shown, change } = icicle.change(icicle.selected); return { kind, shown, less: change < 0, line: memtrace.model.frames[icicle.selected.frame].line, words: icicle.words(icicle.selected) }; });
  equal([box.kind, box.shown, box.less, box.line], ['gone', true, true, old.GONE], `${name}: the box of what is gone`);
  check(/→ 0 B, -.*gone$/.test(box.words), `${name}: it is told: ${box.words}`);
  const colours = await page.evaluate(() => { // the pixels of its box
    const { icicle } = memtrace, { selected } = icicle, canvas = icicle.canvas, ratio = canvas.width / canvas.clientWidth;
    icicle.selected = null; // without its frame
    icicle.draw();
    const data = canvas.getContext('2d').getImageData(Math.round((selected.x + 5) * ratio), Math.round(((selected.depth - icicle.zoomed.depth) * 20 - icicle.scroller.scrollTop + 18) * ratio), Math.round(Math.max(8, selected.w - 10) * ratio), 1).data, seen = new Set();
    for (let i = 0; i < data.length; i += 4) seen.add(data[i + 2] > data[i] + 40 ? 'blue' : data[i] > 225 || data[i + 1] > 210 ? 'light' : data[i] > data[i + 2] + 40 ? 'orange' : 'other');
    return [...seen].sort();
  });
  check(colours.includes('blue') && colours.includes('light') && !colours.includes('orange'), `${name}: stripes of blue: ${colours}`);
  // The width of another run.
  await page.selectOption('#run', 'new');
  await settle(page);
  check(await page.evaluate(() => memtrace.icicle.levels.flat().every((one) => one.small || memtrace.icicle.change(one).kind !== 'gone')), `${name}: as wide as the new run: nothing that is gone`);
  await page.selectOption('#run', 'old');
  await settle(page);
  check(await page.evaluate(() => memtrace.icicle.levels.flat().some((one) => memtrace.icicle.change(one).kind === 'gone')), `${name}: as wide as the old run: it is there`);
  const link = await page.evaluate(() => location.hash), second = await open(browser, file, { hash: link });
  equal(await second.evaluate(() => [memtrace.state.run, memtrace.state.kind]), ['old', 'gone'], `${name}: a link`);
  await second.context().close();
  await page.selectOption('#run', 'both');
  // Its source, with the change; what is gone is there as it was.
  await page.evaluate((line) => { const frame = memtrace.model.frames.find((f) => f.line === line && f.function?.own && !f.gone); memtrace.showSource(frame.function.id, line); }, now.MORE);
  await settle(page);
  check(/^\+\d/.test(await page.locator('#panel .listing tr.chosen td').first().innerText()), `${name}: the source has the change`);
  await page.evaluate((line) => memtrace.showSource(memtrace.model.frames.find((f) => f.gone && f.line === line).function.id), old.GONE);
  await settle(page);
  check(/GONE/.test(await text(page, '#panel .listing tr.was')), `${name}: the line that is gone`);
  const curve = await page.evaluate(() => [memtrace.curve.plot.data.length, Math.max(...memtrace.curve.level), Math.max(...memtrace.curve.old)]);
  check(curve[0] === 3 && curve[1] > 0 && curve[2] > 0, `${name}: the curve has both runs: ${curve}`);
  await page.context().close();
}

// Runs of one program: nothing has changed, and nothing is coloured.
{
  const page = await open(browser, pages.same.page);
  equal(pages.same.diffs.peak.rows.length, 0, 'same: the diff says nothing');
  check((await text(page, '#answer')).startsWith('Nothing changed'), `same: ${await text(page, '#answer')}`);
  check((await text(page, '#panel')).includes('Nothing of that kind'), 'same: the table says so');
  equal(await page.evaluate(() => memtrace.icicle.levels.flat().filter((box) => memtrace.icicle.change(box).shown).length), 0, 'same: no box is coloured');
  await page.context().close();
}

// By keys, for everybody.
for (const scheme of ['light', 'dark'])
  for (const width of [400, 1280]) {
    const page = await open(browser, pages.python.page, { width, height: 800, scheme });
    for (const tab of await page.$$eval('[role=tab]', (list) => list.map((one) => one.id))) {
      await page.click(`#${tab}`);
      await settle(page);
      await accessible(page, `${scheme}, ${width}, ${tab}`);
    }
    await page.focus('#scroller');
    for (let i = 0; i < 4; i++) await page.keyboard.press('ArrowDown');
    await settle(page);
    check(/→|as before/.test(await page.textContent('#hover')), `${width}: the choice is told: ${await page.textContent('#hover')}`);
    check((await page.locator('#detail thead').first().textContent()).includes('OldNewChange'), `${width}: the details have both`);
    await accessible(page, `${scheme}, ${width}, with details`);
    for (const key of ['i', 'g', 'r', 'm', 'b']) await page.keyboard.press(key);
    await settle(page);
    await accessible(page, `${scheme}, ${width}, inverted, by function, exact`);
    check(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${width}: nothing stands out at the right`);
    if (shots) await page.screenshot({ path: `${shots}/changes-${scheme}-${width}.png`, fullPage: true });
    await page.context().close();
  }
const page = await open(browser, pages.python.page);
await strict(page);
await page.context().close();
const bare = await open(browser, pages.python.page, { scripts: false });
check((await bare.locator('noscript table tbody tr').count()) > 3, 'without scripts there is a table');
await browser.close();
end();
