// SPDX-License-Identifier: MIT
// What is packed in the page: base64 of a container (report/page/bytes.h) with a raw deflate stream. Nothing of it is trusted.
import { inflateSync } from 'fflate';
import { visible } from './text.js';

const TEXT_MOST = 4200, BODY_MOST = 1 << 30;

function fromBase64(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const raw = atob(text), bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return bytes;
}

let tables;
/** Four bytes at a time: table k is that of a byte with k zeros behind it. */
export function crc32(bytes) {
  if (!tables) {
    tables = [0, 1, 2, 3].map(() => new Uint32Array(256));
    for (let i = 0; i < 256; i++) {
      let c = i;
      for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
      tables[0][i] = c;
    }
    for (let k = 1; k < 4; k++)
      for (let i = 0; i < 256; i++) tables[k][i] = tables[0][tables[k - 1][i] & 255] ^ (tables[k - 1][i] >>> 8);
  }
  const [t0, t1, t2, t3] = tables;
  let crc = -1, i = 0;
  for (; i + 4 <= bytes.length; i += 4) {
    crc ^= bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24);
    crc = t3[crc & 255] ^ t2[(crc >>> 8) & 255] ^ t1[(crc >>> 16) & 255] ^ t0[crc >>> 24];
  }
  for (; i < bytes.length; i++) crc = t0[(crc ^ bytes[i]) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** The parts of a stream: its packed bytes, and what its head says of the unpacked ones. */
function packed(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`This page has no part called ${id}.`);
  const bytes = fromBase64(element.textContent.trim());
  const head = new DataView(bytes.buffer, 0, Math.min(16, bytes.length));
  if (bytes.length < 16 || head.getUint32(0, false) !== 0x4d545031)
    throw new Error(`The part ${id} of this page is not of the version that the page's viewer reads.`);
  const length = head.getUint32(4, true);
  if (length > BODY_MOST || head.getUint32(12, true) !== bytes.length - 16) throw new Error(`The part ${id} of this page is cut.`);
  return { bytes: bytes.subarray(16), length, sum: head.getUint32(8, true) };
}

/** Bodies that the browser has unpacked, which it does many times faster. */
const ahead = new Map();

/** Has the browser unpack a stream. Whatever it does not like is left to body(), which says what is wrong. */
export async function unpack(id) {
  if (!globalThis.DecompressionStream) return;
  try {
    const { bytes, length, sum } = packed(id), out = new Uint8Array(length);
    const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw')).getReader();
    let at = 0;
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      if (at + part.value.length > length) return void reader.cancel();
      out.set(part.value, at);
      at += part.value.length;
    }
    if (at === length && crc32(out) === sum) ahead.set(id, out);
  } catch { /* see above */ }
}

/** The body of a stream of the page, or an error whose message is a sentence. */
export function body(id) {
  if (ahead.has(id)) {
    const out = ahead.get(id);
    ahead.delete(id);
    return out;
  }
  const { bytes, length, sum } = packed(id);
  let out;
  try {
    out = inflateSync(bytes, { out: new Uint8Array(length) });
  } catch (error) {
    throw new Error(`The part ${id} of this page is damaged: ${error.message}.`);
  }
  if (out.length !== length || crc32(out) !== sum)
    throw new Error(`The part ${id} of this page is damaged: its checksum is wrong.`);
  return out;
}

export const facts = (id) => JSON.parse(new TextDecoder().decode(body(id)));

/** Columns of a log, by their names. */
export class Columns {
  constructor(bytes, directory) {
    this.bytes = bytes;
    this.directory = directory;
  }

  place(name) {
    const place = this.directory[name];
    if (!place) throw new Error(`This page has no column ${name}.`);
    const [at, bytes, count] = place;
    if (at + bytes > this.bytes.length || count > bytes) throw new Error(`The column ${name} of this page is damaged.`);
    return { at, end: at + bytes, count };
  }

  /** Numbers; `signed`: those that may be negative. `Type`: of the array. */
  numbers(name, signed = false, Type = Float64Array) {
    const { at, end, count } = this.place(name), { bytes } = this, list = new Type(count);
    let p = at;
    for (let i = 0; i < count; i++) {
      let byte = bytes[p++], value = byte & 127;
      if (byte < 128) { // most are
        list[i] = signed ? (value & 1 ? -(value + 1) / 2 : value >> 1) : value;
        continue;
      }
      for (let scale = 128; byte > 127; scale *= 128) {
        if (p >= end) throw new Error(`The column ${name} of this page is damaged.`);
        byte = bytes[p++];
        value += (byte & 127) * scale;
      }
      if (signed) value = value % 2 ? -(value + 1) / 2 : value / 2;
      list[i] = value;
    }
    return list;
  }

  /** Texts, so that they can be shown. */
  texts(name) {
    const { at, end, count } = this.place(name);
    const list = new TextDecoder().decode(this.bytes.subarray(at, end)).split('\0', count);
    for (let i = 0; i < list.length; i++) list[i] = visible(list[i].slice(0, TEXT_MOST));
    return list;
  }
}
