// SPDX-License-Identifier: MIT
//
// Rust as people write it, with known answers: at!(function, allocated, released, live, allocations, releases, expression)
// evaluates the expression and notes what it must have done, which the program prints as JSON at the end.
/* std::hint::black_box is younger than Debian bookworm's rustc (1.63). */
#[inline(never)]
fn black_box<T>(value: T) -> T {
    let copy = unsafe { std::ptr::read_volatile(&value) };
    std::mem::forget(value);
    copy
}

use std::rc::Rc;

struct Truth {
    line: u32,
    function: &'static str,
    figures: [i64; 5],
}

static mut TRUTHS: Vec<Truth> = Vec::new();

fn note(line: u32, function: &'static str, figures: [i64; 5]) {
    // One thread only.
    let truths = unsafe { &mut *std::ptr::addr_of_mut!(TRUTHS) };
    for truth in truths.iter_mut() {
        if truth.line == line && truth.function == function {
            for (sum, more) in truth.figures.iter_mut().zip(figures) {
                *sum += more;
            }
            return;
        }
    }
    truths.push(Truth { line, function, figures });
}

macro_rules! at {
    ($function:expr, $allocated:expr, $released:expr, $live:expr, $allocations:expr, $releases:expr, $e:expr) => {{
        let value = $e;
        note(line!(), $function, [$allocated as i64, $released as i64, $live as i64, $allocations, $releases]);
        value
    }};
}

#[inline(never)]
fn make<T: Default + Clone>(n: usize) -> Vec<T> {
    let bytes = n * std::mem::size_of::<T>();
    let made = at!("make", bytes, 0, 0, 1, 0, black_box(vec![T::default(); n]));
    made
}

#[inline(always)]
fn inlined(n: usize) -> Box<[u8]> {
    let made = at!("inlined", n, 0, 0, 1, 0, black_box(vec![1u8; n].into_boxed_slice()));
    made
}

#[inline(never)]
fn generics() {
    let a = at!("generics", 2000, 0, 0, 1, 0, make::<u16>(1000));
    let b = at!("generics", 8000, 0, 0, 1, 0, make::<u64>(1000));
    at!("generics", 0, 2000, 0, 0, 1, drop(black_box(a)));
    at!("generics", 0, 8000, 0, 0, 1, drop(black_box(b)));
    let c = at!("generics", 777, 0, 0, 1, 0, inlined(777));
    at!("generics", 0, 777, 0, 0, 1, drop(black_box(c)));
}

#[inline(never)]
fn vectors() {
    let mut v: Vec<u32> = Vec::new();
    for i in 0..100u32 {
        // 4, 8, ... 128 of them
        let (old, new) = (v.len(), if v.len() < 4 { 4 } else { 2 * v.len() });
        let grows = old == v.capacity();
        let (a, r, n) = if grows { (4 * new, 4 * old, 1) } else { (0, 0, 0) };
        at!("vectors", a, r, 0, n, if old > 0 { n } else { 0 }, black_box(&mut v).push(i));
    }
    at!("vectors", 400, 512, 0, 1, 1, black_box(&mut v).shrink_to_fit());
    at!("vectors", 0, 400, 0, 0, 1, drop(black_box(v)));
    let w: Vec<u8> = at!("vectors", 1000, 0, 1000, 1, 0, black_box(Vec::with_capacity(1000)));
    std::mem::forget(w);
}

#[inline(never)]
fn strings() {
    let s = at!("strings", 300, 0, 0, 1, 0, black_box("abc".repeat(100)));
    let t = at!("strings", 300, 0, 0, 1, 0, black_box(s.clone()));
    at!("strings", 0, 300, 0, 0, 1, drop(black_box(s)));
    at!("strings", 0, 300, 0, 0, 1, drop(black_box(t)));
}

#[inline(never)]
fn boxes() {
    let b = at!("boxes", 4096, 0, 0, 1, 0, black_box(Box::new([7u8; 4096])));
    let z = at!("boxes", 65536, 0, 0, 1, 0, black_box(vec![0u64; 8192]));
    let r = at!("boxes", 16 + 104, 0, 0, 1, 0, black_box(Rc::new([1u64; 13])));
    let again = at!("boxes", 0, 0, 0, 0, 0, r.clone());
    at!("boxes", 0, 0, 0, 0, 0, drop(black_box(r)));
    at!("boxes", 0, 120, 0, 0, 1, drop(black_box(again)));
    at!("boxes", 0, 4096, 0, 0, 1, drop(black_box(b)));
    at!("boxes", 0, 65536, 0, 0, 1, drop(black_box(z)));
}

#[repr(align(128))]
struct Aligned(#[allow(dead_code)] [u8; 256]);

#[inline(never)]
fn closures() {
    let make = |n: u8| at!("closure", 256, 0, 0, 1, 0, black_box(Box::new(Aligned([n; 256]))));
    let kept = at!("closures", 256, 0, 0, 1, 0, black_box(&make)(3));
    at!("closures", 0, 256, 0, 0, 1, drop(black_box(kept)));
}

fn main() {
    unsafe { (*std::ptr::addr_of_mut!(TRUTHS)).reserve(100) };
    generics();
    vectors();
    strings();
    boxes();
    closures();
    let truths = unsafe { &*std::ptr::addr_of!(TRUTHS) };
    println!("{{\"exact\": false, \"failures\": 0, \"threads\": 0, \"pid\": {}, \"lines\": [", std::process::id());
    for (i, t) in truths.iter().enumerate() {
        let comma = if i + 1 < truths.len() { "," } else { "" };
        println!(
            "{{\"file\": \"known_rust.rs\", \"line\": {}, \"function\": \"{}\", \"allocated\": {}, \"released\": {}, \
             \"live\": {}, \"allocations\": {}, \"releases\": {}}}{}",
            t.line, t.function, t.figures[0], t.figures[1], t.figures[2], t.figures[3], t.figures[4], comma
        );
    }
    println!("]}}");
}
