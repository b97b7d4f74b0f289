// SPDX-License-Identifier: MIT
// The bar of details: a box's figures, its source, who calls it and what it calls, its stack.
import { figuresOf } from './changes.js';
import { signed } from './change.js';
import { button, copy, fill, make } from './dom.js';
import { listing } from './listing.js';
import { pathOf } from './boxes.js';
import { sizesOf } from './sizes.js';
import { figure, share, size } from './text.js';

const NEAR = 6, LISTED = 6;

/** What a row did itself: all but what drawn frames below it did. */
function selfOf(boxes, row, total) {
  const { model } = boxes;
  let own = total[row];
  for (let child = row + 1; child < model.end[row];) {
    if (boxes.drawn(child)) own -= total[child];
    child = boxes.drawn(child) ? model.end[child] : child + 1;
  }
  return own;
}

function metricsTable(app, box) {
  if (app.model.diff) return figuresOf(app, box);
  const { model, boxes } = app, body = make('tbody');
  for (const metric of model.metrics) {
    const total = model.total(metric.name), whole = total[0];
    const value = app.filtered ? null : app.state.up && app.state.pivot === null ? null : box.rows.reduce((sum, row) => sum + total[row], 0);
    const own = value === null || box.small || box.others ? null : box.rows.reduce((sum, row) => sum + selfOf(boxes, row, total), 0);
    const now = metric.name === app.state.metric;
    if (value === null && !now) continue;
    const shown = now ? box.value : value;
    body.append(make('tr', {}, make('th', { scope: 'row' }, metric.title), make('td', { class: 'figure' }, figure(metric, shown)),
      make('td', { class: 'figure' }, share(shown, now ? boxes.root.value : whole)), make('td', { class: 'figure' }, own === null ? '' : figure(metric, own))));
  }
  return make('table', {}, make('caption', { class: 'aside' }, 'Figures'), make('thead', {}, make('tr', {}, make('th', { scope: 'col' }, 'Metric'),
    make('th', { scope: 'col', class: 'figure' }, 'Total'), make('th', { scope: 'col', class: 'figure' }, 'Of all'), make('th', { scope: 'col', class: 'figure' }, 'Own'))), body);
}

/** Callers and callees of a function, over all stacks that are shown, by what came through them. */
function around(app, key) {
  const { model, boxes } = app, callers = new Map(), callees = new Map();
  const grown = (row) => (boxes.sides ? Math.round(boxes.sides[1].total[row]) - Math.round(boxes.sides[0].total[row]) : 0);
  const add = (map, row, value, change) => {
    const frame = model.frame[row];
    const f = model.frames[frame], name = f ? f.key : row ? '' : null;
    if (name === null || name === key) return;
    const at = map.get(name) ?? { frame, value: 0, change: 0 };
    at.value += value;
    at.change += change;
    map.set(name, at);
  };
  for (let i = 1, inside = 0; i < model.rows; i++) {
    if (model.frames[model.frame[i]]?.key !== key) continue;
    if (i >= inside) {
      add(callers, boxes.outward(model.parent[i]), boxes.total[i], grown(i));
      inside = model.end[i];
    }
    boxes.callees(i, (child) => add(callees, child, boxes.total[child], grown(child)));
  }
  return [callers, callees].map((map) => [...map.values()].sort((a, b) => (model.diff && Math.abs(b.change) - Math.abs(a.change)) || b.value - a.value));
}

function list(app, title, items) {
  if (!items.length) return null;
  const metric = app.model.metric(app.state.metric);
  return make('div', {}, make('h2', {}, title), make('ul', { class: 'lines-list' }, ...items.slice(0, LISTED).map(({ frame, value, change }) => make('li', {}, make('span', {}, app.model.diff ? (change ? signed(metric, change) : 'as before') : figure(metric, value)),
    frame < 0 ? 'folded others' : button(app.model.frames[frame].function ? app.model.frames[frame].key.replace('\n', '  ') : app.model.frames[frame].full, () => app.showFrame(frame), { class: 'link' }))),
    items.length > LISTED ? make('li', {}, `${items.length - LISTED} more`) : null));
}

export function stackText(app, box) {
  const path = pathOf(box);
  const lines = path.map((b) => app.icicle.label(b) && (b.frame >= 0 ? app.model.frames[b.frame].full : app.icicle.label(b)));
  return (app.state.up ? lines : lines.reverse()).join('\n');
}

export function detail(app, box) {
  const { model, icicle } = app, place = document.getElementById('detail');
  if (!box) return fill(place, make('p', { class: 'empty' }, 'Choose a box of the graph or a row of a table: its figures, source, callers and callees are shown here.'));
  const frame = box.frame >= 0 ? model.frames[box.frame] : null, f = frame?.function;
  const title = make('h2', { id: 'detail-title' }, frame ? frame.name : icicle.label(box));
  if (!f) {
    const words = box.others || box.small ? `${icicle.label(box)}: too small to be drawn or to be kept apart. Their sum is exact.` : 'All stacks.';
    return fill(place, title, make('p', {}, words), metricsTable(app, box), sizesOf(app, box));
  }
  const [callers, callees] = around(app, frame.key);
  const allocations = !model.diff && model.own.allocations && !app.filtered ? box.rows.reduce((sum, row) => sum + model.total('allocations')[row], 0) : 0;
  const bytes = allocations ? box.rows.reduce((sum, row) => sum + model.total('allocated')[row], 0) : 0;
  const said = make('span', { role: 'status' });
  const tools = make('div', { class: 'tools' }, button('Zoom', () => app.zoom(box), { title: 'Zoom to this box (z, Enter)' }),
    button('Pivot', () => app.pivot(frame.key), { title: 'All that this function calls, wherever it is called (p)' }),
    button('Focus', () => app.focus(frame), { title: 'Only stacks through this function (f)' }), button('Drop', () => app.drop(frame), { title: 'Only stacks without this function (x)' }),
    button('Copy stack', async () => { said.textContent = (await copy(stackText(app, box))) ? 'copied' : 'not allowed'; }, { title: 'Copy the stack (y)' }), said);
  const where = frame.line || model.source.has(f.id) ? button(frame.where || 'source', () => app.showSource(f.id, frame.line), { class: 'link', title: 'Open the annotated source (s)' }) : make('span', {}, frame.where);
  const source = model.source.has(f.id) && frame.line && !frame.gone ? listing(model, f.id, { only: [frame.line - NEAR, frame.line + NEAR], around: frame.line, compact: true, metric: model.metric(app.state.metric) }) : null;
  return fill(place, title, make('p', {}, where, f.module ? `  in ${f.module}` : `  ${f.file && f.file !== f.short ? f.file : ''}`, frame.was ? `  was line ${frame.was}` : ''), metricsTable(app, box),
    allocations ? make('p', {}, `${size(Math.round(bytes / allocations))} an allocation on average`) : null, sizesOf(app, box), tools, source, list(app, 'Callers', callers), list(app, 'Callees', callees));
}
