//! Any text, in any blocks, gives what the rules give segment by segment; and the ways through the engine agree.

use std::io::Read;

use proptest::prelude::*;
use textmill_engine::counter::Counter;
use textmill_engine::lz4::Encoder;
use textmill_engine::masks::{Masks, classify, portable};
use textmill_engine::stream::Stream;

/// Characters that the rules tell apart, those that join and those that attach more often than in any real text.
fn hostile() -> impl Strategy<Value = String> {
    let of = |all: &'static str| proptest::sample::select(all.chars().collect::<Vec<_>>());
    let one = prop_oneof![
        4 => of("abcXYZ019_"),
        3 => of(" \n.,:;'\""),
        2 => of("\u{301}\u{200d}\u{ad}\u{2060}\u{345}"),
        1 => of("éÉΣσςİαאבカー漢ก\u{2139}\u{1f170}❤\u{1f1e6}\u{1f1e7}"),
        1 => of("\r\u{85}\u{2028}\u{2003}\u{3000}\0·‧٫٣½"),
        1 => any::<char>(),
    ];
    proptest::collection::vec(one, 0..300).prop_map(|all| all.into_iter().collect())
}

/// Ids of which many come again, in runs and from places that lie far or too far back.
fn ids() -> impl Strategy<Value = Vec<u32>> {
    let one = prop_oneof![4 => 0..9_u32, 2 => 0..3000_u32, 1 => any::<u32>()];
    let runs = (any::<proptest::sample::Index>(), 1..400_usize, 1..9_usize);
    let far = prop_oneof![9 => Just(0), 1 => 16_300..16_500_usize, 1 => 131_000..131_200_usize];
    (proptest::collection::vec(one, 0..600), proptest::collection::vec(runs, 0..9), far).prop_map(
        |(mut ids, runs, far)| {
            for (from, length, step) in runs {
                if !ids.is_empty() {
                    let from = from.index(ids.len());
                    (0..length).for_each(|at| ids.push(ids[(from + at * step) % ids.len()]));
                }
            }
            let again: Vec<u32> = ids.iter().take(50).copied().collect();
            ids.extend((0..far as u32).map(|at| 5000 + at % 7)); // few pairs, so that the first are not forgotten
            ids.extend(again);
            ids.extend(0..99); // as what a block ends with is left as it is
            ids
        },
    )
}

/// Read a frame by the decoder of another.
fn unpacked(frame: &[u8]) -> Vec<u32> {
    let mut found = Vec::new();
    lz4_flex::frame::FrameDecoder::new(frame).read_to_end(&mut found).expect("a frame");
    let (ids, rest) = found.as_chunks();
    assert!(rest.is_empty());
    ids.iter().map(|one| u32::from_le_bytes(*one)).collect()
}

fn words(counter: &Counter) -> Vec<Vec<u8>> {
    counter.ids.iter().map(|&id| counter.vocabulary.word(id as usize).to_vec()).collect()
}

fn by_rules(text: &str) -> Counter {
    let mut counter = Counter::default();
    let mut at = 0;
    while at < text.len() {
        at = counter.segment(text.as_bytes(), at);
    }
    counter.look_up();
    counter
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn blocks_of_any_size_agree_with_the_rules(text in hostile(), sizes in proptest::collection::vec(1_usize..80, 1..20)) {
        let expected = by_rules(&text);
        let mut stream = Stream::new(usize::MAX, usize::MAX);
        let (mut rest, mut sizes) = (text.as_bytes(), sizes.iter().cycle());
        while let (false, Some(&size)) = (rest.is_empty(), sizes.next()) {
            let (block, later) = rest.split_at(size.min(rest.len()));
            prop_assert_eq!(stream.feed(block), Ok(block.len()));
            rest = later;
        }
        prop_assert_eq!(stream.finish(), Ok(()));
        prop_assert_eq!(words(&stream.counter), words(&expected));
        prop_assert_eq!(stream.counter.ids, expected.ids);
    }

    #[test]
    fn text_with_little_patience_agrees_with_the_rules(
        text in hostile(),
        size in 1_usize..80,
        least in 1_usize..60,
        lines in any::<bool>(),
    ) {
        let text = if lines { text } else { text.replace(['\n', ' '], "") };
        let expected = by_rules(&text);
        let mut stream = Stream::new(usize::MAX, usize::MAX).patient(least);
        for block in text.as_bytes().chunks(size) {
            prop_assert_eq!(stream.feed(block), Ok(block.len()));
        }
        prop_assert_eq!(stream.finish(), Ok(()));
        prop_assert_eq!(words(&stream.counter), words(&expected));
        prop_assert_eq!(stream.counter.ids, expected.ids);
    }

    #[test]
    fn lower_case_of_lower_case_is_itself(text in hostile()) {
        let (mut once, mut twice) = (Vec::new(), Vec::new());
        textmill_engine::lower::lower(text.as_bytes(), &mut once);
        textmill_engine::lower::lower(&once, &mut twice);
        prop_assert_eq!(once, twice);
    }

    #[test]
    fn masks_agree_on_any_bytes(blocks in proptest::collection::vec(proptest::array::uniform32(any::<[u8; 2]>()), 0..5)) {
        let blocks: Vec<[u8; 64]> = blocks.iter().map(|one| one.concat().try_into().expect("2 x 32 bytes")).collect();
        let mut found = vec![Masks::default(); blocks.len()];
        let mut expected = found.clone();
        classify(&blocks, &mut found);
        portable(&blocks, &mut expected);
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn any_bytes_are_taken_or_refused_but_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut stream = Stream::new(usize::MAX, usize::MAX);
        let valid = std::str::from_utf8(&bytes).is_ok();
        let taken = stream.feed(&bytes).is_ok() && stream.finish().is_ok();
        prop_assert_eq!(taken, valid);
    }

    #[test]
    fn ids_come_back_from_their_frame(ids in ids(), others in ids()) {
        let mut encoder = Encoder::default();
        for ids in [&ids, &others, &ids] {
            let frame = encoder.frame(ids);
            prop_assert!(frame.len() <= 4 * ids.len() + 4 * ids.len().div_ceil(1 << 17) + 11);
            prop_assert_eq!(&unpacked(frame), ids);
        }
    }
}
