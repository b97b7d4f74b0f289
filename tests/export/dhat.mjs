// SPDX-License-Identifier: MIT
//
// dhat.mjs dh_view.js FILE: reads a file as valgrind's viewer does in a browser, with a document that only keeps what is put into it.
import fs from 'node:fs';
import vm from 'node:vm';

class Element {
  constructor() { this.childNodes = []; this.classList = {add() {}, toggle() {}, contains() { return false; }, replace() {}}; }
  appendChild(child) { this.childNodes.push(child); child.parentNode = this; return child; }
  replaceChild(child, before) { this.childNodes[this.childNodes.indexOf(before)] = child; child.parentNode = this; }
  cloneNode() { return new Element(); }
  removeChild(child) { this.childNodes.splice(this.childNodes.indexOf(child), 1); }
  get firstChild() { return this.childNodes[0]; }
  get lastChild() { return this.childNodes[this.childNodes.length - 1]; }
  get selectedIndex() { return Math.max(0, this.childNodes.findIndex(child => child.selected)); }
  addEventListener() {}
  get all() { return (this.textContent ?? '') + this.childNodes.map(child => child.all ?? '').join(''); }
}
const document = {
  body: new Element(), location: {search: ''},
  createElement: () => new Element(),
  createTextNode: text => Object.assign(new Element(), {textContent: text}),
};
const context = vm.createContext({document, window: {location: {search: ''}}, URLSearchParams, performance, console, Intl});
vm.runInContext(fs.readFileSync(process.argv[2], 'utf8'), context);
context.text = fs.readFileSync(process.argv[3], 'utf8');
const seen = vm.runInContext(`onLoad(); gFilename = 'file'; gData = JSON.parse(text); buildTree(); displayTree(1, 1, 1);
  ({totalBytes: gRoot._totalBytes, totalBlocks: gRoot._totalBlocks, peakBytes: gRoot._atTGmaxBytes, endBytes: gRoot._atTEndBytes,
    shown: gMainDiv.all})`, context);
console.log(JSON.stringify({...seen, shown: seen.shown.length, bad: /NaN|undefined/.test(seen.shown)}));
