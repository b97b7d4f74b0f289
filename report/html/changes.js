// SPDX-License-Identifier: MIT
// A page of two sides: its first answer and totals, and its tables.
import { changeOf, percent, signed, word, wordsOf } from './change.js';
import { by, fill, make } from './dom.js';
import { Table } from './table.js';
import { count, figure, NOT_KNOWN, visible } from './text.js';

export const narrow = matchMedia('(max-width: 799px)');
const base = (path) => (path ?? '').replace(/.*\/(?=.)/, '');
const NOT_YOURS = 'not yours: libraries, interpreter, loader', FOLDED = 'folded: too small to be kept apart';

function called({ argv, program, log, runs }) {
  const name = argv.length ? [base(argv[0]), ...argv.slice(1)].join(' ') : base(program) || base(log);
  return `${name}${runs > 1 ? ` (${count(runs)} runs)` : ''}`;
}

export function title({ diff }) {
  const [old, now] = diff.sides.map(called);
  return visible(old === now ? `${now}: old and new` : `${old} → ${now}`);
}

const allOf = (model, metric) => {
  const [old, now] = model.diff.sides, pair = [metric.old_total / old.runs, metric.total / now.runs, metric.margin ?? null];
  return changeOf(pair, pair, model);
};

/** Rows of lines by what they did themselves, or with all they call; the last of the own ones is what no line of one's own did. */
export function lineItems(model, metric, own) {
  const front = own ? 'own' : 'line', { line } = model, [old, now] = model.diff.sides, items = [], rest = [metric.old_total / old.runs, metric.total / now.runs];
  const lists = [line[`old.${front}.${metric.name}`], line[`${front}.${metric.name}`], line[`margin.${front}.${metric.name}`]];
  const whole = [...rest];
  line.frame.forEach((number, i) => {
    const pair = [lists[0][i] / old.runs, lists[1][i] / now.runs, lists[2] ? lists[2][i] : null], frame = model.frames[number - 1];
    pair.forEach((value, k) => { if (k < 2) rest[k] -= value; });
    if (pair[0] || pair[1]) items.push({ frame: number - 1, name: frame.full + (frame.was ? `  (was line ${frame.was})` : ''), own: own || frame.function.own, ...changeOf(pair, whole, model) });
  });
  const unknown = ['old', 'new'].map((side) => model.by[side][metric.name][0]);
  const last = (name, pair, margin) => { if (own && (Math.round(pair[0]) || Math.round(pair[1]))) items.push({ frame: -1, name, own: true, ...changeOf([...pair, margin ?? null], whole, model) }); };
  last(NOT_YOURS, rest.map((value, k) => value - unknown[k]), metric.rest_margin);
  last(NOT_KNOWN, unknown, metric.unknown_margin);
  return items;
}

/** The sentence: the total, and the line of one's own that has most to do with it. */
function answer(app) {
  const { model } = app, metric = model.metric(app.state.metric), all = allOf(model, metric);
  const lines = lineItems(model, metric, true).filter((item) => item.frame >= 0 && item.shown).sort((a, b) => Math.abs(b.change) - Math.abs(a.change));
  const start = metric.phrase[0].toUpperCase() + metric.phrase.slice(1);
  if (!all.shown && !lines.length) return [`Nothing changed by more than ${model.margin ? 'runs of one side differ by' : '0.5 %'}: ${figure(metric, all.now)} ${metric.phrase}${all.change ? `, ${signed(metric, all.change)}` : ''}.`];
  const most = lines.find((item) => (item.change > 0) === (all.change > 0)) ?? lines[0];
  return [`${start}: ${wordsOf(metric, all)}.`, ...(most ? [` Most at `, most, `: ${wordsOf(metric, most)}.`] : [])];
}

function card(metric, all) {
  return make('div', { class: `card ${all.shown ? (all.change > 0 ? 'more' : 'less') : ''}` }, make('span', {}, metric.title),
    make('b', {}, all.change ? `${signed(metric, all.change)}${percent(all) ? `  (${percent(all)})` : ''}` : 'as before'),
    make('span', {}, all.change ? `${figure(metric, all.old)} → ${figure(metric, all.now)}${all.chance ? ', by chance' : ''}` : figure(metric, all.now)));
}

export function summary(app) {
  const { model } = app, { facts, diff } = model;
  by('what').textContent = by('what').title = title(facts);
  document.title = `${title(facts)} - memtrace`;
  fill(by('answer'), ...answer(app).map((part) => (typeof part === 'string' ? part : make('button', { type: 'button', class: 'link', onclick: () => app.showFrame(part.frame) }, part.name))));
  fill(by('cards'), ...model.metrics.filter((metric) => metric.old_total || metric.total).map((metric) => card(metric, allOf(model, metric))));
  const list = diff.sides.flatMap((side, k) => side.notes.map((note) => `${k ? 'new' : 'old'}: ${note}`)), notes = by('notes');
  notes.hidden = !list.length;
  notes.querySelector('summary').textContent = `${list.length} note${list.length === 1 ? '' : 's'}: what these figures lack, or can't be sure of`;
  fill(notes.querySelector('ul'), ...list.map((note) => make('li', {}, visible(note))));
}

/** Which logs these are, for the foot of the page. */
export const logsOf = ({ diff }) => diff.sides.map((side, k) => `${k ? 'new' : 'old'} ${visible(base(side.log))}${side.runs > 1 ? ` and ${side.runs - 1} more` : ''}`).join(', ');

/* ---- tables ---- */

const KINDS = [['changed', 'what changed'], ['grew', 'grew'], ['shrank', 'shrank'], ['new', 'new'], ['gone', 'gone'], ['all', 'everything']];
const KEEPS = {
  all: () => true, changed: (item) => item.shown, grew: (item) => item.change > 0 && !item.chance && item.kind !== 'new', shrank: (item) => item.change < 0 && !item.chance && item.kind !== 'gone',
  new: (item) => item.kind === 'new' && !item.chance, gone: (item) => item.kind === 'gone' && !item.chance,
};

/** `items`: with what changeOf gives, a name, and a frame or a row that it leads to. */
function table(app, items, title, caption, notes = []) {
  const metric = app.model.metric(app.state.metric), text = (name) => (i) => figure(metric, items[i][name]), tint = (i) => (items[i].shown ? (items[i].change > 0 ? 'more' : 'less') : '');
  const columns = [
    { title: 'Change', help: 'Sort by the size of the change', value: (i) => Math.abs(items[i].change), plain: (i) => items[i].change, text: (i) => (items[i].change ? signed(metric, items[i].change) : '0'), bar: true, tint },
    { title: 'Old', value: (i) => items[i].old, text: (i) => (items[i].old ? text('old')(i) : '') }, { title: 'New', value: (i) => items[i].now, text: (i) => (items[i].now ? text('now')(i) : '') },
    { title: 'Per cent', value: (i) => (items[i].old > 0 ? items[i].change / items[i].old : items[i].change ? Infinity : 0), text: (i) => percent(items[i]) },
    { title: 'What', value: (i) => word(items[i]), text: (i) => word(items[i]) }, { title, name: true, value: (i) => items[i].name, text: (i) => items[i].name },
  ];
  if (narrow.matches) columns.splice(1, 3); // the details have them
  const select = make('select', { id: 'kind' }, ...KINDS.map(([id, words]) => make('option', { value: id, selected: id === app.state.kind }, words)));
  select.addEventListener('change', () => app.set({ kind: select.value }));
  const note = make('div', { class: 'tools' }, make('label', {}, 'Show ', select), ...notes);
  const on = (i) => (items[i].row !== undefined ? app.showRow(items[i].row) : items[i].frame >= 0 ? app.showFrame(items[i].frame) : app.say(`${items[i].name}: ${wordsOf(metric, items[i])}`));
  const made = new Table({ caption: `${caption}, ${metric.phrase}`, columns, count: items.length, sort: 0, note, on, empty: `Nothing of that kind${app.model.margin ? ', beyond what runs of one side differ by' : ''}.` });
  const keeps = KEEPS[app.state.kind] ?? KEEPS.changed;
  app.filterLines = () => {
    const found = app.found, hit = (item) => !found || (item.row !== undefined ? app.model.stack(item.row).some((row) => app.model.frame[row] >= 0 && found[app.model.frame[row]]) : item.frame >= 0 && found[item.frame]);
    made.filtered((i) => keeps(items[i]) && hit(items[i]) && (app.state.libraries || items[i].own !== false));
  };
  app.filterLines();
  return made.element;
}

function linesTab(app) {
  const { model } = app, all = app.state.all;
  const box = (id, text, on, set) => {
    const input = make('input', { type: 'checkbox', id, checked: on });
    input.addEventListener('change', () => set(input.checked));
    return make('label', {}, input, ` ${text} `);
  };
  return table(app, lineItems(model, model.metric(app.state.metric), !all), 'Line', all ? 'Lines, each with all that it calls' : 'Lines, each by what it took itself or by way of libraries',
    [box('own', 'with all that they call: these do not add up', all, (on) => app.set({ all: on })), all ? box('libraries', 'libraries and interpreter too', app.state.libraries, (on) => app.set({ libraries: on })) : null]);
}

/** What rows of the tree did themselves, by a key; `of(row)`: {key, name, frame} or null. Folded rows are one. */
function grouped(app, of) {
  const { model } = app, name = app.state.metric, { old } = model.by, margin = model.margin?.[name] ?? null, groups = new Map();
  const whole = [model.totalOf('old', name)[0], model.totalOf('new', name)[0]];
  for (let i = 0; i < model.rows; i++) {
    const a = old[name][i], b = model.by.new[name][i];
    if (!a && !b) continue;
    const { key, name: words, frame = -1 } = (!i ? { key: NOT_KNOWN, name: NOT_KNOWN } : model.frame[i] < 0 ? { key: FOLDED, name: FOLDED } : of(i)) ?? { key: NOT_YOURS, name: NOT_YOURS };
    if (!groups.has(key)) groups.set(key, { name: words, frame, pair: [0, 0, margin ? 0 : null] });
    const { pair } = groups.get(key);
    pair[0] += a;
    pair[1] += b;
    if (margin) pair[2] += margin[i];
  }
  return [...groups.values()].map(({ pair, ...rest }) => ({ ...rest, ...changeOf(pair, whole, model) }));
}

const outward = (model, row, good) => {
  let at = row;
  while (at > 0 && !(model.frames[model.frame[at]]?.function && good(model.frames[model.frame[at]].function))) at = model.parent[at];
  return at > 0 ? model.frames[model.frame[at]] : null;
};

function functionsTab(app) {
  const { model } = app;
  return table(app, grouped(app, (row) => {
    const frame = outward(model, row, (f) => f.own);
    return frame && { key: frame.key, name: frame.key.replace('\n', '  '), frame: frame.id };
  }), 'Function', 'Functions, each by what it took itself or by way of libraries');
}

const modulesTab = (app) => table(app, grouped(app, (row) => {
  const name = app.model.frames[app.model.frame[row]]?.function?.module || 'Python code, and code of no module';
  return { key: name, name };
}), 'Module', 'Modules, by where the innermost frame is');

const filesTab = (app) => table(app, grouped(app, (row) => {
  const name = outward(app.model, row, (f) => f.own)?.function.file || '(no source file is known)';
  return { key: name, name };
}), 'File', 'Files, by the innermost line of your own');

function threadsTab(app) {
  const { model } = app;
  return table(app, grouped(app, (row) => {
    let at = row;
    while (at > 0 && !model.frames[model.frame[at]]?.thread) at = model.parent[at];
    const name = at > 0 ? model.frames[model.frame[at]].thread : '(one thread, or not known)';
    return { key: name, name };
  }), 'Thread', 'Threads');
}

function sitesTab(app) {
  const { model } = app, name = app.state.metric, margin = model.margin?.[name] ?? null, whole = [model.totalOf('old', name)[0], model.totalOf('new', name)[0]], items = [];
  for (let row = 0; row < model.rows; row++) {
    const pair = [model.by.old[name][row], model.by.new[name][row], margin ? margin[row] : null];
    if (!pair[0] && !pair[1]) continue;
    const inner = model.frames[model.frame[row]], mine = outward(model, row, (f) => f.own);
    const words = !row ? NOT_KNOWN : !inner ? `${count(model.folded[row])} others, folded, below ${model.frames[model.frame[model.parent[row]]]?.full ?? 'all'}` : mine && mine !== inner ? `${mine.full}  ›  ${inner.label}` : inner.full;
    items.push({ row, name: words, ...changeOf(pair, whole, model) });
  }
  return table(app, items, 'Call site', 'Call sites');
}

export const changesTabs = (app) => [['lines', 'Lines', () => linesTab(app)], ['functions', 'Functions', () => functionsTab(app)], ['sites', 'Call sites', () => sitesTab(app)],
  ['threads', 'Threads', () => threadsTab(app)], ['modules', 'Modules', () => modulesTab(app)], ['files', 'Files', () => filesTab(app)]];

/** All metrics of a box. */
export function figuresOf(app, box) {
  const { model, boxes } = app, head = (text, figures = true) => make('th', { scope: 'col', class: figures ? 'figure' : '' }, text), body = make('tbody');
  const some = app.filtered || box.small || boxes.up;
  for (const metric of model.metrics) {
    const now = metric.name === app.state.metric;
    if (some && !now) continue;
    const add = (list) => box.rows.reduce((sum, row) => sum + list[row], 0), whole = [model.totalOf('old', metric.name)[0], model.totalOf('new', metric.name)[0]];
    const one = now ? app.icicle.change(box) : changeOf([add(model.totalOf('old', metric.name)), add(model.totalOf('new', metric.name)), model.margin ? add(model.margin[metric.name]) : null], whole, model);
    body.append(make('tr', {}, make('th', { scope: 'row' }, metric.title), make('td', { class: 'figure' }, figure(metric, one.old)), make('td', { class: 'figure' }, figure(metric, one.now)),
      make('td', { class: `figure ${one.shown ? (one.change > 0 ? 'more' : 'less') : ''}` }, one.change ? signed(metric, one.change) : ''), narrow.matches ? null : make('td', {}, word(one))));
  }
  return make('table', {}, make('caption', { class: 'aside' }, 'Figures'), make('thead', {}, make('tr', {}, head('Metric', false), head('Old'), head('New'), head('Change'), narrow.matches ? null : head('What', false))), body);
}

