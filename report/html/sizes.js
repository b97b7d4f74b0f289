// SPDX-License-Identifier: MIT
// How large allocations were, by powers of two of the requested size. The page has it of everything, and of the rows of the tree that
// allocated most often.
import { make } from './dom.js';
import { Table } from './table.js';
import { count, size } from './text.js';

const LAST = 44; // report/read/sizes.h: this one has no upper end

/** Map of row to {from, counts}; row 0: everything. */
export function readSizes(columns) {
  const row = columns.numbers('sizes.row'), from = columns.numbers('sizes.from'), length = columns.numbers('sizes.length'), counts = columns.numbers('sizes.count');
  const sizes = new Map();
  for (let i = 0, at = 0, now = 0; i < row.length; i++) {
    now += row[i];
    sizes.set(now, { from: from[i], counts: counts.subarray(at, at + length[i]) });
    at += length[i];
  }
  return sizes;
}

/** What is known of the rows from `first` to before `end`: a list by power. */
function sumOf(model, first, end) {
  const sum = [];
  if (!first) {
    const { from, counts } = model.sizes.get(0);
    counts.forEach((n, k) => { if (n) sum[from + k] = n; });
    return sum;
  }
  for (const [row, { from, counts }] of model.sizes) {
    if (row < first || row >= end) continue;
    counts.forEach((n, k) => { if (n) sum[from + k] = (sum[from + k] ?? 0) + n; });
  }
  return sum;
}

const low = (power) => (power ? 2 ** (power + 2) : 0);

export function rangeOf(power) {
  if (power >= LAST) return `${size(low(power))} and more`;
  const next = 2 ** (power + 3);
  return next <= 1024 ? `${low(power)} to ${next - 1} B` : `${size(low(power))} to < ${size(next)}`;
}

/** A table of them with bars. `allocations`: how many there were; what is not known of them is the last row. */
function tableOf(sum, allocations, caption) {
  const powers = [...sum.keys()].filter((power) => sum[power]), first = powers[0] ?? 0, rows = [];
  for (let power = first; power < sum.length; power++) rows.push([rangeOf(power), sum[power] ?? 0, power]);
  const known = rows.reduce((all, [, n]) => all + n, 0);
  if (known < allocations) rows.push(['not known', allocations - known, LAST + 1]);
  const table = new Table({
    caption, count: rows.length, sort: 1, empty: 'No allocation has a known size.',
    columns: [{ title: 'Allocations', value: (i) => rows[i][1], text: (i) => count(rows[i][1]), bar: true }, { title: 'Size', name: true, value: (i) => rows[i][2], text: (i) => rows[i][0] }],
  });
  table.by(1);
  table.down = false;
  table.order();
  return table.element;
}

export function sizesTab(app) {
  const { model } = app;
  return tableOf(sumOf(model, 0), model.total('allocations')[0], 'Allocations by the size that was asked for, of all stacks; choose a box or a row to see those of it');
}

/** Of a box, in a few lines; null: nothing is known. */
export function sizesOf(app, box) {
  const { model } = app, sum = [];
  if (!model.sizes.size || app.filtered || (app.state.up && app.state.pivot === null) || box.small || box.others) return null;
  for (const row of box.rows) sumOf(model, row, model.end[row]).forEach((n, power) => { sum[power] = (sum[power] ?? 0) + n; });
  const allocations = box.rows.reduce((all, row) => all + model.total('allocations')[row], 0), most = Math.max(...sum.filter(Boolean), 1);
  const known = sum.reduce((all, n) => all + (n ?? 0), 0);
  if (!known) return null;
  const rows = [...sum.keys()].filter((power) => sum[power]).map((power) => {
    const bar = make('i', { class: 'bar', 'aria-hidden': 'true' });
    bar.style.width = `${100 * sum[power] / most}%`;
    return make('tr', {}, make('th', { scope: 'row' }, rangeOf(power)), make('td', { class: 'figure' }, bar, count(sum[power])));
  });
  if (known < allocations) rows.push(make('tr', {}, make('th', { scope: 'row' }, 'not on this page'), make('td', { class: 'figure' }, count(allocations - known))));
  return make('table', {}, make('caption', { class: 'aside' }, 'Allocations by size'),
    make('thead', {}, make('tr', {}, make('th', { scope: 'col' }, 'Requested'), make('th', { scope: 'col', class: 'figure' }, 'Allocations'))), make('tbody', {}, ...rows));
}
