// SPDX-License-Identifier: MIT
// What stands in the tabs: tables of lines, call sites, leaks, threads, modules, files, processes; and the source.
import { make } from './dom.js';
import { changesTabs, lineItems } from './changes.js';
import { listing } from './listing.js';
import { sizesTab } from './sizes.js';
import { Table } from './table.js';
import { count, NOT_KNOWN, size, visible } from './text.js';

const FIGURES = [['peak', 'At peak'], ['live', 'Live'], ['leaked', 'Left'], ['allocated', 'Allocated'], ['allocations', 'Allocs']];
const textOf = (name) => (name === 'allocations' ? count : size);

function linesTab(app) {
  const { model } = app, { line } = model, front = app.state.own ? 'own' : 'line', frame = (i) => model.frames[line.frame[i] - 1];
  const columns = [];
  for (const [name, title] of [...FIGURES, ['increment', 'Increment']]) {
    const list = line[`${front}.${name}`];
    if (!list) continue;
    columns.push({ title, value: (i) => list[i], text: (i) => textOf(name)(list[i]), bar: name === 'peak', metric: name });
  }
  if (!app.state.own) {
    const rise = line['line.rise'], most = line['line.rise_most'], times = line['line.executions'];
    if (rise.length) columns.splice(1, 0, { title: 'Rise', help: 'Highest above where a run of the line began', value: (i) => rise[i], text: (i) => (most[i] ? '≥ ' : '') + size(rise[i]) });
    if (times?.some((n) => n > 0)) columns.push({ title: 'Count', help: 'Executions of the line', value: (i) => times[i] - 1, text: (i) => (times[i] ? count(times[i] - 1) : '') });
    if (line['line.resident'].some((n) => n !== 0)) columns.push({ title: 'Resident', help: 'Growth of the resident set seen at the line', value: (i) => line['line.resident'][i], text: (i) => size(line['line.resident'][i]) });
  }
  columns.push({ title: 'Line', name: true, value: (i) => frame(i).where, text: (i) => frame(i).full });
  const sort = Math.max(0, columns.findIndex((column) => column.metric === app.state.metric));
  const box = (id, text, on, set) => {
    const input = make('input', { type: 'checkbox', id, checked: on });
    input.addEventListener('change', () => set(input.checked));
    return make('label', {}, input, ` ${text} `);
  };
  const note = make('div', { class: 'tools' },
    box('own', 'own figures only: they add up', app.state.own, (on) => app.set({ own: on })),
    box('libraries', 'libraries and interpreter too', app.state.libraries, (on) => app.set({ libraries: on })));
  const table = new Table({ caption: 'Lines, ' + (app.state.own ? 'each by what it took itself or by way of libraries' : 'each with all that it calls'), columns, count: line.frame.length, sort, note, empty: 'No line has figures.', on: (i) => app.showFrame(line.frame[i] - 1) });
  app.filterLines = () => {
    const found = app.found, all = app.state.libraries;
    table.filtered((i) => (all || frame(i).function.own) && (!found || found[line.frame[i] - 1]));
  };
  app.filterLines();
  return table.element;
}

/** Call sites: rows of the tree with figures of their own. */
function sitesTab(app, metric, caption, empty) {
  const { model } = app, rows = [], own = model.own[metric];
  for (let i = 0; i < model.rows; i++) if (own[i] > 0) rows.push(i);
  const site = (i) => {
    const row = rows[i];
    if (!row) return NOT_KNOWN;
    if (model.frame[row] < 0) return `${model.folded[row]} others, folded, below ${model.frames[model.frame[model.parent[row]]]?.full ?? 'all'}`;
    let at = row;
    while (at > 0 && !(model.frames[model.frame[at]]?.function?.own)) at = model.parent[at];
    const inner = model.frames[model.frame[row]], own_ = at > 0 ? model.frames[model.frame[at]] : null;
    return own_ && at !== row ? `${own_.full}  ›  ${inner.label}` : inner.full;
  };
  const columns = FIGURES.filter(([name]) => model.own[name]).map(([name, title]) => ({
    title, value: (i) => model.own[name][rows[i]], text: (i) => textOf(name)(model.own[name][rows[i]]), bar: name === metric, metric: name,
  }));
  if (model.own.allocated) columns.push({ title: 'Mean', help: 'Bytes of an allocation, on average', value: (i) => model.own.allocated[rows[i]] / (model.own.allocations[rows[i]] || 1), text: (i) => size(Math.round(model.own.allocated[rows[i]] / (model.own.allocations[rows[i]] || 1))) });
  columns.push({ title: 'Call site', name: true, value: site, text: site });
  const table = new Table({ caption, columns, count: rows.length, sort: Math.max(0, columns.findIndex((column) => column.metric === metric)), empty, on: (i) => app.showRow(rows[i]) });
  app.filterLines = () => {
    const found = app.found;
    table.filtered(found ? (i) => model.stack(rows[i]).some((row) => model.frame[row] >= 0 && found[model.frame[row]]) : null);
  };
  app.filterLines();
  return table.element;
}

function leaksTab(app) {
  const { facts } = app.model, name = facts.questions?.kept_is === 'live' ? 'live' : 'leaked';
  const words = name === 'live' ? 'live when the program finished (the interpreter gives back its modules after that)' : facts.finished && facts.exit?.status !== undefined ? 'not given back after all destructors' : 'live when the log was read or the program ended';
  const kept = facts.questions?.kept, total = app.model.metric(name).total;
  const text = `${size(total)} were ${words}.` + (kept ? ` ${size(kept.runtimes.bytes)} of it are libraries', the interpreter's or the loader's own.` : '')
    + (kept?.unknown.bytes > 0 ? ` ${size(kept.unknown.bytes)} of it by ${NOT_KNOWN}.` : '');
  return make('div', {}, make('p', {}, text), sitesTab(app, name, `Call sites by what was ${words}`, 'Nothing was left.'));
}

function keysTab(app, which, title, nameOf, empty) {
  const { rows } = app.model.facts[which], columns = [
    ['at_peak_bytes', 'At peak', size], ['rise_bytes', 'Rise', size], ['live_bytes', 'Live', size], ['leaked_bytes', 'Left', size], ['allocated_bytes', 'Allocated', size], ['allocations', 'Allocs', count],
  ].filter(([name]) => rows.some((row) => row[name])).map(([name, head, text], k) => ({ title: head, value: (i) => rows[i][name] ?? 0, text: (i) => text(rows[i][name] ?? 0), bar: k === 0 }));
  if (rows.some((row) => row.own)) columns.splice(1, 0, { title: 'Own', help: 'At the peak, where the innermost frame is: own figures add up', value: (i) => rows[i].own?.at_peak_bytes ?? 0, text: (i) => size(rows[i].own?.at_peak_bytes ?? 0) });
  columns.push({ title, name: true, value: (i) => nameOf(rows[i]), text: (i) => nameOf(rows[i]) });
  return new Table({ caption: `Figures by ${title.toLowerCase()}`, columns, count: rows.length, empty }).element;
}

function processesTab(app) {
  const { processes, order } = app.family, depth = (p) => (p.parent === null ? 0 : 1 + depth(processes[p.parent]));
  const list = [], below = (i) => order.filter((k) => (i === null ? processes[k].parent === null : processes[k].parent === i)).forEach((k) => { list.push(k); below(k); });
  below(null);
  const at = (i) => processes[list[i]];
  const name = (i) => `${'\u00a0\u00a0\u00a0'.repeat(Math.min(20, depth(at(i))))}${at(i).exec ? 'exec ' : ''}${visible(at(i).command ?? at(i).log)}${at(i).pid ? `  (pid ${at(i).pid})` : ''}${at(i).page === null ? '' : '  ›'}`;
  const columns = [['peak_bytes', 'Peak', size], ['live_bytes', 'Live', size], ['allocated_bytes', 'Allocated', size], ['allocations', 'Allocs', count], ['below_allocated_bytes', 'with below', size]]
    .map(([key, title, text], k) => ({ title, value: (i) => at(i)[key], text: (i) => text(at(i)[key]), bar: k === 0 }));
  columns.push({ title: 'Process', name: true, value: (i) => i, text: name });
  const table = new Table({ caption: 'Processes; those marked with › are on this page in full', columns, count: list.length, sort: columns.length - 1, on: (i) => { if (at(i).page !== null) app.set({ process: at(i).page, at: '', pivot: null, source: null }); } });
  table.by(columns.length - 1);
  table.down = false;
  table.order();
  return table.element;
}

/** Of a page of two sides: the line of one's own that changed most. */
function mostChanged({ model, state }) {
  const items = model.diff ? lineItems(model, model.metric(state.metric), true).filter((item) => item.frame >= 0 && item.own) : [];
  return items.reduce((most, item) => (!most || Math.abs(item.change) > Math.abs(most.change) ? item : most), null)?.frame;
}

function sourceTab(app) {
  const { model } = app, weight = new Map(), diff = model.diff && lineItems(model, model.metric(app.state.metric), false), list = diff ? null : model.line[`line.${app.state.metric}`] ?? model.line['line.peak'];
  const weigh = (frame, value) => {
    const f = model.frames[frame]?.function;
    if (f) weight.set(f.id, Math.max(weight.get(f.id) ?? 0, value));
  };
  if (diff) diff.forEach((item) => weigh(item.frame, Math.abs(item.change)));
  else model.line.frame.forEach((frame, i) => weigh(frame - 1, list[i]));
  const ids = [...weight.keys()].filter((id) => model.source.has(id)).sort((a, b) => weight.get(b) - weight.get(a));
  const answer = model.frames[model.facts.questions?.peak.lines[0]?.frame ?? mostChanged(app)]?.function?.id;
  const chosen = app.state.source ?? (ids.includes(answer) ? answer : ids[0]);
  if (chosen !== undefined && !ids.includes(chosen)) ids.unshift(chosen);
  if (!ids.length) return make('p', { class: 'empty' }, 'The page has no source: it was made without, there is no debug information, or the files were not found.');
  const select = make('select', { 'aria-label': 'Function' }, ...ids.slice(0, 3000).map((id) => {
    const f = model.functions[id];
    return make('option', { value: id, selected: id === chosen }, `${f.short || f.module}  ${f.name}${weight.get(id) ? '  ' + textOf(app.state.metric)(weight.get(id)) : ''}`);
  }));
  select.addEventListener('change', () => app.set({ source: Number(select.value), line: 0 }));
  const view = listing(model, chosen, { around: app.state.line, metric: model.metric(app.state.metric) });
  requestAnimationFrame(() => view.querySelector('.chosen')?.scrollIntoView({ block: 'nearest' }));
  return make('div', {}, make('div', { class: 'tools' }, make('label', {}, 'Function ', select), make('span', {}, model.functions[chosen].file)), view);
}

/** The tabs that this page has something for: [id, title, make]. */
export function tabsOf(app) {
  if (app.model.diff) {
    const tabs = changesTabs(app);
    tabs.splice(1, 0, ['source', 'Source', () => sourceTab(app)]);
    return tabs;
  }
  const { facts } = app.model, tabs = [['lines', 'Lines', () => linesTab(app)], ['source', 'Source', () => sourceTab(app)],
    ['leaks', 'Leaks', () => leaksTab(app)], ['sites', 'Call sites', () => sitesTab(app, app.state.metric, `Call sites by ${app.state.metric}`, 'No call site has any.')],
    ['threads', 'Threads', () => keysTab(app, 'threads', 'Thread', (row) => row.thread || row.name || '(no name)', 'No thread has figures.')],
    ['modules', 'Modules', () => keysTab(app, 'modules', 'Module', (row) => row.module || 'Python code, and code of no module', 'No module is known.')],
    ['files', 'Files', () => keysTab(app, 'files', 'File', (row) => row.file || '(no source file is known)', 'No source file is known.')],
    ['classes', 'Classes', () => classesTab(facts)]];
  if (app.model.sizes.get(0)?.counts.length) tabs.push(['sizes', 'Sizes', () => sizesTab(app)]);
  if (app.family) tabs.push(['processes', 'Processes', () => processesTab(app)]);
  return tabs;
}

function classesTab(facts) {
  const names = Object.keys(facts.classes).filter((name) => facts.classes[name].allocations || facts.classes[name].releases), at = (i) => facts.classes[names[i]];
  const columns = [['peak_bytes', 'Peak', size], ['live_bytes', 'Live', size], ['leaked_bytes', 'Left', size], ['allocated_bytes', 'Allocated', size], ['released_bytes', 'Released', size], ['allocations', 'Allocs', count], ['releases', 'Releases', count]]
    .map(([key, title, text], k) => ({ title, value: (i) => at(i)[key], text: (i) => text(at(i)[key]), bar: k === 0 }));
  columns.push({ title: 'Class', name: true, value: (i) => names[i] });
  return new Table({ caption: 'Figures by class of memory; heap, anonymous and shared make up the level', columns, count: names.length, empty: 'Nothing was allocated.' }).element;
}


