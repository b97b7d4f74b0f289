// SPDX-License-Identifier: MIT
// What is looked at, in the page's address behind "#". Frames stand there by hashes of their names, so that a link lives on in a page
// that is made anew.
import { hash24 } from './model.js';
import { pathOf } from './boxes.js';

export const USUAL = { process: 0, tab: 'lines', metric: 'peak', up: false, byFunction: false, thread: '', q: '', filter: '', pivot: null, at: '', source: null, line: 0, own: false, libraries: false, theme: '', run: 'both', kind: 'changed', all: false };

const NAMES = { p: 'process', v: 'tab', m: 'metric', th: 'thread', q: 'q', f: 'filter', at: 'at', w: 'run', k: 'kind' };

const tokenOf = (frame) => (frame ? hash24(frame.key) + (frame.line || frame.returns ? hash24(`line ${frame.line}`).slice(0, 2) : 'AA') : '------');

/** The way to a box, six characters a frame. */
export const linkOf = (model, box) => pathOf(box).map((b) => tokenOf(model.frames[b.frame])).join('');

/** The box that a link leads to, or the nearest one outward; `whole`: it is the one that was meant. */
export function follow(model, boxes, link) {
  let box = boxes.root;
  for (let i = 0; i + 6 <= link.length; i += 6) {
    const token = link.slice(i, i + 6), children = boxes.children(box).filter((b) => b.frame >= 0);
    const next = children.find((b) => tokenOf(model.frames[b.frame]) === token) ?? children.find((b) => tokenOf(model.frames[b.frame]).slice(0, 4) === token.slice(0, 4));
    if (!next) return { box, whole: false };
    box = next;
  }
  return { box, whole: true };
}

export function write(state, model) {
  const out = new URLSearchParams();
  for (const [name, key] of Object.entries(NAMES)) if (state[key] !== USUAL[key] && state[key]) out.set(name, state[key]);
  if (state.up) out.set('dir', 'up');
  if (state.byFunction) out.set('by', 'function');
  if (state.own) out.set('own', '1');
  if (state.libraries) out.set('all', '1');
  if (state.all) out.set('calls', '1');
  if (state.pivot !== null) out.set('pivot', hash24(state.pivot));
  if (state.source !== null) out.set('src', hash24(functionKey(model.functions[state.source])) + (state.line ? `.${state.line}` : ''));
  return out.toString();
}

const functionKey = (f) => `${f.name}\n${f.short}`;

/** Of what is behind "#", with all that is not told as it usually is. `model(process)` gives the log. */
export function read(hash, modelOf, usual) {
  const given = new URLSearchParams(hash.replace(/^#/, '')), state = { ...USUAL, ...usual };
  for (const [name, key] of Object.entries(NAMES)) if (given.has(name)) state[key] = given.get(name);
  state.process = Number(state.process) || 0;
  const model = modelOf(state.process);
  if (!model.metric(state.metric)) state.metric = model.facts.metric;
  state.up = given.get('dir') === 'up';
  state.byFunction = given.get('by') === 'function';
  state.own = given.get('own') === '1';
  state.all = given.get('calls') === '1';
  if (!['both', 'new', 'old'].includes(state.run)) state.run = 'both';
  state.libraries = given.get('all') === '1';
  if (given.has('pivot')) state.pivot = model.frames.find((f) => f.function && hash24(f.key) === given.get('pivot'))?.key ?? null;
  if (given.has('src')) {
    const [name, line] = given.get('src').split('.'), f = model.functions.find((one) => hash24(functionKey(one)) === name);
    state.source = f ? f.id : null;
    state.line = Number(line) || 0;
  }
  return state;
}
