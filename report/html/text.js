// SPDX-License-Identifier: MIT
// Texts for people: sizes, counts, shares, and foreign names so that they can do no harm.

/** A row of what the log had no space for. */
export const NOT_KNOWN = 'call sites that are not known: the log was full';

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];
let exact = false;
export const setExact = (on) => { exact = on; };
export const isExact = () => exact;

export function count(value) {
  return Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, ',');
}

/** Bytes as all of memtrace's tables have them: three digits, or up to 1,023 bytes the number itself. */
export function size(bytes) {
  if (bytes < 0) return '-' + size(-bytes);
  if (exact || bytes < 1024) return count(bytes) + ' B';
  let unit = 0, value = bytes;
  while (value >= 1024 && unit < UNITS.length - 1) { value /= 1024; unit++; }
  if (value >= 999.5 && unit < UNITS.length - 1) { value /= 1024; unit++; }
  return value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0) + ' ' + UNITS[unit];
}

export const figure = (metric, value) => (metric.bytes ? size(value) : count(value));

export function share(part, whole) {
  return whole > 0 ? (100 * part / whole).toFixed(1) + ' %' : '';
}

export function seconds(ns) {
  const s = ns / 1e9;
  return s >= 100 ? s.toFixed(0) + ' s' : s.toFixed(3) + ' s';
}

// Control characters, what reorders text, and what takes no room are shown as escapes.
const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;
/** Foreign text that can be shown. */
export function visible(text) {
  return text.replace(HIDDEN, (c) => {
    const code = c.charCodeAt(0);
    return code < 0x100 ? '\\x' + code.toString(16).padStart(2, '0') : '\\u' + code.toString(16).padStart(4, '0');
  });
}

/** A C++ or Rust name without what is in <...>, for little room. */
export function shorten(name) {
  let out = '', depth = 0;
  if (!name.includes('<') || name[0] === '<' || /operator *[<>]/.test(name)) return name;
  for (const c of name) {
    if (c === '<') { if (depth++ === 0) out += '<…>'; } else if (c === '>') depth = Math.max(0, depth - 1); else if (!depth) out += c;
  }
  return out;
}

/** A cell of a table that is copied: nothing a spreadsheet takes for a formula. */
export function cell(text) {
  const plain = String(text).replace(/[\t\n\r]/g, ' ');
  return /^[=+\-@]/.test(plain) && !/^-?[\d.,]+( \w+| %)?$/.test(plain) ? "'" + plain : plain;
}
