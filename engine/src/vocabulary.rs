//! Words and their ids: an open-addressed table whose keys of up to 24 bytes lie in its slots.
//!
//! `HashMap<Vec<u8>, u32>` would do the same at a third of the speed: each look-up there follows a pointer to the word
//! into memory that is not in the cache. Here a slot is the word itself, with its id and how often it was counted; a
//! longer word's slot holds its hash, and the bytes are compared where the vocabulary keeps them, in one arena in order
//! of ids. Look-ups are asked for in two steps, so that a caller can `prefetch` the slots of a batch before it needs the
//! first. The hash is keyed at random for each vocabulary: a text made to collide in one run does not in the next, and
//! ids do not depend on it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use crate::slots::{Slot, Slots};

/// Longest word that is its own key.
pub const INLINE: usize = 24;
const FIRST: usize = 1 << 12;
/// Bytes of a word's end, and of its key while words are sorted.
const SORTING: usize = size_of::<usize>() + 28;
/// The last number of a key that is the hash of a long word: no UTF-8 has such a byte.
const LONG: u64 = u64::MAX;
/// Copies of a word that writing it to a file takes: its column, what that is compressed to, what the file is given.
pub const WRITING: usize = 3;
/// One occurrence, in the last number of a slot: the id and one in the low half, 0 in a free slot; the count above.
const ONCE: u64 = 1 << 32;

/// A word of at most 24 bytes as the table asks for it: as three little-endian numbers, with zeros behind it.
pub type Key = [u64; 3];

/// The words seen so far, numbered in order of first occurrence.
pub struct Vocabulary {
    slots: Slots,
    arena: Vec<u8>,
    ends: Vec<usize>,
    longest: usize,
    hash: Hash,
    /// Words that were counted 2^32 times, once for each time.
    often: Vec<u32>,
}

impl Default for Vocabulary {
    fn default() -> Self {
        Self::new()
    }
}

impl Vocabulary {
    /// Make an empty vocabulary.
    #[must_use]
    pub fn new() -> Self {
        Self {
            slots: Slots::new(FIRST),
            arena: Vec::new(),
            ends: Vec::new(),
            longest: 0,
            hash: Hash::default(),
            often: Vec::new(),
        }
    }

    /// Return how many words there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Tell whether there is no word.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Return the bytes of a word.
    #[must_use]
    pub fn word(&self, id: usize) -> &[u8] {
        let start = if id == 0 { 0 } else { self.ends[id - 1] };
        &self.arena[start..self.ends[id]]
    }

    /// Return the bytes that the vocabulary takes, with what sorting it and writing its longest word takes.
    #[must_use]
    pub fn memory(&self) -> usize {
        let slots = if self.slots.count() == FIRST { 0 } else { self.slots.count() * size_of::<Slot>() };
        slots + self.arena.len() + self.len() * SORTING + WRITING * self.longest
    }

    /// Return all words, one behind the other in order of ids, where each ends, and how often each was counted.
    #[must_use]
    pub fn into_words(self) -> (Vec<u8>, Vec<usize>, Vec<u64>) {
        let counts = self.counts();
        (self.arena, self.ends, counts)
    }

    /// Return how many words were counted, and the words that were so most often, with their counts: by falling count,
    /// then by the words' bytes, as many as are asked for.
    #[must_use]
    pub fn most(&self, most: usize) -> (u64, Vec<(&[u8], u64)>) {
        let counts = self.counts();
        let mut heap = BinaryHeap::new();
        for (id, &count) in counts.iter().enumerate() {
            let row = Reverse((count, Reverse(self.word(id))));
            if heap.len() < most {
                heap.push(row);
            } else if heap.peek().is_some_and(|last| row < *last) {
                heap.pop();
                heap.push(row);
            }
        }
        let rows = heap.into_sorted_vec().into_iter().map(|Reverse((count, Reverse(word)))| (word, count));
        (counts.iter().sum(), rows.collect())
    }

    fn counts(&self) -> Vec<u64> {
        let mut counts = vec![0; self.len()];
        for slot in self.slots.iter().filter(|slot| slot[3] != 0) {
            counts[place_of_id(slot[3])] = slot[3] / ONCE;
        }
        self.often.iter().for_each(|&id| counts[id as usize] += 1 << 32);
        counts
    }

    /// Return the hash of a short word.
    #[inline]
    #[must_use]
    pub fn hash(&self, key: Key) -> u64 {
        let seeds = self.hash.seeds;
        fold(key[0] ^ seeds[0], key[1] ^ seeds[1]) ^ fold(key[2] ^ seeds[2], seeds[3])
    }

    /// Ask the processor to bring the slot of this hash into its cache.
    #[inline]
    pub fn prefetch(&self, hash: u64) {
        self.slots.prefetch(hash);
    }

    /// Return the id of the word at a place.
    #[inline]
    #[must_use]
    pub fn id_at(&mut self, place: usize) -> u32 {
        place_of_id(self.slots.at(place)[3]) as u32
    }

    /// Count the word at a place once more.
    #[inline]
    pub fn count_at(&mut self, place: usize) {
        let slot = self.slots.at(place);
        let (sum, over) = slot[3].overflowing_add(ONCE);
        slot[3] = sum;
        if over {
            self.often.push(place_of_id(sum) as u32);
        }
    }

    /// Return the place of a short word, a new one if need be; `hash` is its hash. It holds until the next word is new.
    #[inline]
    pub fn short(&mut self, key: Key, hash: u64) -> usize {
        let mut place = self.slots.place(hash);
        loop {
            let slot = self.slots.at(place);
            if (slot[0] ^ key[0]) | (slot[1] ^ key[1]) | (slot[2] ^ key[2]) == 0 && slot[3] != 0 {
                return place;
            }
            if slot[3] == 0 {
                let bytes = key.map(u64::to_le_bytes);
                let bytes = bytes.as_flattened();
                let length = bytes.iter().rposition(|&one| one != 0).map_or(0, |last| last + 1);
                return self.add(hash, key, &bytes[..length]);
            }
            place = self.slots.after(place);
        }
    }

    /// Return the place of a word that is no key, a new one if need be.
    pub fn long(&mut self, word: &[u8]) -> usize {
        let hash = self.hash.of(word);
        let key = [hash, word.len() as u64, LONG];
        let mut place = self.slots.place(hash);
        loop {
            let slot = *self.slots.at(place);
            if slot[3] == 0 {
                return self.add(hash, key, word);
            }
            if slot[..3] == key && self.word(place_of_id(slot[3])) == word {
                return place;
            }
            place = self.slots.after(place);
        }
    }

    #[cold]
    #[inline(never)]
    fn add(&mut self, hash: u64, key: Key, word: &[u8]) -> usize {
        if (self.ends.len() + 1) * 4 > self.slots.count() * 3 {
            self.grow();
        }
        let id = u32::try_from(self.ends.len() + 1).expect("memory ends before ids do");
        append(&mut self.arena, word);
        self.longest = self.longest.max(word.len());
        self.ends.push(self.arena.len());
        put(&mut self.slots, hash, [key[0], key[1], key[2], u64::from(id)])
    }

    fn grow(&mut self) {
        let mut slots = Slots::new(self.slots.count() * 2);
        for &slot in self.slots.iter().filter(|slot| slot[3] != 0) {
            let hash = if slot[2] == LONG { slot[0] } else { self.hash([slot[0], slot[1], slot[2]]) };
            put(&mut slots, hash, slot);
        }
        self.slots = slots;
    }
}

/// A hash that is keyed at random.
pub struct Hash {
    pub(crate) seeds: [u64; 4],
}

impl Default for Hash {
    fn default() -> Self {
        let random = RandomState::new();
        Self { seeds: [1_u8, 2, 3, 4].map(|one| random.hash_one(one)) }
    }
}

impl Hash {
    /// Return the hash of a word of any length.
    #[inline]
    #[must_use]
    pub fn of(&self, word: &[u8]) -> u64 {
        let (chunks, rest) = word.as_chunks::<16>();
        let mut hash = self.seeds[2] ^ word.len() as u64;
        let mut mix = |chunk: u128| {
            hash = fold(chunk as u64 ^ self.seeds[0] ^ hash, (chunk >> 64) as u64 ^ self.seeds[1]);
        };
        chunks.iter().for_each(|&chunk| mix(u128::from_le_bytes(chunk)));
        let mut last = [0; 16];
        last[..rest.len()].copy_from_slice(rest);
        mix(u128::from_le_bytes(last));
        hash
    }
}

/// Write a slot to the first free place for its hash and return the place.
fn put(slots: &mut Slots, hash: u64, slot: Slot) -> usize {
    let mut place = slots.place(hash);
    while slots.at(place)[3] != 0 {
        place = slots.after(place);
    }
    *slots.at(place) = slot;
    place
}

/// Return the place among the words that a slot's last number says.
#[inline]
fn place_of_id(number: u64) -> usize {
    (number as u32).wrapping_sub(1) as usize
}

/// Append to what may be most of the memory: it grows by a quarter, where doubling would take twice what is needed.
pub fn append(large: &mut Vec<u8>, more: &[u8]) {
    if large.capacity() - large.len() < more.len() {
        large.reserve_exact(more.len().max(large.len() / 4));
    }
    large.extend_from_slice(more);
}

/// Return the key of the word that begins these bytes and has this length, at most 24.
#[inline]
#[must_use]
pub fn key_of(bytes: &[u8; INLINE], length: usize) -> Key {
    const MASKS: [Key; 32] = masks();
    debug_assert!((1..=INLINE).contains(&length));
    let (all, mask) = (numbers(bytes), &MASKS[length & 31]);
    [all[0] & mask[0], all[1] & mask[1], all[2] & mask[2]]
}

const fn masks() -> [Key; 32] {
    let mut found = [[0; 3]; 32];
    let mut length = 0;
    while length <= INLINE {
        let mut at = 0;
        while at < length {
            found[length][at / 8] |= 0xff << (8 * (at % 8));
            at += 1;
        }
        length += 1;
    }
    found
}

#[inline]
fn numbers(bytes: &[u8; INLINE]) -> Key {
    let (numbers, _) = bytes.as_chunks();
    [0, 1, 2].map(|at| u64::from_le_bytes(numbers[at]))
}

/// Mix two numbers by the two halves of their product.
#[inline]
fn fold(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    product as u64 ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Return the key of a word; None where the word is too long for one or ends in a byte that a key cannot end in.
    fn key(word: &[u8]) -> Option<Key> {
        if word.len() > INLINE || matches!(word.last(), None | Some(0 | 0xff)) {
            return None;
        }
        let mut bytes = [0; INLINE];
        bytes[..word.len()].copy_from_slice(word);
        Some(numbers(&bytes))
    }

    fn id(vocabulary: &mut Vocabulary, word: &str) -> u32 {
        let place = match key(word.as_bytes()) {
            Some(key) => vocabulary.short(key, vocabulary.hash(key)),
            None => vocabulary.long(word.as_bytes()),
        };
        vocabulary.id_at(place)
    }

    #[test]
    fn ids_come_in_order_of_first_occurrence() {
        let mut vocabulary = Vocabulary::new();
        let (fits, too_long) = ("24 bytes are what fits..", "25 bytes are one too many");
        let words = ["a", fits, too_long, "a", too_long, "a\0", "\0a", "b", "a\0", ""];
        assert_eq!(words.map(|word| id(&mut vocabulary, word)), [0, 1, 2, 0, 2, 3, 4, 5, 3, 6]);
        assert_eq!(vocabulary.word(1), fits.as_bytes());
        assert_eq!(vocabulary.word(3), b"a\0");
        assert_eq!(vocabulary.word(6), b"");
        assert_eq!(vocabulary.len(), 7);
    }

    #[test]
    fn keys_are_the_bytes_up_to_the_length() {
        let bytes = *b"abcdefghijklmnopqrstuvwx";
        for length in 1..=INLINE {
            assert_eq!(Some(key_of(&bytes, length)), key(&bytes[..length]));
        }
        assert_eq!(key(b"longer than a key can be!"), None);
    }

    #[test]
    fn counts_go_beyond_four_billion() {
        let mut vocabulary = Vocabulary::new();
        let words = [("b", 2), ("a longer word than any key is", 1), ("a", 3), ("c", 2)];
        for (word, times) in words {
            let place = match key(word.as_bytes()) {
                Some(key) => vocabulary.short(key, vocabulary.hash(key)),
                None => vocabulary.long(word.as_bytes()),
            };
            (0..times).for_each(|_| vocabulary.count_at(place));
        }
        let often = key(b"c").expect("it is short");
        let place = vocabulary.short(often, vocabulary.hash(often));
        vocabulary.slots.at(place)[3] |= !(ONCE - 1);
        (0..2).for_each(|_| vocabulary.count_at(place));
        let expected: [(&[u8], u64); 3] = [(b"c", (1 << 32) + 1), (b"a", 3), (b"b", 2)];
        assert_eq!(vocabulary.most(3), ((1 << 32) + 7, expected.to_vec()));
        assert_eq!(vocabulary.most(0).1, []);
        assert_eq!(vocabulary.most(9).1.len(), 4);
        assert_eq!(vocabulary.into_words().2, [2, 1, 3, (1 << 32) + 1]);
    }

    #[test]
    fn growing_keeps_every_id() {
        let mut vocabulary = Vocabulary::new();
        let words: Vec<String> = (0..20_000).map(|one| "x".repeat(one % 23) + &one.to_string()).collect();
        for (number, word) in words.iter().enumerate() {
            assert_eq!(id(&mut vocabulary, word) as usize, number);
        }
        for (number, word) in words.iter().enumerate() {
            assert_eq!(id(&mut vocabulary, word) as usize, number);
            assert_eq!(vocabulary.word(number), word.as_bytes());
        }
        assert!(vocabulary.memory() > words.len() * 24);
    }
}
