//! Any bytes, in blocks of a size that the first byte says, with as little patience for a place to cut as the second
//! says: taken as the rules say segment by segment, or refused.

#![no_main]

use libfuzzer_sys::fuzz_target;
use textmill_engine::counter::Counter;
use textmill_engine::stream::Stream;

fuzz_target!(|data: &[u8]| {
    let [size, least, text @ ..] = data else { return };
    let mut stream = Stream::new(usize::MAX, usize::MAX).patient(usize::from(*least) + 1);
    let taken = text.chunks(usize::from(*size) + 1).all(|block| stream.feed(block).is_ok()) && stream.finish().is_ok();
    assert_eq!(taken, std::str::from_utf8(text).is_ok());
    if !taken {
        return;
    }
    let mut expected = Counter::default();
    let mut at = 0;
    while at < text.len() {
        at = expected.segment(text, at);
    }
    expected.look_up();
    assert_eq!(stream.counter.ids, expected.ids);
    for id in 0..expected.vocabulary.len() {
        assert_eq!(stream.counter.vocabulary.word(id), expected.vocabulary.word(id));
    }
});
