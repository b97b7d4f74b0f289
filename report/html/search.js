// SPDX-License-Identifier: MIT
// What is typed in a search: bare text is literal, in any case, in function, file and module; /re/ and /re/i; file:, mod:, thread:,
// fn:, line:; "-" in front negates; a blank means and.

function matcher(text) {
  const found = /^\/(.+)\/(i?)$/.exec(text);
  if (found) {
    const pattern = new RegExp(found[1], found[2]);
    return (value) => pattern.test(value);
  }
  const low = text.toLowerCase();
  return (value) => value.toLowerCase().includes(low);
}

const FIELDS = {
  file: (f) => f.function?.file ?? '', mod: (f) => f.function?.module ?? '', fn: (f) => (f.function ? f.name : ''),
  line: (f) => (f.line ? String(f.line) : ''), thread: (f) => f.thread ?? '',
};
const anywhere = (f) => (f.function ? `${f.name}\n${f.where}\n${f.function.file}\n${f.function.module}` : f.thread);

/** The terms of a query; an error whose message is a sentence if a regular expression is wrong. */
export function parse(query) {
  const terms = [];
  for (const [word] of query.matchAll(/-?(?:\w+:)?\/(?:\\.|[^/\\])+\/i?(?=\s|$)|\S+/g)) {
    let text = word;
    const not = text.length > 1 && text[0] === '-';
    if (not) text = text.slice(1);
    const field = /^(file|mod|thread|fn|line):(.+)$/.exec(text);
    const test = matcher(field ? field[2] : text), value = field ? FIELDS[field[1]] : anywhere;
    const exact = field?.[1] === 'line' ? (f) => value(f) === field[2] : (f) => test(value(f));
    terms.push({ not, exact, thread: field?.[1] === 'thread' });
  }
  return terms;
}

/** By frame: it is what all terms ask for. */
export function framesOf(model, terms) {
  const found = new Uint8Array(model.frames.length);
  if (terms.length)
    model.frames.forEach((frame, i) => { found[i] = terms.every((term) => term.exact(frame) !== term.not) ? 1 : 0; });
  return found;
}

/** By row: a stack that ends there has a frame for each term, and none for the negated ones. Null: there are no terms. */
export function stacksOf(model, terms) {
  if (!terms.length) return null;
  const taken = new Uint8Array(model.rows).fill(1);
  for (const term of terms) {
    const frame = Uint8Array.from(model.frames, (f) => (term.exact(f) ? 1 : 0)), has = new Uint8Array(model.rows);
    for (let i = 1; i < model.rows; i++) has[i] = has[model.parent[i]] || (model.frame[i] >= 0 && frame[model.frame[i]]) ? 1 : 0;
    for (let i = 0; i < model.rows; i++) if (has[i] === (term.not ? 1 : 0)) taken[i] = 0;
  }
  return taken;
}

/** How many rows match, and what they come to, counted once at the outermost match. */
export function matched(model, found, total) {
  let rows = 0, sum = 0, inside = 0;
  for (let i = 1; i < model.rows; i++) {
    if (model.frame[i] < 0 || !found[model.frame[i]]) continue;
    rows++;
    if (i < inside) continue;
    sum += total[i];
    inside = model.end[i];
  }
  return { rows, sum };
}
