//! The engine's parts and the whole on made-up text: `cargo bench`. Real text and rivals are `make bench`'s business.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use textmill_engine::counter::Counter;
use textmill_engine::masks::{Masks, classify, portable};

const SIZE: usize = 1 << 20;

/// Words by a fixed sequence of pseudo-random numbers, the frequent ones often.
fn text(letters: &[&str]) -> String {
    let mut state = 1_u64;
    let mut next = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut found = String::with_capacity(SIZE + 64);
    while found.len() < SIZE {
        let rank = next(20_000) * next(20_000) / 20_000;
        let mut left = rank + 1;
        while left > 0 {
            found.push_str(letters[(left % letters.len() as u64) as usize]);
            left /= letters.len() as u64 / 2;
        }
        found.push_str([" ", " ", " ", ", ", ".\n"][next(5) as usize]);
    }
    found
}

fn words(criterion: &mut Criterion) {
    let latin = text(&["a", "e", "t", "on", "is", "r", "l", "m", "ing", "c"]);
    let mixed = text(&["а", "é", "т", "on", "漢", "р", "l", "ي", "が", "c"]);
    let mut group = criterion.benchmark_group("words");
    for (name, text) in [("latin", &latin), ("mixed", &mixed)] {
        group.throughput(Throughput::Bytes(text.len() as u64));
        let mut counter = Counter::default();
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                counter.ids.clear();
                counter.scan(black_box(text.as_bytes()));
            });
        });
    }
    group.finish();
    let (blocks, _) = latin.as_bytes().as_chunks::<64>();
    let mut found = vec![Masks::default(); blocks.len()];
    let mut group = criterion.benchmark_group("masks");
    group.throughput(Throughput::Bytes(latin.len() as u64));
    group.bench_function("best", |bencher| bencher.iter(|| classify(black_box(blocks), &mut found)));
    group.bench_function("portable", |bencher| bencher.iter(|| portable(black_box(blocks), &mut found)));
    group.finish();
}

criterion_group!(benches, words);
criterion_main!(benches);
