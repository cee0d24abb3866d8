//! A text that comes in blocks: what is certain goes to the counter, what is open waits.
//!
//! A block is scanned up to the last place where it may be cut whatever follows, after a line feed or a space; the few
//! bytes behind it wait for the next block. Where none comes for 64 KiB (minified data, scripts without spaces, one
//! endless word), segments are taken from what waits, but for the last ones, which later text may change; what stays
//! must grow by a quarter before it is looked at again, so the work stays linear and the memory is that of the word.

use crate::classes::{CLASS, W_SEG_SPACE, decode, entry, is_skipped};
use crate::counter::Counter;
use crate::rows::Rows;
use crate::segment::{is_middle, segment};
use crate::vocabulary::append;

/// Bytes that may wait for a place to cut, unless told.
const OPEN: usize = 64 << 10;
/// Bytes after which a full vocabulary is noticed.
const PIECE: usize = 64 << 10;

/// Why the engine stopped for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The bytes are no UTF-8; where in the block.
    NotUtf8(usize),
    /// The text ended within a character.
    Unfinished,
    /// A segment (a word, or a run of spaces or marks) has more bytes than is allowed; how many it had so far.
    TooLong(usize),
}

/// Cuts a text into words and numbers them.
pub struct Stream {
    /// The words and their ids.
    pub counter: Counter,
    open: Vec<u8>,
    patience: usize,
    /// Bytes that may wait for a place to cut.
    least: usize,
    /// The beginning of a character whose end is in the next block.
    partial: Vec<u8>,
    largest_word: usize,
    memory_cap: usize,
}

impl Stream {
    /// Make a stream. A word of more bytes than `largest_word` (at least 64 KiB) is refused; a vocabulary that takes
    /// more than `memory_cap`, with what waits, makes `feed` return early.
    #[must_use]
    pub fn new(largest_word: usize, memory_cap: usize) -> Self {
        Self {
            counter: Counter::default(),
            open: Vec::new(),
            patience: OPEN,
            least: OPEN,
            partial: Vec::new(),
            largest_word: largest_word.clamp(OPEN, u32::MAX as usize / 4),
            memory_cap,
        }
    }

    /// Count the words instead of keeping their ids.
    #[must_use]
    pub fn counting(self) -> Self {
        Self { counter: Counter::counting(), ..self }
    }

    /// Let so many bytes wait for a place to cut: few, and a short text reaches what happens without one.
    #[must_use]
    pub fn patient(self, bytes: usize) -> Self {
        Self { patience: bytes, least: bytes, ..self }
    }

    /// Return the bytes that the vocabulary takes, with what sorting it takes, and twice what waits, which may be one
    /// word: it is lowered and added. An empty vocabulary takes none, as to be rid of it helps nobody.
    #[must_use]
    pub fn memory(&self) -> usize {
        let vocabulary = &self.counter.vocabulary;
        if vocabulary.is_empty() { 0 } else { vocabulary.memory() + 2 * self.open.len() }
    }

    /// Give the vocabulary with its counts, zeros if nothing was counted, and begin a new one with id 0.
    pub fn take(&mut self) -> Rows {
        let (bytes, ends, counts) = std::mem::take(&mut self.counter.vocabulary).into_words();
        Rows { bytes, ends, counts }
    }

    /// Take the next block and return how many of its bytes were taken: all, unless the vocabulary is full.
    ///
    /// # Errors
    /// Where the block does not go on with UTF-8, or a word is too long.
    pub fn feed(&mut self, block: &[u8]) -> Result<usize, Refused> {
        let mut taken = 0;
        while taken < block.len() {
            let piece = &block[taken..block.len().min(taken + PIECE)];
            self.piece(piece).map_err(|refused| match refused {
                Refused::NotUtf8(at) => Refused::NotUtf8(taken + at),
                other => other,
            })?;
            taken += piece.len();
            if self.memory() > self.memory_cap {
                break;
            }
        }
        Ok(taken)
    }

    /// Number what is still open at the text's end.
    ///
    /// # Errors
    /// Where the text ends within a character.
    pub fn finish(&mut self) -> Result<(), Refused> {
        if !self.partial.is_empty() {
            return Err(Refused::Unfinished);
        }
        self.check()?;
        let open = std::mem::take(&mut self.open);
        self.counter.scan(&open);
        self.patience = self.least;
        Ok(())
    }

    fn piece(&mut self, piece: &[u8]) -> Result<(), Refused> {
        if self.partial.is_empty() {
            let whole = whole(piece)?;
            self.text(&piece[..whole])?;
            self.partial.extend_from_slice(&piece[whole..]);
        } else {
            let mut joined = std::mem::take(&mut self.partial);
            let before = joined.len();
            joined.extend_from_slice(piece);
            let whole = whole(&joined).map_err(|refused| match refused {
                Refused::NotUtf8(at) => Refused::NotUtf8(at.saturating_sub(before)),
                other => other,
            })?;
            self.text(&joined[..whole])?;
            self.partial.extend_from_slice(&joined[whole..]);
        }
        Ok(())
    }

    /// Take whole characters.
    fn text(&mut self, mut text: &[u8]) -> Result<(), Refused> {
        if !self.open.is_empty() {
            let Some(cut) = first_cut(text) else {
                append(&mut self.open, text);
                return self.take_certain();
            };
            append(&mut self.open, &text[..cut]);
            text = &text[cut..];
            self.check()?;
            self.counter.scan(&self.open);
            self.open.clear();
            self.open.shrink_to(2 * OPEN);
            self.patience = self.least;
        }
        let cut = last_cut(text);
        self.counter.scan(&text[..cut]);
        self.open.extend_from_slice(&text[cut..]);
        Ok(())
    }

    /// Take the segments from what waits that no later character can change, once enough waits.
    fn take_certain(&mut self) -> Result<(), Refused> {
        if self.open.len() < self.patience {
            return Ok(());
        }
        let open = &self.open;
        let (mut at, mut certain) = (0, 0);
        while at < open.len() {
            let end = segment(open, at).end;
            // The last segment may go on, and so may the one before it if a character that may join them begins the
            // last: "a" and "." may become "a.b".
            if end == open.len() {
                let begins = entry(decode(open, at).0) & CLASS;
                let certain_to = if is_middle(begins) { certain } else { at };
                let mut done = 0;
                while done < certain_to {
                    done = self.counter.segment(open, done);
                }
                self.counter.look_up();
                self.open.drain(..certain_to);
                break;
            }
            certain = at;
            at = end;
        }
        self.patience = self.open.len() + (self.open.len() / 4).max(self.least);
        self.check()
    }

    /// Refuse a segment that is too long, once so much waits that there may be one.
    fn check(&self) -> Result<(), Refused> {
        let mut at = 0;
        while self.open.len() - at > self.largest_word {
            let end = segment(&self.open, at).end;
            if end - at > self.largest_word {
                return Err(Refused::TooLong(end - at));
            }
            at = end;
        }
        Ok(())
    }
}

/// Return how many bytes are whole characters; the rest may become one.
///
/// # Errors
/// Where it cannot.
pub fn whole(block: &[u8]) -> Result<usize, Refused> {
    match simdutf8::compat::from_utf8(block) {
        Ok(_) => Ok(block.len()),
        Err(error) if error.error_len().is_none() => Ok(error.valid_up_to()),
        Err(error) => Err(Refused::NotUtf8(error.valid_up_to())),
    }
}

/// Tell whether a text may be cut at a place before its end: after a line feed, or between a space and what does not
/// attach to it.
fn is_cut(text: &[u8], at: usize) -> bool {
    match text[at - 1] {
        b'\n' => true,
        b' ' if at < text.len() => {
            let class = entry(decode(text, at).0) & CLASS;
            !is_skipped(class) && class != W_SEG_SPACE
        }
        _ => false,
    }
}

fn first_cut(text: &[u8]) -> Option<usize> {
    (1..=text.len()).find(|&at| is_cut(text, at))
}

fn last_cut(text: &[u8]) -> usize {
    (1..=text.len()).rev().find(|&at| is_cut(text, at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::told;

    fn words(stream: &mut Stream) -> Vec<String> {
        let Counter { ids, vocabulary, .. } = &stream.counter;
        ids.iter().map(|&id| String::from_utf8_lossy(vocabulary.word(id as usize)).into_owned()).collect()
    }

    fn fed(text: &str, size: usize) -> Vec<String> {
        let mut stream = Stream::new(usize::MAX, usize::MAX);
        for block in text.as_bytes().chunks(size) {
            assert_eq!(stream.feed(block), Ok(block.len()));
        }
        assert_eq!(stream.finish(), Ok(()));
        words(&mut stream)
    }

    #[test]
    fn blocks_of_any_size_give_the_same_words() {
        let text = "One a.b  \u{301}c\nd é漢字\u{200d}\u{2139} x.y_z ΑΣ \u{1f1e6}\u{1f1e7}\u{1f1e8}a 3,".repeat(50);
        let whole = fed(&text, usize::MAX);
        assert!(whole.len() > 500);
        for size in [1, 2, 3, 7, 64, 1000] {
            assert_eq!(fed(&text, size), whole, "blocks of {size}");
        }
    }

    #[test]
    fn text_without_a_place_to_cut_goes_through_in_bounded_memory() {
        let mut stream = Stream::new(usize::MAX, usize::MAX);
        for _ in 0..1000 {
            stream.feed("漢字,カナ;a.b:".repeat(100).as_bytes()).expect("it is UTF-8");
            assert!(stream.open.capacity() < 8 * OPEN);
        }
        stream.finish().expect("it ends whole");
        assert_eq!(stream.counter.ids.len(), 400_000);
        assert_eq!(stream.counter.vocabulary.len(), 4);
    }

    #[test]
    fn endless_word_is_one_word_or_refused() {
        let block = b"A".repeat(50_000);
        let mut stream = Stream::new(usize::MAX, usize::MAX);
        (0..100).for_each(|_| assert_eq!(stream.feed(&block), Ok(50_000)));
        stream.finish().expect("it ends whole");
        assert_eq!(words(&mut stream), ["a".repeat(5_000_000)]);
        let mut narrow = Stream::new(1 << 20, usize::MAX);
        let refused = (0..100).find_map(|_| narrow.feed(&block).err());
        assert!(matches!(refused, Some(Refused::TooLong(size)) if size < 3 << 20));
    }

    #[test]
    fn full_vocabulary_returns_control() {
        let text = (0..100_000).map(|one| format!("w{one}")).collect::<Vec<_>>().join(" ");
        let mut stream = Stream::new(usize::MAX, 1 << 20);
        let (mut at, mut stops, mut found) = (0, 0, 0);
        while at < text.len() {
            at += stream.feed(&text.as_bytes()[at..]).expect("it is UTF-8");
            if stream.memory() > 1 << 20 {
                stops += 1;
                found += stream.take().len();
            }
        }
        stream.finish().expect("it ends whole");
        assert!(stops > 3);
        assert_eq!(found + stream.counter.vocabulary.len(), 100_000);
    }

    #[test]
    fn what_waits_counts_with_a_vocabulary_that_is_not_empty() {
        let mut stream = Stream::new(usize::MAX, 1 << 20);
        let block = b"x".repeat(30 * PIECE);
        assert_eq!(stream.feed(&block), Ok(block.len()));
        assert_eq!(stream.memory(), 0);
        assert_eq!(stream.feed(b" a "), Ok(3));
        assert!(stream.memory() > 4 * block.len());
        assert_eq!(stream.take().len(), 1);
        assert_eq!(stream.feed(b"word "), Ok(5));
        assert_eq!(stream.feed(&block), Ok(8 * PIECE));
        assert!(stream.memory() > 1 << 20);
        assert_eq!(stream.take().len(), 2);
        assert_eq!(stream.feed(&block), Ok(block.len()));
        assert_eq!(stream.memory(), 0);
    }

    #[test]
    fn ids_are_counted_when_that_is_asked_for() {
        let mut stream = Stream::new(usize::MAX, usize::MAX).counting();
        for block in "a b a C 'c' a".as_bytes().chunks(3) {
            assert_eq!(stream.feed(block), Ok(block.len()));
        }
        assert_eq!(stream.finish(), Ok(()));
        assert!(stream.counter.ids.is_empty());
        assert_eq!(told(&stream.take()), [("a".to_owned(), 3), ("b".to_owned(), 1), ("c".to_owned(), 2)]);
        assert_eq!(stream.take(), Rows::default());
    }

    #[test]
    fn what_is_no_text_is_refused_at_its_place() {
        let mut stream = Stream::new(usize::MAX, usize::MAX);
        assert_eq!(stream.feed(b"ab\xffc"), Err(Refused::NotUtf8(2)));
        let mut stream = Stream::new(usize::MAX, usize::MAX);
        assert_eq!(stream.feed(b"ab\xe2\x82"), Ok(4));
        assert_eq!(stream.finish(), Err(Refused::Unfinished));
        assert_eq!(stream.feed(b"\xac x"), Ok(3));
        assert_eq!(stream.finish(), Ok(()));
        assert_eq!(stream.feed(b"\xe2"), Ok(1));
        assert_eq!(stream.feed(b"x"), Err(Refused::NotUtf8(0)));
    }
}
