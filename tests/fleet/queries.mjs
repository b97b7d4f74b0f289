// SPDX-License-Identifier: MIT
//
// queries.mjs MODULES FOLDER FILE...: runs the query in each FILE in DuckDB, in FOLDER; prints the rows of each, and the peak of this
// process's resident set, as JSON.
import fs from 'node:fs';
import {createRequire} from 'node:module';

const [modules, folder, ...files] = process.argv.slice(2);
const {DuckDBInstance} = createRequire(modules + '/')('@duckdb/node-api');
process.chdir(folder);
const db = await (await DuckDBInstance.create(':memory:')).connect();
const out = {rows: [], seconds: []};
for (const file of files) {
  const begin = performance.now();
  out.rows.push((await db.runAndReadAll(fs.readFileSync(file, 'utf8'))).getRowObjectsJson());
  out.seconds.push((performance.now() - begin) / 1000);
}
out.resident = process.resourceUsage().maxRSS;
console.log(JSON.stringify(out));
