// SPDX-License-Identifier: MIT
//
// npm.mjs MODULES FACTS: reads exports with packages from npm; FACTS has their names and the report's figures.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import zlib from 'node:zlib';
import {createRequire} from 'node:module';

const require = createRequire(process.argv[2] + '/');
const facts = JSON.parse(fs.readFileSync(process.argv[3]));
const Ajv = require('ajv').default ?? require('ajv');
const {Profile} = require('pprof-format');
const {DuckDBInstance} = require('@duckdb/node-api');

const schema = JSON.parse(fs.readFileSync(process.argv[2] + '/speedscope/dist/release/file-format-schema.json'));
const valid = new Ajv({strict: false}).compile(schema);
for (const [name, of] of Object.entries(facts.of)) {
  const view = JSON.parse(fs.readFileSync(of.speedscope));
  assert(valid(view), `${name}: ${JSON.stringify(valid.errors)?.slice(0, 1000)}`);
}

const types = {alloc_objects: 'allocations', alloc_space: 'allocated_bytes', inuse_space: 'leaked_bytes', live_space: 'live_bytes',
  peak_space: 'peak_bytes'};
for (const [name, of] of Object.entries(facts.of)) {
  if (!of.pprof)
    continue;
  const profile = Profile.decode(zlib.gunzipSync(fs.readFileSync(of.pprof)));
  const texts = profile.stringTable.strings;
  assert.equal(texts[0], '');
  assert(texts.every(text => !text.includes('\ufffd') || name === 'python'));
  profile.sampleType.forEach((type, index) => {
    const figure = types[texts[Number(type.type)]];
    const sum = profile.sample.reduce((sum, sample) => sum + Number(sample.value[index]), 0);
    if (figure)
      assert.equal(sum, of.figures[figure], `${name}: ${figure}`);
  });
  for (const table of [profile.mapping, profile.location, profile.function]) // as strict readers want it
    table.forEach((one, index) => assert.equal(Number(one.id), index + 1));
}

const db = await (await DuckDBInstance.create(':memory:')).connect();
const one = async sql => (await db.runAndReadAll(sql)).getRowObjectsJson();
for (const [name, of] of Object.entries(facts.of)) {
  for (const form of ['csv', 'ndjson']) {
    const read = table => form === 'csv' ? `read_csv('${of['csv-' + table]}')` : `read_json('${of['ndjson-' + table]}')`;
    const [sums] = await one(`select sum(peak_bytes) peak_bytes, sum(live_bytes) live_bytes, sum(leaked_bytes) leaked_bytes,
      sum(allocated_bytes) allocated_bytes, sum(allocs) allocations from ${read('sites')}`);
    for (const figure in of.figures)
      assert.equal(Number(sums[figure]), of.figures[figure], `${form} of ${name}: ${figure}`);
    const [{top}] = await one(`select max(level_max_bytes) top from ${read('timeline')}`);
    assert(Number(top) > 0 && Number(top) <= of.figures.peak_bytes, `${form} of ${name}: the curve`);
    const [kinds] = await one(`select typeof(peak_bytes) number, typeof("start") kind, typeof(exit_status) status from ${read('logs')}`);
    assert.equal(kinds.number, 'BIGINT');
    assert.match(kinds.kind, /^TIMESTAMP/);
    const [{lines}] = await one(`select count(*) lines from ${read('lines')} where own_peak_bytes > 0`);
    assert(Number(lines) > 0);
  }
  const [{innermost}] = await one(`select stack[-1] innermost from read_json('${of['ndjson-sites']}') order by peak_bytes desc limit 1`);
  if (name === 'plain')
    assert.match(innermost, /^(keep|give_back) \(plain\.c:\d+\)$/);
}
