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

let table;
export function crc32(bytes) {
  if (!table) {
    table = new Uint32Array(256);
    for (let i = 0; i < 256; i++) {
      let c = i;
      for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
      table[i] = c;
    }
  }
  let crc = -1;
  for (let i = 0; i < bytes.length; i++) crc = table[(crc ^ bytes[i]) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** The body of a stream of the page, or an error whose message is a sentence. */
export function body(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`This page has no part called ${id}.`);
  const bytes = fromBase64(element.textContent.trim());
  const head = new DataView(bytes.buffer, 0, Math.min(16, bytes.length));
  if (bytes.length < 16 || head.getUint32(0, false) !== 0x4d545031)
    throw new Error(`The part ${id} of this page is not of the version that the page's viewer reads.`);
  const length = head.getUint32(4, true), packed = head.getUint32(12, true);
  if (length > BODY_MOST || packed !== bytes.length - 16) throw new Error(`The part ${id} of this page is cut.`);
  let out;
  try {
    out = inflateSync(bytes.subarray(16), { out: new Uint8Array(length) });
  } catch (error) {
    throw new Error(`The part ${id} of this page is damaged: ${error.message}.`);
  }
  if (out.length !== length || crc32(out) !== head.getUint32(8, true))
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
