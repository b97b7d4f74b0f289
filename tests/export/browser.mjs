// SPDX-License-Identifier: MIT
//
// browser.mjs MODULES CHROMIUM FILE... [--dhat VIEWER FILE]: opens files in speedscope, in a headless Chromium, and prints what its page says
// of each: the title, what it takes the file for, and the table of its sandwich view. Then one in valgrind's own viewer: all of its text.
import {createRequire} from 'node:module';
import {pathToFileURL} from 'node:url';

const [modules, chromium, ...rest] = process.argv.slice(2);
const dhat = rest.includes('--dhat') ? rest.splice(rest.indexOf('--dhat')) : [], files = rest;
const need = createRequire(modules + '/');
const browser = await need('playwright-core').chromium.launch({executablePath: chromium,
  args: ['--no-sandbox', '--allow-file-access-from-files', '--use-gl=swiftshader', '--enable-unsafe-swiftshader']});
const seen = {};
async function look(file) {
  const page = await browser.newPage(), said = [], wrong = [];
  page.on('console', message => said.push(message.text()));
  page.on('pageerror', error => wrong.push(error.message));
  page.on('dialog', dialog => { wrong.push(dialog.message()); dialog.dismiss(); });
  await page.goto(pathToFileURL(modules + '/speedscope/dist/release/index.html').href);
  await page.waitForSelector('input[type=file]', {state: 'attached'});
  await page.setInputFiles('input[type=file]', file);
  await page.waitForFunction(() => document.title !== 'speedscope');
  await page.keyboard.press('3');
  await page.waitForSelector('table', {state: 'attached'});
  const found = {title: await page.title(), wrong, kind: said.filter(text => text.startsWith('Importing as')),
    rows: await page.$$eval('table tr', rows => rows.map(row => [...row.cells].map(cell => cell.textContent.trim())))};
  await page.close();
  return found;
}
// Its drawing asserts that the graphics are in order, which in software on a busy machine they now and then aren't. What is wrong with a
// file is wrong each time.
for (const file of files)
  for (let times = 0; times < 4 && !(seen[file] && !seen[file].wrong.length); times++)
    seen[file] = await look(file);
if (dhat.length) {
  const page = await browser.newPage(), wrong = [];
  page.on('pageerror', error => wrong.push(error.message));
  page.on('dialog', dialog => { wrong.push(dialog.message()); dialog.dismiss(); });
  await page.goto(pathToFileURL(dhat[1]).href);
  await page.setInputFiles('input[type=file]', dhat[2]);
  await page.waitForFunction(() => document.body.innerText.includes('PP 1'));
  seen[dhat[2]] = {wrong, text: await page.evaluate(() => document.body.innerText)};
}
await browser.close();
console.log(JSON.stringify(seen));
