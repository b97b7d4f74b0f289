// SPDX-License-Identifier: MIT
// Annotated source: the figures of memtrace lines beside the code.
import { lineItems, narrow } from './changes.js';
import { signed, word } from './change.js';
import { fill, make } from './dom.js';
import { count, figure, size } from './text.js';

const WORDS = new Set(('and as assert async await break case class const continue def default del do elif else enum except extern finally fn for from global goto if impl import in is '
  + 'lambda let loop match mod mut namespace new None nonlocal not nullptr NULL operator or pass private public pub raise return self sizeof static struct switch template this throw True False '
  + 'try typedef typename union unsafe use using virtual void while with yield int char long unsigned size_t bool auto float double').split(' '));
const TOKENS = /(#(?!\s*(?:include|define|if|ifdef|ifndef|else|elif|endif|pragma)\b).*|\/\/.*|\/\*.*?(?:\*\/|$))|("(?:\\.|[^"\\])*"?|'(?:\\.|[^'\\])*'?)|\b([A-Za-z_]\w*)\b|\b(\d[\w.]*)/g;

/** A line of code with comments, strings, words and numbers told apart. */
export function code(text, python) {
  const line = make('code');
  let at = 0;
  for (const found of text.matchAll(TOKENS)) {
    const [all, comment, string, word, number] = found;
    if (comment && comment[0] === '#' !== python) continue;
    const kind = comment ? 'comment' : string ? 'string' : number ? 'number' : WORDS.has(word) ? 'word' : null;
    if (!kind) continue;
    line.append(text.slice(at, found.index), make('span', { class: kind }, all));
    at = found.index + all.length;
  }
  line.append(text.slice(at));
  return line;
}

const COLUMNS = [['line.peak', 'At peak', size], ['line.live', 'Live', size], ['line.rise', 'Rise', size], ['line.allocated', 'Allocated', size], ['line.allocations', 'Allocs', count]];

/** What is at each line of two sides: cells; and what is gone with its line. */
function sidesOf(model, f, metric, compact) {
  const rows = new Map(), gone = [];
  for (const item of lineItems(model, metric, false)) {
    const at = model.frames[item.frame];
    if (at.function !== f) continue;
    if (at.gone) gone.push([at, item]);
    else rows.set(at.returns ? Infinity : at.line, item);
  }
  const titles = compact || narrow.matches ? ['Change'] : ['Change', 'Old', 'New', 'What'];
  const cells = (item) => {
    const tint = item?.shown ? (item.change > 0 ? 'more' : 'less') : '', all = item ? [item.change ? signed(metric, item.change) : '0', item.old ? figure(metric, item.old) : '', item.now ? figure(metric, item.now) : '', word(item)] : [];
    return titles.map((title, k) => make('td', { class: `figure ${k ? '' : tint}` }, all[k] ?? ''));
  };
  return { rows, titles, cells, gone: gone.sort(([a], [b]) => a.line - b.line) };
}

/** As listing, of two sides: lines of the new source, then those of the old one that are gone. */
function changesListing(model, id, { only, around, compact, metric }) {
  const f = model.functions[id], texts = model.source.get(id) ?? new Map(), { rows, titles, cells, gone } = sidesOf(model, f, metric, compact), python = f.language === 'Python';
  const body = make('tbody'), line = (number, item, text, marked) => make('tr', { class: marked }, ...cells(item), number === null ? make('td') : make('th', { scope: 'row', class: 'figure number' }, String(number)), make('td', { class: 'code' }, text));
  let before = 0;
  for (const at of [...new Set([...texts.keys(), ...rows.keys()])].filter(Boolean).sort((a, b) => a - b)) {
    if (only && (at < only[0] || at > only[1])) continue;
    if (before && at > before + 1 && at !== Infinity) body.append(make('tr', { class: 'gap' }, make('td', { colspan: titles.length + 2 }, '⋯')));
    before = at;
    body.append(line(at === Infinity ? null : at, rows.get(at), at === Infinity ? 'on return' : texts.has(at) ? code(texts.get(at), python) : '', at === around ? 'chosen' : ''));
  }
  if (gone.length && !only) body.append(make('tr', { class: 'gap' }, make('td', { colspan: titles.length + 2 }, 'gone, with their lines in the old source')));
  for (const [at, item] of only ? [] : gone) body.append(line(at.line, item, model.gone.has(at.id) ? code(model.gone.get(at.id), python) : '', 'was'));
  const head = make('tr', {}, ...titles.map((text) => make('th', { scope: 'col', class: 'figure' }, text)), make('th', { scope: 'col', class: 'figure' }, 'Line'), make('th', { scope: 'col' }, 'Source'));
  return { texts, any: body.childNodes.length > 0, table: make('table', {}, make('caption', { class: 'aside' }, `${f.name}, ${f.file}, ${metric.phrase}`), make('thead', {}, head), body) };
}

/** The lines of function `id` from `first` to `last`; `around`: a line to bring into sight. */
export function listing(model, id, { only = null, around = 0, compact = false, metric = null } = {}) {
  if (model.diff) {
    const f = model.functions[id], { texts, any, table } = changesListing(model, id, { only, around, compact, metric }), none = () => make('p', { class: 'empty' }, whyNone(model, f));
    return make('div', { class: 'listing', tabindex: 0, role: 'region', 'aria-label': `${compact ? 'Lines around' : 'Source of'} ${f.name}` }, texts.size || !any ? '' : none(), any ? table : none());
  }
  const f = model.functions[id], texts = model.source.get(id) ?? new Map(), rows = new Map(), lines = new Set(texts.keys());
  model.line.frame.forEach((frame, i) => {
    const at = model.frames[frame - 1];
    if (at?.function !== f) return;
    const line = at.returns ? Infinity : at.line;
    rows.set(line, i);
    if (line) lines.add(line);
  });
  const most = Math.max(1, ...[...rows.values()].map((i) => model.line['line.peak'][i])), columns = compact ? COLUMNS.slice(0, 1) : COLUMNS;
  const body = make('tbody');
  let before = 0;
  for (const line of [...lines].sort((a, b) => a - b)) {
    if (only && (line < only[0] || line > only[1])) continue;
    if (before && line > before + 1 && line !== Infinity) body.append(make('tr', { class: 'gap' }, make('td', { colspan: columns.length + 2 }, '⋯')));
    before = line;
    const i = rows.get(line), row = make('tr', { class: line === around ? 'chosen' : '' });
    for (const [name, , text] of columns) {
      const value = i === undefined ? null : model.line[name][i];
      const item = make('td', { class: 'figure' }, value ? (name === 'line.rise' && model.line['line.rise_most'][i] ? '≥ ' : '') + text(value) : '');
      if (name === 'line.peak' && value > 0) {
        const bar = make('i', { class: 'bar', 'aria-hidden': 'true' });
        bar.style.width = `${100 * value / most}%`;
        item.prepend(bar);
      }
      row.append(item);
    }
    row.append(line === Infinity ? make('td') : make('th', { scope: 'row', class: 'figure number' }, String(line)),
      make('td', { class: 'code' }, line === Infinity ? 'on return' : texts.has(line) ? code(texts.get(line), f.language === 'Python') : ''));
    body.append(row);
  }
  const head = make('tr', {}, ...columns.map(([, title]) => make('th', { scope: 'col', class: 'figure' }, title)), make('th', { scope: 'col', class: 'figure' }, 'Line'), make('th', { scope: 'col' }, 'Source'));
  const why = texts.size || !lines.size ? null : make('p', { class: 'empty' }, whyNone(model, f));
  return fill(make('div', { class: 'listing', tabindex: 0, role: 'region', 'aria-label': `${compact ? 'Lines around' : 'Source of'} ${f.name}` }), why, lines.size ? make('table', {}, make('caption', { class: 'aside' }, `${f.name}, ${f.file}`), make('thead', {}, head), body)
    : make('p', { class: 'empty' }, whyNone(model, f)));
}

function whyNone(model, f) {
  if (model.facts.redacted) return 'This page was made without source (--redact).';
  if (model.facts.source === 'none') return 'This page was made without source (--source none).';
  if (!f.file) return 'No source file is known for this function: its program was built without debug information.';
  if (!f.own) return 'The page carries the source of your own code only.';
  return 'The source was not found when the page was made, has changed since the run, or there was no room for it.';
}
