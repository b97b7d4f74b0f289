// SPDX-License-Identifier: MIT
// An executed notebook, exported as HTML: the tables are there, and the page of a cell works in its frame and stays inside it.
import { check, end, equal, failures, facts, settle, start, text } from './browser.mjs';
import { pathToFileURL } from 'node:url';

const { page: file, lines, shots } = facts(), browser = await start();
const context = await browser.newContext({ viewport: { width: 1280, height: 1000 } }), page = await context.newPage();
const address = pathToFileURL(file).href;
// The exported page loads libraries of its own, which may be missing here and are no matter of ours; its frame loads nothing.
await context.route((url) => url.href !== address, (route) => route.fulfill({ body: '' }));
page.on('console', (message) => failures.push(`console: ${message.text()}`));
page.on('pageerror', (error) => failures.push(`error: ${error.message}`));
page.on('dialog', (dialog) => { failures.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
page.on('request', (request) => { if (request.frame() !== page.mainFrame()) failures.push(`request of the frame: ${request.url()}`); });
await page.goto(address);

// %mprun and %memit.
const tables = await page.$$eval('table', (all) => all.map((table) => [...table.rows].map((row) => [...row.cells].map((cell) => cell.textContent))));
const mprun = tables.find((table) => table[0].includes('Rise') && table[0].includes('Occurrences'));
equal(mprun?.[0], ['Line #', 'Mem usage', 'Increment', 'Rise', 'Occurrences', 'Line Contents'], '%mprun: columns');
equal(mprun?.slice(1).map((row) => [row[2], row[3], row[5]]), [['0.0 MiB', '0.0 MiB', lines[0]], ['8.0 MiB', '8.0 MiB', lines[1]], ['4.0 MiB', '4.0 MiB', lines[2]],
  ['-8.0 MiB', '0.0 MiB', lines[3]], ['0.0 MiB', '0.0 MiB', lines[4]]], '%mprun: rows');
const memit = tables.find((table) => table[0][0] === 'Held at the peak');
equal(memit?.slice(1).map((row) => row[0]), ['8.00 MiB', '4.00 MiB'], '%memit: rows');

// %%memtrace.
check((await page.locator('details summary').first().innerText()).includes('increment: 9.00 MiB'), 'the sentence above the frame');
equal(page.frames().length, 2, 'frames');
const frame = page.frames()[1];
await page.locator('iframe').scrollIntoViewIfNeeded();
await frame.waitForFunction(() => document.documentElement.dataset.ready);
await settle(frame);
check(/^6\.00 MiB of the 9\.\d\d MiB shown here \(6\d\.\d %\) are held at take .*:2\.$/.test(await text(frame, '#answer')), `the answer: ${await text(frame, '#answer')}`);
const boxes = await frame.evaluate(() => memtrace.icicle.levels.at(-1).map((box) => [memtrace.model.frames[box.frame].line, box.value]));
equal(boxes.map(([line, value]) => [line, Math.round(value / 1e4)]), [[2, 629], [3, 315]], 'the graph: lines and sizes at its end');
check(await frame.evaluate(() => document.querySelector('#curve canvas')?.width > 100 || document.querySelectorAll('canvas').length > 0), 'the curve is drawn');
await frame.locator('#search').fill('fn:take');
await settle(frame);
check(/boxes?, .*% matched/.test(await text(frame, '#found')), `search: ${await text(frame, '#found')}`);
await frame.locator('#search').fill('');
await frame.locator('#tab-source').click();
await settle(frame);
check((await text(frame, '#panel')).includes('first = bytearray(n << 20)'), 'the source is there');
await frame.locator('#invert').click();
await settle(frame);
equal(await frame.getAttribute('#invert', 'aria-pressed'), 'true', 'the graph turns over');
if (shots) await page.screenshot({ path: `${shots}/notebook.png` });

// Nothing of the notebook is within its reach, and no name has become markup.
equal(await frame.evaluate(() => { try { return parent.document.title; } catch { return 'refused'; } }), 'refused', 'the frame reaches the notebook');
check((await page.title()) !== 'hit' && (await frame.title()) !== 'hit', 'a name acts');
await browser.close();
end();
