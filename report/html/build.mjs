// SPDX-License-Identifier: MIT
//
// Makes the viewer: node build.mjs MODULES OUTPUT. MODULES is the folder node_modules that package-lock.json names; OUTPUT a C
// file with the page's parts (report/page/page.h). Two builds of the same sources are equal.
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const [modules, output] = process.argv.slice(2).map((path) => resolve(path));
const here = dirname(fileURLToPath(import.meta.url));
const esbuild = createRequire(join(modules, 'x.js'))('esbuild');

const LICENSE = '/* memtrace, MIT; uPlot, (c) Leon Sorokin, MIT */';
const script = esbuild.buildSync({
  entryPoints: [join(here, 'main.js')], bundle: true, minify: true, write: false, format: 'iife', target: 'es2022',
  charset: 'ascii', legalComments: 'none', nodePaths: [modules], logLevel: 'warning', banner: { js: LICENSE },
}).outputFiles[0].text.trim();
const style = esbuild.buildSync({
  stdin: { contents: `@import "uplot/dist/uPlot.min.css";\n@import "./style.css";`, loader: 'css', resolveDir: here },
  bundle: true, minify: true, write: false, charset: 'ascii', legalComments: 'none', nodePaths: [modules], logLevel: 'warning',
}).outputFiles[0].text.trim();

// What the page promises of itself.
if (/<\/script|<!--|\r/i.test(script) || /<\/style|\r/i.test(style)) throw new Error('the text would end its element');
for (const word of ['innerHTML', 'outerHTML', 'insertAdjacentHTML', 'document.write', 'eval(', 'new Function', 'fetch(', 'XMLHttpRequest',
  'WebSocket', 'EventSource', 'sendBeacon', 'import('])
  if (script.includes(word)) throw new Error(`the viewer may not use ${word}`);
if (/url\((?!#)/.test(style)) throw new Error('the style may not fetch anything');

const hash = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
const policy = `default-src 'none'; script-src ${hash(script)}; style-src ${hash(style)}; base-uri 'none'; form-action 'none'`;
const body = readFileSync(join(here, 'body.html'), 'utf8').replace(/\n\s*/g, '\n').trim();
const head = `<!DOCTYPE html>
<!-- memtrace page 1 -->
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<style>${style}</style>
<title>`;
const size = head.length + body.length + script.length;
if (size > 150000) throw new Error(`the viewer has ${size} bytes; it may have 150,000`);

const array = (name, text) => {
  const numbers = [...Buffer.from(text, 'utf8'), 0];
  let lines = '';
  for (let i = 0; i < numbers.length; i += 32) lines += `    ${numbers.slice(i, i + 32).join(',')},\n`;
  return `static const unsigned char ${name}[] = {\n${lines}};\n`;
};
writeFileSync(output, `/* Made by report/html/build.mjs. */
#include "page/page.h"

${array('head', head)}${array('body', `</title></head>\n${body}\n`)}${array('script', `<script>${script}</script>\n</body></html>\n`)}
const struct viewer page_viewer = {(const char *)head, (const char *)body, (const char *)script};
`);
console.log(`viewer: ${size} bytes`);
