// SPDX-License-Identifier: MIT
// What two figures, of an old side and of a new one, come to: in words, and as a colour from blue by way of grey to orange.
import { figure } from './text.js';

const LEAST = 0.005; // of the whole: smaller changes between single runs are mostly by chance

/** `pair`: [old, new, margin or null]; `whole`: the pair of all. kind: new, gone, grew, shrank or same; shown: it is worth a colour;
 * chance: it is no more than runs of one side differ by. */
export function changeOf(pair, whole, model) {
  const [old, now] = pair.map((value) => (value === null ? null : Math.round(value))), margin = pair[2], change = now - old;
  const all = Math.max(Math.round(whole[0]), Math.round(whole[1]), 0), chance = change !== 0 && margin !== null && Math.abs(change) <= margin;
  const kind = !change ? 'same' : !old ? 'new' : !now ? 'gone' : change > 0 ? 'grew' : 'shrank';
  const shown = change !== 0 && !chance && (model.margin !== null || Math.abs(change) >= LEAST * all);
  return { old, now, change, chance, kind, shown, part: all ? Math.min(1, Math.abs(change) / all) : 0 };
}

const GREY = [213, 213, 213], MORE = [224, 108, 32], LESS = [64, 154, 214];

/** Half of the whole has all of the colour. */
export function colourOf({ change, shown, part }) {
  if (!shown) return `rgb(${GREY})`;
  const strength = 0.2 + 0.8 * Math.min(1, Math.sqrt(2 * part)), end = change > 0 ? MORE : LESS;
  return `rgb(${GREY.map((from, i) => Math.round(from + (end[i] - from) * strength))})`;
}

export const signed = (metric, value) => (value > 0 ? '+' : '') + figure(metric, value);

export function percent({ old, now, change }) {
  const text = old > 0 && now && change ? (100 * change / old).toFixed(1) : '0.0';
  return /^-?0\.0$/.test(text) ? '' : `${change > 0 ? '+' : ''}${text} %`;
}

export const word = ({ kind, chance }) => (chance ? 'by chance' : kind === 'same' ? '' : kind);

/** A sentence without its end. */
export function wordsOf(metric, one) {
  if (one.kind === 'same') return `${figure(metric, one.now)}, as before`;
  const more = percent(one);
  return `${figure(metric, one.old)} → ${figure(metric, one.now)}, ${signed(metric, one.change)}${more ? ` (${more})` : ''}${one.chance ? ', no more than runs of one side differ by' : `, ${one.kind}`}`;
}
