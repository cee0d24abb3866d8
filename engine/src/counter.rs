//! From text to ids: ASCII words by bit masks, all else by the rules, and every word through the vocabulary.
//!
//! A run is a stretch of letters, digits, low lines, what joins two of them, and foreign bytes, found by shifts of the
//! masks. One without foreign bytes is a segment; one with them goes to `segment` from its beginning, until there is a
//! boundary before ASCII again. Foreign bytes reach no further back than this: over a joining character at the end of
//! a run, and, where they begin with what attaches to the character before (a mark, a space), over that one and the
//! spaces before it.

use crate::classes::{CLASS, W_SEG_SPACE, decode, entry, is_skipped};
use crate::lower::lower;
use crate::masks::{Masks, classify, is_middle};
use crate::segment::segment;
use crate::vocabulary::{INLINE, Key, Vocabulary, padded};

/// Blocks of 64 bytes that are classified at once.
const STRIP: usize = 64;
/// Words whose slots are asked for before the first is needed.
const BATCH: usize = 32;

/// Counts words: numbers them by a vocabulary and keeps the ids until they are taken.
#[derive(Default)]
pub struct Counter {
    /// The words.
    pub vocabulary: Vocabulary,
    /// The ids found and not yet taken.
    pub ids: Vec<u32>,
    waiting: Vec<(Key, u64)>,
    lowered: Vec<u8>,
}

/// Where the scan of a text stands.
struct Place {
    /// Where the run began that is under way, if one is.
    run: Option<usize>,
    /// Everything before this place is done.
    done: usize,
    /// Whether the run under way holds a foreign byte or began with one.
    foreign: bool,
}

impl Counter {
    /// Number the words of a text that begins and ends at boundaries.
    pub fn scan(&mut self, text: &[u8]) {
        let mut masks = [Masks::default(); STRIP];
        let (blocks, rest) = text.as_chunks::<64>();
        let mut place = Place { run: None, done: 0, foreign: false };
        let mut before = Masks::default();
        for (number, strip) in blocks.chunks(STRIP).enumerate() {
            classify(strip, &mut masks);
            for (index, &this) in masks[..strip.len()].iter().enumerate() {
                self.block(text, (number * STRIP + index) * 64, before, this, &mut place);
                before = this;
            }
        }
        // The rest in a block of its own; the NULs behind it end the last run.
        let mut last = [0; 64];
        last[..rest.len()].copy_from_slice(rest);
        classify(&[last], &mut masks);
        self.block(text, blocks.len() * 64, before, masks[0], &mut place);
        self.look_up();
    }

    /// Number the segment that lies between two boundaries if it is a word.
    pub fn segment(&mut self, text: &[u8], start: usize) -> usize {
        let found = segment(text, start);
        if found.is_word {
            self.word(&text[start..found.end], found.changes);
        }
        found.end
    }

    /// Look up what waits.
    pub fn look_up(&mut self) {
        let vocabulary = &mut self.vocabulary;
        self.ids.extend(self.waiting.drain(..).map(|(key, hash)| vocabulary.short(key, hash)));
    }

    #[inline]
    fn block(&mut self, text: &[u8], base: usize, before: Masks, this: Masks, place: &mut Place) {
        let next = text.get(base + 64).copied().unwrap_or(0);
        let over = |mask: u64, last: u64, first: bool| {
            let left = mask << 1 | last >> 63;
            let right = mask >> 1 | u64::from(first) << 63;
            left & right
        };
        let joined = (this.mid_letters & over(this.letters, before.letters, next.is_ascii_alphabetic()))
            | (this.mid_digits & over(this.digits, before.digits, next.is_ascii_digit()));
        let words = this.letters | this.digits | this.lines | joined;
        let middles = this.mid_letters | this.mid_digits;
        let at_end = middles & (this.foreign >> 1 | u64::from(next >= 0x80) << 63);
        let first = place.done.saturating_sub(base);
        if this.foreign | at_end == 0 && !place.foreign && first == 0 && base + 64 <= text.len() {
            self.ascii(text, base, words, place);
        } else if first < 64 {
            self.mixed(text, base, words | this.foreign, this.foreign, place);
        }
    }

    /// Take the runs of a block that holds and touches nothing foreign.
    #[inline]
    fn ascii(&mut self, text: &[u8], base: usize, words: u64, place: &mut Place) {
        let mut turns = words ^ (words << 1 | u64::from(place.run.is_some()));
        if let Some(start) = place.run {
            if turns == 0 {
                return;
            }
            let end = base + turns.trailing_zeros() as usize;
            turns &= turns - 1;
            self.run(text, start, end);
            place.run = None;
        }
        while turns != 0 {
            let start = base + turns.trailing_zeros() as usize;
            turns &= turns - 1;
            if turns == 0 {
                place.run = Some(start);
                return;
            }
            let end = base + turns.trailing_zeros() as usize;
            turns &= turns - 1;
            self.run(text, start, end);
        }
    }

    /// Take the runs of any block, one by one.
    fn mixed(&mut self, text: &[u8], base: usize, runs: u64, foreign: u64, place: &mut Place) {
        let size = (text.len() - base).min(64);
        let mut at = place.done.saturating_sub(base);
        loop {
            let Some(start) = place.run else {
                let later = runs & (u64::MAX << at);
                if at >= 64 || later == 0 {
                    return;
                }
                at = later.trailing_zeros() as usize;
                place.run = Some(base + at);
                place.foreign = false;
                continue;
            };
            let others = !runs & (u64::MAX << at);
            let end = (others.trailing_zeros() as usize).min(size);
            let inside = (u64::MAX << at) & if end < 64 { (1 << end) - 1 } else { u64::MAX };
            place.foreign |= foreign & inside != 0;
            if end == 64 && base + 64 < text.len() {
                return;
            }
            let stop = base + end;
            let touched = text.get(stop).is_some_and(|&one| is_middle(one))
                && text.get(stop + 1).is_some_and(|&one| one >= 0x80);
            place.run = None;
            place.done = stop;
            if place.foreign || touched {
                place.done = self.by_rules(text, start, stop);
                place.foreign = false;
            } else {
                self.run(text, start, stop);
            }
            if place.done >= base + size {
                return;
            }
            at = place.done - base;
        }
    }

    /// Number segments by the rules, from a run's beginning to the first boundary behind it that lies before ASCII.
    fn by_rules(&mut self, text: &[u8], start: usize, stop: usize) -> usize {
        let mut at = attached(text, start);
        loop {
            at = self.segment(text, at);
            if at >= text.len() || (at >= stop && text[at] < 0x80) {
                return at;
            }
        }
    }

    /// Number a run of ASCII, a segment as it stands.
    #[inline]
    fn run(&mut self, text: &[u8], start: usize, end: usize) {
        let length = end - start;
        if length > INLINE {
            return self.long_run(&text[start..end]);
        }
        let bytes = match text[start..].first_chunk::<16>() {
            Some(bytes) => u128::from_le_bytes(*bytes) & (u128::MAX >> (128 - 8 * length)),
            None => padded(&text[start..end]),
        };
        let small = lower_ascii(bytes);
        // A low line comes from no letter, so a word of low lines alone is seen in its first and last byte.
        if text[start] == b'_' && only_lines(&text[start..end]) {
            return;
        }
        self.short(Key::short(small, length));
    }

    #[cold]
    #[inline(never)]
    fn long_run(&mut self, run: &[u8]) {
        if !only_lines(run) {
            self.word(run, true);
        }
    }

    #[inline]
    fn short(&mut self, key: Key) {
        let hash = self.vocabulary.hash(key);
        self.vocabulary.prefetch(hash);
        self.waiting.push((key, hash));
        if self.waiting.len() == BATCH {
            self.look_up();
        }
    }

    /// Number a word that may hold anything.
    fn word(&mut self, word: &[u8], changes: bool) {
        let mut lowered = std::mem::take(&mut self.lowered);
        lowered.clear();
        let small = if !changes {
            word
        } else if word.is_ascii() {
            lowered.reserve_exact(word.len());
            lowered.extend_from_slice(word);
            lowered.make_ascii_lowercase();
            &lowered
        } else {
            lower(word, &mut lowered);
            &lowered
        };
        if small.len() <= INLINE {
            self.short(Key::short(padded(small), small.len()));
        } else {
            self.look_up();
            let id = self.vocabulary.long(small);
            self.ids.push(id);
        }
        lowered.clear();
        lowered.shrink_to(1 << 20);
        self.lowered = lowered;
    }
}

/// Return where the segment may begin that holds the first character of a run: there, or at what that attaches to.
fn attached(text: &[u8], run: usize) -> usize {
    if run == 0 || text[run] < 0x80 {
        return run;
    }
    let class = entry(decode(text, run).0) & CLASS;
    if !is_skipped(class) && class != W_SEG_SPACE || text[run - 1] >= 0x80 {
        return run;
    }
    let spaces = text[..run].iter().rev().take_while(|&&one| one == b' ').count();
    run - spaces.max(1)
}

fn only_lines(run: &[u8]) -> bool {
    run.iter().all(|&one| one == b'_')
}

/// Return 16 bytes of ASCII in lower case.
#[inline]
fn lower_ascii(bytes: u128) -> u128 {
    const EACH: u128 = u128::MAX / 0xff;
    const TO_A: u128 = EACH * 0x3f; // 0x80 - A
    const PAST_Z: u128 = EACH * 0x25; // 0x7f - Z
    let from_a = bytes + TO_A;
    let past_z = bytes + PAST_Z;
    bytes | (from_a & !past_z & (EACH * 0x80)) >> 2
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the scan gives is what the rules give, one segment after the other.
    fn by_rules_alone(text: &[u8]) -> Counter {
        let mut counter = Counter::default();
        let mut at = 0;
        while at < text.len() {
            at = counter.segment(text, at);
        }
        counter.look_up();
        counter
    }

    fn check(text: &str) {
        let expected = by_rules_alone(text.as_bytes());
        let mut counter = Counter::default();
        counter.scan(text.as_bytes());
        let words = |one: &Counter| -> Vec<String> {
            let word = |&id: &u32| String::from_utf8_lossy(one.vocabulary.word(id as usize)).into_owned();
            one.ids.iter().map(word).collect()
        };
        assert_eq!(words(&counter), words(&expected), "{text:?}");
        assert_eq!(counter.ids, expected.ids);
    }

    #[test]
    fn every_length_at_every_alignment_agrees_with_the_rules() {
        let pieces = [
            "word",
            "Can't",
            "3.14",
            "a.b",
            "__",
            "_x_",
            "é",
            "a.\u{301}b",
            "1,\u{200d}2",
            " \u{301}",
            "  \u{2003}x",
            "\u{200d}\u{2139}",
            "x.é",
            "x'é",
            "ש\"ש",
            "\r\n",
            "カナ",
            "漢字",
            ".\u{301}",
            "a:b:c",
            "9;9",
            "\u{1f1e6}\u{1f1e7}",
            "seventeen_letters_",
            "ΑΣ",
            "İ",
            "\0",
        ];
        for piece in pieces {
            for other in pieces {
                for lead in (0..9).chain(55..67) {
                    for trail in [0, 1, 7, 63, 64] {
                        let lead = "x ".repeat(70)[..lead].to_owned();
                        check(&format!("{lead}{piece}{other}{piece}{}", &"y.z ".repeat(20)[..trail]));
                    }
                }
            }
        }
    }

    #[test]
    fn runs_over_many_blocks_are_one_word() {
        for length in [63, 64, 65, 127, 128, 129, 5000] {
            check(&format!("{} {}.5 {}é", "A".repeat(length), "1".repeat(length), "b".repeat(length)));
            check(&"_".repeat(length));
        }
    }

    #[test]
    fn lower_case_changes_letters_alone() {
        for byte in 0..0x80_u8 {
            let bytes = u128::from_le_bytes([byte; 16]);
            assert_eq!(lower_ascii(bytes).to_le_bytes(), [byte.to_ascii_lowercase(); 16]);
        }
    }
}
