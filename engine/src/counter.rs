//! From text to ids or counts: ASCII words by bit masks, all else by the rules, and every word through the vocabulary.
//!
//! A run is a stretch of letters, digits, low lines, what joins two of them, and foreign bytes, found by shifts of the
//! masks. One without foreign bytes is a segment; one with them goes to `segment` from its beginning, until there is a
//! boundary before ASCII again. Foreign bytes reach no further back than this: over a joining character right before
//! them, which is part of the run therefore, and, where they begin with what attaches to the character before (a mark,
//! a space), over that one and the spaces before it.
//!
//! A strip of text is gone through twice, first for where its runs turn, then for the words: so neither loop has a
//! branch that the processor cannot guess, and the words' slots are on their way before the first is looked up.

#![allow(clippy::inline_always, reason = "what the scan calls must be compiled for the processor that it is for")]
#![allow(clippy::needless_bitwise_bool, reason = "one branch a word, which is hardly ever taken")]

use crate::classes::{CLASS, W_SEG_SPACE, decode, entry, is_skipped};
use crate::lower::lower;
use crate::masks::{Masks, classify};
use crate::segment::segment;
use crate::vocabulary::{INLINE, Key, Vocabulary, key_of};

/// Bytes that are classified at once.
const STRIP: usize = 4096;
/// Words whose slots are asked for before the first is needed.
const BATCH: usize = 64;
/// The bits of bytes that are not ASCII.
const FOREIGN: u64 = 0x8080_8080_8080_8080;

/// Counts words: numbers them by a vocabulary, and keeps the ids until they are taken or counts the words there.
pub struct Counter {
    /// The words.
    pub vocabulary: Vocabulary,
    /// The ids found and not yet taken.
    pub ids: Vec<u32>,
    counting: bool,
    waiting: [(Key, u64); BATCH],
    waits: usize,
    lowered: Vec<u8>,
}

impl Default for Counter {
    fn default() -> Self {
        Self {
            vocabulary: Vocabulary::new(),
            ids: Vec::new(),
            counting: false,
            waiting: [([0; 3], 0); BATCH],
            waits: 0,
            lowered: Vec::new(),
        }
    }
}

/// Where the scan of a text stands.
#[derive(Default)]
struct Place {
    /// Where the run began that is under way, if one is.
    run: Option<usize>,
    /// Everything before this place is done.
    done: usize,
}

/// A piece of text in lower case, with what follows and zeros behind it, and the places in it where runs begin and end.
struct Strip {
    blocks: [[u8; 64]; STRIP / 64 + 1],
    masks: [Masks; STRIP / 64],
    /// The masks of the block before the first.
    before: Masks,
    turns: [u16; STRIP + 64],
    /// How many turns there are.
    count: usize,
}

impl Counter {
    /// Make a counter that counts the words instead of keeping their ids.
    #[must_use]
    pub fn counting() -> Self {
        Self { counting: true, ..Self::default() }
    }

    /// Number the words of a text that begins and ends at boundaries.
    pub fn scan(&mut self, text: &[u8]) {
        #[cfg(target_arch = "x86_64")]
        if x86::scan(self, text) {
            return;
        }
        self.portable(text);
    }

    /// Do so on any processor.
    #[inline(always)]
    pub fn portable(&mut self, text: &[u8]) {
        let mut strip = Strip::new();
        let mut place = Place::default();
        for base in (0..text.len()).step_by(STRIP) {
            strip.fill(text, base, place.run.is_some());
            self.strip(text, base, &strip, &mut place);
        }
        if let Some(start) = place.run {
            self.run(text, start, text.len(), &[], &mut place);
        }
        self.look_up();
    }

    /// Number the segment that lies between two boundaries if it is a word.
    pub fn segment(&mut self, text: &[u8], start: usize) -> usize {
        let found = segment(text, start);
        if found.is_word {
            self.word(text, start, found.end, found.changes);
        }
        found.end
    }

    /// Look up what waits.
    pub fn look_up(&mut self) {
        let vocabulary = &mut self.vocabulary;
        let waiting = &self.waiting[..std::mem::take(&mut self.waits)];
        if self.counting {
            for &(key, hash) in waiting {
                let place = vocabulary.short(key, hash);
                vocabulary.count_at(place);
            }
        } else {
            self.ids.extend(waiting.iter().map(|&(key, hash)| {
                let place = vocabulary.short(key, hash);
                vocabulary.id_at(place)
            }));
        }
    }

    /// Take the runs of a strip; the last may go on behind it.
    #[inline(always)]
    fn strip(&mut self, text: &[u8], base: usize, strip: &Strip, place: &mut Place) {
        let bytes = strip.blocks.as_flattened();
        let mut turns = &strip.turns[..strip.count];
        if let (Some(start), Some((&end, later))) = (place.run, turns.split_first()) {
            self.run(text, start, base + usize::from(end), &[], place);
            (place.run, turns) = (None, later);
        }
        let (pairs, last) = turns.as_chunks();
        for &[start, end] in pairs {
            let (start, end) = (usize::from(start), usize::from(end));
            let length = end - start;
            let Some(near) = bytes[start..].first_chunk() else { return };
            let key = key_of(near, length.min(INLINE));
            let foreign = (key[0] | key[1] | key[2]) & FOREIGN != 0;
            if (length > INLINE) | foreign | (near[0] == b'_') | (base + start < place.done) {
                self.run(text, base + start, base + end, &bytes[start..end], place);
            } else {
                self.short(key);
            }
        }
        if let &[start] = last {
            place.run = Some(base + usize::from(start));
        }
    }

    /// Take a run of any kind; `small` is its lower case if it is ASCII and that is at hand.
    #[inline(never)]
    fn run(&mut self, text: &[u8], start: usize, end: usize, small: &[u8], place: &mut Place) {
        let begun = start.max(place.done);
        if begun >= end {
            return;
        }
        let run = &text[begun..end];
        if !run.is_ascii() {
            place.done = self.by_rules(text, begun, end);
        } else if run.iter().any(|&one| one != b'_') {
            match small.get(begun - start..) {
                Some(small) if small.len() > INLINE => self.long(small),
                _ => self.word(text, begun, end, true),
            }
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

    #[inline]
    fn short(&mut self, key: Key) {
        let hash = self.vocabulary.hash(key);
        self.vocabulary.prefetch(hash);
        self.waiting[self.waits] = (key, hash);
        self.waits += 1;
        if self.waits == BATCH {
            self.look_up();
        }
    }

    fn long(&mut self, word: &[u8]) {
        self.look_up();
        let place = self.vocabulary.long(word);
        if self.counting {
            self.vocabulary.count_at(place);
        } else {
            self.ids.push(self.vocabulary.id_at(place));
        }
    }

    /// Number a word that may hold anything.
    fn word(&mut self, text: &[u8], start: usize, end: usize, changes: bool) {
        if !changes {
            return self.small(&text[start..], end - start);
        }
        let mut lowered = std::mem::take(&mut self.lowered);
        lowered.clear();
        let word = &text[start..end];
        if word.is_ascii() {
            lowered.reserve_exact(word.len() + INLINE); // such a word may be most of the memory
            lowered.extend_from_slice(word);
            lowered.make_ascii_lowercase();
        } else {
            lower(word, &mut lowered);
        }
        let length = lowered.len();
        lowered.extend_from_slice(&[0; INLINE]);
        self.small(&lowered, length);
        lowered.clear();
        lowered.shrink_to(1 << 20);
        self.lowered = lowered;
    }

    /// Number the word of this length that begins a text and is in lower case.
    #[inline]
    fn small(&mut self, text: &[u8], length: usize) {
        if length > INLINE {
            self.long(&text[..length]);
        } else if let Some(near) = text.first_chunk() {
            self.short(key_of(near, length));
        } else {
            let mut near = [0; INLINE];
            near[..length].copy_from_slice(&text[..length]);
            self.short(key_of(&near, length));
        }
    }
}

impl Strip {
    fn new() -> Self {
        Self {
            blocks: [[0; 64]; STRIP / 64 + 1],
            masks: [Masks::default(); STRIP / 64],
            before: Masks::default(),
            turns: [0; STRIP + 64],
            count: 0,
        }
    }

    /// Take the text from `base` on, as much as there is room for, and find its runs; `open` tells whether one is
    /// under way.
    #[inline(always)]
    fn fill(&mut self, text: &[u8], base: usize, open: bool) {
        let end = text.len().min(base + STRIP);
        let bytes = self.blocks.as_flattened_mut();
        let (room, behind) = bytes.split_at_mut(end - base);
        room.copy_from_slice(&text[base..end]);
        room.make_ascii_lowercase();
        behind[..64].fill(0);
        behind[0] = text.get(end).copied().unwrap_or(0);
        // The NULs behind the text's end are in no run.
        let size = (end - base).div_ceil(64);
        classify(&self.blocks[..size], &mut self.masks);
        let (mut before, mut open) = (self.before, u64::from(open));
        self.count = 0;
        for at in 0..size {
            let this = self.masks[at];
            let runs = runs(&before, &this, self.blocks[at + 1][0]);
            let turns = runs ^ (runs << 1 | open);
            self.turns(64 * at, turns);
            (before, open) = (this, runs >> 63);
        }
        self.before = before;
    }

    /// Keep the places of a block's turns. So many are written that most blocks need no second look at how many there
    /// are; what is too much is written over by the next block.
    #[inline(always)]
    fn turns(&mut self, base: usize, mut turns: u64) {
        let count = turns.count_ones() as usize;
        let Some(room) = self.turns[self.count..].first_chunk_mut::<64>() else { return };
        let mut write = |range: std::ops::Range<usize>| {
            for one in &mut room[range] {
                *one = (base + turns.trailing_zeros() as usize) as u16;
                turns &= turns.wrapping_sub(1);
            }
        };
        write(0..24);
        if count > 24 {
            write(24..64);
        }
        self.count += count;
    }
}

/// Return the runs of a block by its masks, those of the block before, and the byte behind it.
#[inline(always)]
fn runs(before: &Masks, this: &Masks, next: u8) -> u64 {
    let over = |mask: u64, last: u64, first: bool| {
        let left = mask << 1 | last >> 63;
        let right = mask >> 1 | u64::from(first) << 63;
        left & right
    };
    let joined = (this.mid_letters & over(this.letters, before.letters, next.is_ascii_alphabetic()))
        | (this.mid_digits & over(this.digits, before.digits, next.is_ascii_digit()));
    let touching = (this.mid_letters | this.mid_digits) & (this.foreign >> 1 | u64::from(next >= 0x80) << 63);
    this.letters | this.digits | this.lines | this.foreign | joined | touching
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

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Counter;

    /// Scan a text and return true, if the processor has what the function below is compiled for.
    #[allow(unsafe_code, reason = "instructions may be used only where the processor has them")]
    pub fn scan(counter: &mut Counter, text: &[u8]) -> bool {
        let has = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("lzcnt")
            && is_x86_feature_detected!("popcnt");
        if has {
            debug_assert!(is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi2"));
            // SAFETY: the function asks nothing but that the processor has what was detected above; its body is the
            // portable one.
            unsafe { compiled(counter, text) };
        }
        has
    }

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
    fn compiled(counter: &mut Counter, text: &[u8]) {
        counter.portable(text);
    }
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
        let mut portable = Counter::default();
        portable.portable(text.as_bytes());
        assert_eq!(counter.ids, portable.ids);
        let words = |one: &Counter| -> Vec<String> {
            let word = |&id: &u32| String::from_utf8_lossy(one.vocabulary.word(id as usize)).into_owned();
            one.ids.iter().map(word).collect()
        };
        assert_eq!(words(&counter), words(&expected), "{text:?}");
        assert_eq!(counter.ids, expected.ids);
    }

    const PIECES: [&str; 26] = [
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

    #[test]
    fn every_length_at_every_alignment_agrees_with_the_rules() {
        for piece in PIECES {
            for other in PIECES {
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
    fn strips_may_end_anywhere() {
        for piece in PIECES {
            for other in PIECES {
                let text = format!("{piece}{other}{piece}");
                for lead in STRIP - text.len()..=STRIP {
                    check(&format!("{}{text} y.z", &"x ".repeat(STRIP)[..lead]));
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
}
