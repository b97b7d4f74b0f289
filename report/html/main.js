// SPDX-License-Identifier: MIT
// The page: holds what is looked at, and has each part draw it.
import { facts, unpack } from './data.js';
import { Boxes } from './boxes.js';
import { changeOf, wordsOf } from './change.js';
import { Curve } from './curve.js';
import { detail, stackText } from './detail.js';
import { button, by, copy, fill, make } from './dom.js';
import { COLOURS, Icicle } from './icicle.js';
import { help, keys } from './keys.js';
import { Model } from './model.js';
import { framesOf, matched, parse, stacksOf } from './search.js';
import { follow, linkOf, read, write } from './state.js';
import { summary } from './summary.js';
import { tabsOf } from './tabs.js';
import { figure, isExact, setExact, share, visible } from './text.js';

const narrow = matchMedia('(max-width: 799px)'), dark = matchMedia('(prefers-color-scheme: dark)');

class App {
  constructor() {
    this.models = new Map();
    this.family = document.getElementById('family-0') ? facts('family-0') : null;
    this.icicle = new Icicle(by('scroller'), by('canvas'), by('spacer'), {
      select: (box) => this.select(box), zoom: (box) => this.zoom(box), hover: (box) => { by('hover').textContent = box ? this.icicle.words(box) : ''; },
    });
    this.curve = new Curve(by('curve'), by('curve-words'));
    this.model = this.modelOf(0);
    const first = this.hashState();
    this.modelOf(first.process);
    this.controls();
    this.update(first);
    addEventListener('popstate', () => this.update(this.hashState()));
    addEventListener('hashchange', () => this.update(this.hashState()));
    narrow.addEventListener('change', () => this.tabs());
    dark.addEventListener('change', () => this.themed());
    keys(this);
  }

  modelOf(process) {
    if (!this.models.has(process)) this.models.set(process, new Model(document.getElementById(`facts-${process}`) ? process : 0));
    return this.models.get(process);
  }

  hashState() {
    return read(location.hash, (process) => this.modelOf(process), { metric: this.modelOf(0).facts.metric, theme: this.state?.theme ?? '' });
  }

  /** Look at something else. `typing`: the address changes, but "back" does not come here. */
  set(change, typing = false) {
    const state = { ...this.state, ...change };
    this.update(state);
    const hash = '#' + write(state, this.model);
    try {
      if (location.hash !== hash && !(hash === '#' && !location.hash)) history[typing ? 'replaceState' : 'pushState'](null, '', hash);
    } catch { /* a frame that may not */ }
  }

  update(state) {
    const old = this.state ?? {};
    this.state = state;
    const changed = (...names) => names.some((name) => old[name] !== state[name]);
    const model = this.modelOf(state.process), other = model !== this.model || !old.metric;
    this.model = model;
    if (other) this.begin();
    this.say('');
    if (other || changed('q')) this.search();
    if (model.diff) model.look(state.run);
    if (model.diff && !other && changed('metric')) summary(this);
    if (other || changed('filter', 'thread', 'metric', 'up', 'byFunction', 'pivot', 'libraries', 'run')) this.graph();
    if (other || changed('at', 'filter', 'thread', 'metric', 'up', 'byFunction', 'pivot', 'libraries', 'run')) this.zoomTo(state.at);
    if (other || changed('q', 'metric', 'filter', 'thread')) this.count();
    this.marked();
    this.pressed();
    if (other || changed('tab', 'metric', 'own', 'libraries', 'source', 'line', 'kind', 'all')) this.tabs();
    else if (changed('q')) this.filterLines?.();
  }

  /** Another log. */
  begin() {
    const { model } = this;
    fill(by('metric'), ...model.metrics.map((metric) => make('option', { value: metric.name }, metric.title)));
    const threads = [...new Set(model.frames.filter((f) => f.thread).map((f) => f.thread))].sort();
    by('thread-label').hidden = threads.length < 2;
    fill(by('thread'), make('option', { value: '' }, 'all'), ...threads.map((name) => make('option', { value: name }, name)));
    summary(this);
    by('colour-label').hidden = Boolean(model.diff);
    by('run-label').hidden = by('diff-legend').hidden = !model.diff;
    by('curve-legend').hidden = Boolean(model.diff);
    by('curves-legend').hidden = !model.diff;
    this.curve.show(model);
    this.icicle.selected = null;
    detail(this, null);
  }

  controls() {
    const on = (id, event, act) => by(id).addEventListener(event, act);
    on('metric', 'change', () => this.set({ metric: by('metric').value }));
    on('thread', 'change', () => this.set({ thread: by('thread').value, at: '' }));
    on('search', 'input', () => this.set({ q: by('search').value }, true));
    on('run', 'change', () => this.set({ run: by('run').value }));
    on('invert', 'click', () => this.set({ up: !this.state.up, at: '' }));
    on('by', 'click', () => this.set({ byFunction: !this.state.byFunction, at: '' }));
    on('frames', 'click', () => this.set({ libraries: !this.state.libraries }));
    on('reset', 'click', () => this.everything());
    on('help-open', 'click', () => help());
    on('colour', 'change', () => { this.icicle.colour = COLOURS[by('colour').value]; this.icicle.soon(); });
    if (!this.family) return;
    const pages = this.family.processes.filter((p) => p.page !== null).sort((a, b) => a.page - b.page);
    const all = pages.length && pages[0].page ? [make('option', { value: 0 }, 'all processes together')] : [];
    by('process-label').hidden = pages.length + all.length < 2;
    fill(by('process'), ...all, ...pages.map((p) => make('option', { value: p.page }, `${visible((p.command ?? p.log).slice(0, 60))}${p.pid ? ` (pid ${p.pid})` : ''}`)));
    on('process', 'change', () => this.set({ process: Number(by('process').value), at: '', pivot: null, source: null, filter: '', thread: '' }));
  }

  search() {
    const field = by('search');
    if (field.value !== this.state.q) field.value = this.state.q;
    field.removeAttribute('aria-invalid');
    this.found = null;
    if (!this.state.q.trim()) return;
    try {
      this.found = framesOf(this.model, parse(this.state.q));
    } catch (error) {
      field.setAttribute('aria-invalid', 'true');
      by('found').textContent = `not a regular expression: ${error.message}`;
    }
  }

  /** How much of the figure the search has found. */
  count() {
    const place = by('found');
    if (!this.found) {
      if (!by('search').hasAttribute('aria-invalid')) place.textContent = '';
      return;
    }
    const { rows, sum } = matched(this.model, this.found, this.boxes.total), metric = this.model.metric(this.state.metric);
    place.textContent = rows ? `${rows.toLocaleString('en')} boxes, ${figure(metric, sum)}, ${share(sum, this.boxes.total[0])} matched` : 'nothing matches';
  }

  graph() {
    const { model, state } = this;
    let taken = null;
    try {
      taken = stacksOf(model, parse(state.filter));
    } catch { this.say('The filter is not a regular expression.'); }
    this.filtered = taken !== null || state.thread !== '';
    this.boxes = new Boxes(model, { metric: state.metric, byFunction: state.byFunction, up: state.up, pivot: state.pivot, taken, threads: state.thread, libraries: state.libraries });
    this.icicle.selected = null;
    const metric = model.metric(state.metric), whole = this.boxes.root.value;
    if (model.diff) {
      const of = { both: 'the larger of the old and the new run, at each call site', new: 'the new run', old: 'the old run' }[state.run];
      by('unit').textContent = `Width: ${metric.phrase}${metric.bytes ? ' (bytes)' : ''} in ${of}. All: ${wordsOf(metric, changeOf(this.boxes.pair(this.boxes.root), this.boxes.pair(this.boxes.root), model))}.`;
      return this.chips();
    }
    by('unit').textContent = whole > 0 ? `Width: ${metric.phrase ?? metric.title}${metric.bytes ? ' (bytes)' : ''}; ${figure(metric, whole)} in all${state.up ? '. What allocates on top, its callers below' : ''}.`
      : `Nothing is ${metric.phrase ?? metric.title}${this.filtered ? ' in these stacks' : ''}.`;
    this.chips();
  }

  zoomTo(link) {
    const { box, whole } = follow(this.model, this.boxes, link);
    this.icicle.show(this.boxes, this.model.metric(this.state.metric), box);
    by('scroller').scrollTop = 0;
    if (!whole) this.say('What this link leads to is not on this page; the nearest caller is shown.');
    this.crumbs(box);
    this.describe();
    if (link) this.select(box, true);
    else if (!this.icicle.selected) detail(this, null);
  }

  crumbs(box) {
    const path = [box, ...[...function* () { for (let at = box.parent; at; at = at.parent) yield at; }()]].reverse();
    const shown = path.length > 14 ? [path[0], null, ...path.slice(-12)] : path;
    fill(by('crumbs'), ...(path.length < 2 ? [] : shown.map((one) => (one ? button(this.icicle.label(one), () => this.zoom(one), { 'aria-current': one === box ? 'location' : null }) : make('span', {}, '…')))));
  }

  /** The graph for those who don't see it: its three widest boxes. */
  describe() {
    const { icicle, boxes } = this, top = boxes.children(icicle.zoomed).slice(0, 3).map((box) => icicle.words(box));
    by('canvas').setAttribute('aria-label', `Graph of stacks. ${top.join('. ')}`);
  }

  chips() {
    const { state } = this, chip = (text, off) => make('span', { class: 'chip' }, text, button('×', () => this.set(off), { 'aria-label': `Remove ${text}` }));
    fill(by('chips'), state.filter ? chip(`stacks with ${state.filter}`, { filter: '', at: '' }) : null, state.thread ? chip(`thread ${state.thread}`, { thread: '', at: '' }) : null,
      state.pivot !== null ? chip(`from ${state.pivot.replace('\n', '  ')}`, { pivot: null, at: '' }) : null);
  }

  marked() {
    this.icicle.found = this.found;
    this.icicle.soon();
  }

  pressed() {
    const { state } = this;
    by('invert').setAttribute('aria-pressed', state.up);
    by('by').setAttribute('aria-pressed', state.byFunction);
    by('frames').setAttribute('aria-pressed', state.libraries);
    by('metric').value = state.metric;
    by('run').value = state.run;
    by('thread').value = state.thread;
    if (this.family) by('process').value = state.process;
  }

  tabs() {
    const list = tabsOf(this);
    if (narrow.matches) list.push(['graph', 'Graph', () => make('p', {}, 'The graph stands above.')]);
    const now = list.find(([id]) => id === this.state.tab) ?? list[0], panel = by('panel');
    by('split').classList.toggle('folded', narrow.matches && now[0] !== 'graph');
    const focused = by('tabs').contains(document.activeElement);
    fill(by('tabs'), ...list.map(([id, name], i) => button(name, () => this.set({ tab: id }), {
      role: 'tab', id: `tab-${id}`, 'aria-selected': String(id === now[0]), 'aria-controls': 'panel', tabindex: id === now[0] ? 0 : -1, title: `${name} (${i + 1})`,
    })));
    panel.setAttribute('aria-labelledby', `tab-${now[0]}`);
    this.filterLines = null;
    fill(panel, now[2]());
    if (focused) by(`tab-${now[0]}`).focus();
    if (narrow.matches && now[0] === 'graph') this.icicle.soon();
  }

  select(box, quiet = false) {
    const { icicle } = this;
    icicle.selected = box;
    icicle.reveal(box);
    detail(this, box.root && this.boxes.pivot === null ? null : box);
    by('split').classList.toggle('chosen', !box.root);
    if (!quiet) this.say(icicle.words(box));
  }

  say(text) {
    clearTimeout(this.saying);
    this.saying = setTimeout(() => { by('said').textContent = text; }, 250);
    if (text) by('hover').textContent = text;
  }

  zoom(box) {
    if (!box.small && !box.others) this.set({ at: linkOf(this.model, box) });
  }

  everything() { this.set({ at: '', pivot: null, filter: '', thread: '', q: '' }); }
  pivot(key) { this.set({ pivot: key, at: '' }); }
  focus(frame) { this.set({ filter: this.#term(frame), at: '' }); }
  drop(frame) { this.set({ filter: `${this.state.filter} -${this.#term(frame)}`.trim(), at: '' }); }

  #term(frame) {
    const name = frame.name.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&').replace(/\s/g, '\\s');
    return `fn:/^${name}$/`;
  }

  /** Something that stands in a table: its heaviest row is shown in the graph's colours and in the details. */
  showFrame(frame) {
    const { boxes, model } = this;
    let best = 0;
    for (let i = 1; i < model.rows; i++) if (model.frame[i] === frame && (!best || boxes.total[i] > boxes.total[best])) best = i;
    if (best) return this.showRow(best);
    const f = model.frames[frame];
    this.select({ parent: boxes.root, depth: 1, frame, rows: [], value: 0, key: frame, folded: 0 }, true);
    return f?.function && this.say(`${f.full} has no row of its own in the graph: it was folded.`);
  }

  showRow(row) {
    const { boxes, model } = this;
    let box = boxes.root;
    if (!this.state.up && this.state.pivot === null)
      for (const at of model.stack(row).reverse()) if (boxes.drawn(at)) box = boxes.children(box).find((child) => child.rows.includes(at)) ?? box;
    if (box.root) box = { parent: boxes.root, depth: 1, frame: model.frame[row], rows: [row], value: boxes.total[row], key: boxes.key(row), folded: 0 };
    this.select(box);
  }

  showSource(id, line) { this.set({ tab: 'source', source: id, line: line || 0 }); by('panel').scrollIntoView({ block: 'nearest' }); }

  async copyStack() {
    const box = this.icicle.selected;
    if (box) this.say((await copy(stackText(this, box))) ? 'The stack was copied.' : 'The browser does not let this page copy.');
  }

  theme() {
    const now = document.documentElement.dataset.theme || (dark.matches ? 'dark' : 'light');
    document.documentElement.dataset.theme = now === 'dark' ? 'light' : 'dark';
    this.themed();
  }

  themed() {
    this.curve.show(this.model);
    this.icicle.soon();
  }

  exact() {
    setExact(!isExact());
    summary(this);
    this.curve.show(this.model);
    this.graph();
    this.zoomTo(this.state.at);
    this.tabs();
  }
}

async function start() {
  try {
    await Promise.all([unpack('facts-0'), unpack('columns-0')]);
    const app = new App();
    window.memtrace = app; // for the console, and for tests
    performance.mark('memtrace-ready');
    document.documentElement.dataset.ready = 'yes';
  } catch (error) {
    by('problem').hidden = false;
    by('problem').textContent = error.message;
    document.documentElement.dataset.ready = 'no';
  }
}
start();


