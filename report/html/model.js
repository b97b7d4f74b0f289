// SPDX-License-Identifier: MIT
// A log: its names, and the tree of stacks in pre-order with the figures of each row. Row 0 is the root.
import { body, facts, Columns } from './data.js';
import { readSizes } from './sizes.js';
import { shorten } from './text.js';

const base = (path) => path.slice(path.lastIndexOf('/') + 1) || path;

/** 24 bits of a text, as four characters: links name frames by it. */
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
export function hash24(text) {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h ^= h >>> 15;
  h = Math.imul(h, 0x2c1b3c6d);
  h ^= h >>> 13;
  return DIGITS[h & 63] + DIGITS[(h >>> 6) & 63] + DIGITS[(h >>> 12) & 63] + DIGITS[(h >>> 18) & 63];
}

/** A member that is made when it is asked for first. */
function lazy(object, name, value) {
  Object.defineProperty(object, name, {
    configurable: true, enumerable: true,
    get() {
      const made = value();
      Object.defineProperty(object, name, { value: made, enumerable: true });
      return made;
    },
  });
}

export class Model {
  constructor(index) {
    this.facts = facts(`facts-${index}`);
    const columns = new Columns(body(`columns-${index}`), this.facts.columns);
    this.columns = columns;
    this.metrics = this.facts.metrics;
    this.diff = this.facts.diff ?? null; // of two sides: what was held in runs of each, on average
    this.#names(columns);
    this.#tree(columns);
    this.#lines(columns);
    lazy(this, 'sizes', () => (this.diff ? new Map() : readSizes(columns)));
    this.time = this.#time(columns, '');
    if (this.diff) this.oldTime = this.#time(columns, 'old.');
  }

  #time(columns, side) {
    const numbers = (name, signed) => columns.numbers(`${side}time.${name}`, signed);
    const time = { at: numbers('at', true), level: numbers('level'), high: numbers('high'), resident: numbers('resident') };
    for (let i = 1; i < time.at.length; i++) time.at[i] += time.at[i - 1];
    return time;
  }

  #names(columns) {
    const texts = ['', ...columns.texts('text')];
    const name = columns.numbers('function.name'), file = columns.numbers('function.file'), short = columns.numbers('function.short');
    const module = columns.numbers('function.module'), language = columns.numbers('function.language'), rank = columns.numbers('function.rank');
    this.functions = [...name].map((n, i) => ({
      id: i, name: texts[n] ?? '', file: texts[file[i]] ?? '', short: texts[short[i]] ?? '', module: texts[module[i]] ?? '',
      language: this.facts.languages[language[i]] ?? 'native', rank: rank[i], own: rank[i] <= this.facts.own_rank,
    }));
    const of = columns.numbers('frame.function'), line = columns.numbers('frame.line'), address = columns.numbers('frame.address'), tail = columns.numbers('frame.tail');
    this.frames = [...of].map((f, i) => this.#frame(i, this.functions[f - 1], line[i], address[i], tail[i]));
    this.frames.forEach((frame, i) => { frame.id = i; });
    if (!this.diff) return;
    const was = columns.numbers('frame.was'), gone = columns.numbers('frame.gone');
    this.frames.forEach((frame, i) => {
      frame.was = was[i];
      if (gone[i]) Object.assign(frame, { gone: true, where: `${frame.where} (old)`, label: `${frame.label} (old)`, full: `${frame.full} (old)` });
    });
  }

  #frame(id, f, code, address, tail) {
    if (!f) {
      const name = this.facts.thread_names[code] || `thread ${code}`;
      return { thread: name, function: null, key: `thread ${name}`, name, where: '', line: 0, label: name, full: `thread ${name}` };
    }
    const line = code > 1 ? code - 1 : 0, module = base(f.module);
    const name = (f.name || `${module || '?'}+0x${address.toString(16)}`) + ['', ' (tail call)', ' (at times tail call)'][tail];
    const where = f.short ? f.short + (code === 1 ? ': on return' : line ? ':' + line : '') : module;
    return {
      function: f, name, line, returns: code === 1, where, label: `${f.language === 'Python' ? name : shorten(name)}${where ? '  ' + where : ''}`,
      key: `${name}\n${base(f.short || f.module)}`, full: `${name}${where ? '  ' + where : ''}`,
    };
  }

  #tree(columns) {
    const up = columns.numbers('tree.up', false, Int32Array), frame = columns.numbers('tree.frame', false, Int32Array), others = columns.numbers('tree.folded');
    const rows = up.length + 1;
    this.rows = rows;
    this.parent = new Int32Array(rows);
    this.level = new Int32Array(rows);
    this.end = new Int32Array(rows); // one past the last row below
    this.frame = new Int32Array(rows); // -1: others, or the root
    this.folded = new Uint32Array(rows); // of rows of others: nodes that they stand for
    this.frame[0] = -1;
    const { parent, level, end, folded } = this, known = this.frames.length;
    const path = new Int32Array(rows); // to the row before: that of each level
    let depth = 0, next = 0;
    for (let i = 1; i < rows; i++) {
      const keep = depth + 1 - up[i - 1], f = frame[i - 1] - 1;
      if (keep < 1 || f >= known) throw new Error('The tree of this page is damaged.');
      for (; depth >= keep; depth--) end[path[depth]] = i;
      parent[i] = path[depth];
      level[i] = keep;
      this.frame[i] = f;
      if (f < 0) folded[i] = others[next++];
      path[++depth] = i;
    }
    for (; depth >= 0; depth--) end[path[depth]] = rows;
    this.own = {};
    this.totals = {};
    const made = (to, metric, name, first, runs = 1) => lazy(to, metric.name, () => {
      const list = new Float64Array(rows);
      list.set(columns.numbers(`${name}tree.${metric.name}`, true), 1);
      list[0] = first;
      return runs > 1 ? list.map((value) => value / runs) : list;
    });
    if (this.diff) this.#sides(made);
    else for (const metric of this.metrics) made(this.own, metric, '', metric.own);
  }

  /** Of two sides: the figures of each, and by row the larger of both, which boxes are as wide as. */
  #sides(made) {
    const [old, now] = this.diff.sides, several = old.runs + now.runs > 2;
    this.by = { old: {}, new: {}, both: {} };
    this.totalsBy = { old: {}, new: {}, both: {} };
    this.margin = several ? {} : null; // by row: changes of its total that are no larger are by chance
    for (const metric of this.metrics) {
      made(this.by.new, metric, '', metric.own, now.runs);
      made(this.by.old, metric, 'old.', metric.old_own, old.runs);
      if (several) made(this.margin, metric, 'margin.', metric.margin);
      lazy(this.by.both, metric.name, () => this.by.new[metric.name].map((value, i) => Math.max(value, this.by.old[metric.name][i])));
    }
    this.look('both');
  }

  /** How wide boxes are: 'both', 'new' or 'old'. */
  look(which) {
    this.own = this.by[which];
    this.totals = this.totalsBy[which];
  }

  /** By row: the total of one side. */
  totalOf(which, name) {
    return this.totalsBy[which][name] ??= this.sum(this.by[which][name]);
  }

  #lines(columns) {
    const names = Object.keys(this.facts.columns).filter((name) => /^(?:old\.|margin\.)?(?:line|own)\.(?!frame|rise)/.test(name));
    this.line = { frame: columns.numbers('line.frame', false, Int32Array) };
    for (const name of names) lazy(this.line, name, () => columns.numbers(name, name !== 'line.executions'));
    for (const name of this.diff ? [] : ['line.rise', 'line.rise_most']) lazy(this.line, name, () => columns.numbers(name));
  }

  metric(name) { return this.metrics.find((metric) => metric.name === name); }

  /** By row: its own and all that is below it. */
  total(name) {
    return this.totals[name] ??= this.sum(this.own[name]);
  }

  sum(own) {
    const total = Float64Array.from(own), { parent } = this;
    for (let i = this.rows - 1; i > 0; i--) total[parent[i]] += total[i];
    return total;
  }

  /** The source that the page has: by function, Map of line to text. Made when it is asked for. */
  get source() {
    if (this.sources) return this.sources;
    this.sources = new Map();
    const f = this.columns.numbers('source.function'), delta = this.columns.numbers('source.line', true), text = this.columns.texts('source.text');
    for (let i = 0, line = 0; i < f.length; i++) {
      line = i && f[i] === f[i - 1] ? line + delta[i] : delta[i];
      if (!this.sources.has(f[i])) this.sources.set(f[i], new Map());
      this.sources.get(f[i]).set(line, text[i] ?? '');
    }
    return this.sources;
  }

  /** Of two sides: by frame that is gone, what its line said. */
  get gone() {
    const frame = this.columns.numbers('gone.frame'), text = this.columns.texts('gone.text'), list = new Map([...frame].map((id, i) => [id, text[i] ?? '']));
    Object.defineProperty(this, 'gone', { value: list });
    return list;
  }

  /** Rows outward from one, without the root. */
  stack(row) {
    const list = [];
    for (let at = row; at > 0; at = this.parent[at]) list.push(at);
    return list;
  }
}
