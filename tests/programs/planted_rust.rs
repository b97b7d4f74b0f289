// SPDX-License-Identifier: MIT
// Planted leaks, see planted.h. Usage: planted_rust PLUGIN [kill]
use std::cell::Cell;
use std::collections::BTreeMap;
use std::ffi::CString;
use std::mem::size_of;
use std::os::raw::{c_char, c_int, c_void};
use std::sync::Mutex;

const REQUESTS: usize = 500;
const KEYS: usize = 300;
const ROWS: usize = 700;
const CALLS: usize = 200;

struct Entry {
    _key: usize,
    _text: [u8; 84],
}

static CACHE: Mutex<Vec<Option<Box<Entry>>>> = Mutex::new(Vec::new());
static ROWS_KEPT: Mutex<Vec<[u64; 3]>> = Mutex::new(Vec::new());
thread_local! { static COUNT: Cell<usize> = const { Cell::new(0) }; }

extern "C" {
    fn dlopen(file: *const c_char, mode: c_int) -> *mut c_void;
    fn dlsym(library: *mut c_void, name: *const c_char) -> *mut c_void;
    fn dlclose(library: *mut c_void) -> c_int;
    fn raise(signal: c_int) -> c_int;
}

fn request() -> usize {
    let leaked = Box::leak(Box::new([7u8; 100])); // PLANTED request
    let answer = unsafe { std::ptr::read_volatile(&leaked) }; // so that the block is not optimised away
    let page = "x".repeat(3000);
    answer.len() + page.len() - 3000
}

fn cached(key: usize) -> usize {
    let mut cache = CACHE.lock().unwrap();
    if cache.is_empty() {
        cache.resize_with(KEYS, || None); // PLANTED slots
    }
    if cache[key].is_some() {
        return 0;
    }
    cache[key] = Some(Box::new(Entry { _key: key, _text: [1; 84] })); // PLANTED cache
    size_of::<Entry>()
}

fn add_row(value: u64) {
    ROWS_KEPT.lock().unwrap().push([value; 3]); // PLANTED list
}

fn call_plugin(file: &str) -> usize {
    let (file, name) = (CString::new(file).unwrap(), CString::new("plugin_work").unwrap());
    unsafe {
        let plugin = dlopen(file.as_ptr(), 2);
        let work: extern "C" fn() -> usize = std::mem::transmute(dlsym(plugin, name.as_ptr()));
        let forgot = (0..CALLS).map(|_| work()).sum();
        dlclose(plugin);
        forgot
    }
}

/// What the runtime keeps for itself.
fn use_runtime() {
    let words: BTreeMap<usize, String> = (0..100).map(|i| (i, i.to_string())).collect();
    std::thread::spawn(move || COUNT.with(|count| count.set(words.len()))).join().unwrap();
    println!("{:?}", std::env::args().next());
}

fn main() {
    let plugin = std::env::args().nth(1).unwrap();
    use_runtime();
    let requests: usize = (0..REQUESTS).map(|_| request()).sum();
    let cache: usize = (0..2 * KEYS).map(|i| cached(i % KEYS)).sum();
    (0..ROWS).for_each(|i| add_row(i as u64));
    let forgot = call_plugin(&plugin);
    println!("PLANTED request {}\nPLANTED cache {}", requests, cache);
    println!("PLANTED slots {}", CACHE.lock().unwrap().capacity() * size_of::<Option<Box<Entry>>>());
    println!("PLANTED list {}", ROWS_KEPT.lock().unwrap().capacity() * size_of::<[u64; 3]>());
    println!("PLANTED plugin {}", forgot);
    if std::env::args().len() > 2 {
        unsafe { raise(15) }; // standard output's buffer is still there
    }
}
