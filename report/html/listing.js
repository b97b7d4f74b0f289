// SPDX-License-Identifier: MIT
// Annotated source: the figures of memtrace lines beside the code.
import { fill, make } from './dom.js';
import { count, size } from './text.js';

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

/** The lines of function `id` from `first` to `last`; `around`: a line to bring into sight. */
export function listing(model, id, { only = null, around = 0, compact = false } = {}) {
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
