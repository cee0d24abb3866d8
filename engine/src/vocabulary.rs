//! Words and their ids: an open-addressed table whose keys of up to 16 bytes lie in its slots.
//!
//! `HashMap<Vec<u8>, u32>` would do the same at a third of the speed: each look-up there follows a pointer to the word
//! into memory that is not in the cache. Here a slot is the word itself; a longer word's slot holds its hash, and the
//! bytes are compared where the vocabulary keeps them, in one arena in order of ids. Look-ups are asked for in two
//! steps, so that a caller can `prefetch` the slots of a batch before it needs the first. The hash is keyed at random
//! for each vocabulary: a text made to collide in one run does not in the next, and ids do not depend on it.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

/// Longest word that is its own key.
pub const INLINE: usize = 16;
const FIRST: usize = 1 << 12;
/// Bytes of a word's end, and of its key while words are sorted.
const SORTING: usize = size_of::<usize>() + 28;

/// A word as the table asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    low: u64,
    high: u64,
    length: u32,
}

impl Key {
    /// Make the key of a word of at most 16 bytes, given as the little-endian number that they make.
    #[inline]
    #[must_use]
    pub fn short(bytes: u128, length: usize) -> Self {
        debug_assert!((1..=INLINE).contains(&length));
        Self { low: bytes as u64, high: (bytes >> 64) as u64, length: length as u32 }
    }
}

#[derive(Clone, Copy, Default)]
struct Slot {
    low: u64,
    high: u64,
    /// 0 in a free slot: no word is empty.
    length: u32,
    id: u32,
}

/// The words seen so far, numbered in order of first occurrence.
pub struct Vocabulary {
    slots: Vec<Slot>,
    arena: Vec<u8>,
    ends: Vec<usize>,
    seeds: [u64; 3],
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
        let random = RandomState::new();
        Self {
            slots: vec![Slot::default(); FIRST],
            arena: Vec::new(),
            ends: Vec::new(),
            seeds: [1_u8, 2, 3].map(|one| random.hash_one(one)),
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

    /// Return the bytes that the vocabulary takes, with what sorting it takes.
    #[must_use]
    pub fn memory(&self) -> usize {
        let slots = if self.slots.len() == FIRST { 0 } else { self.slots.len() * size_of::<Slot>() };
        slots + self.arena.len() + self.len() * SORTING
    }

    /// Return all words, one behind the other in order of ids, and where each ends.
    #[must_use]
    pub fn into_words(self) -> (Vec<u8>, Vec<usize>) {
        (self.arena, self.ends)
    }

    /// Return the id of a word, a new one if need be.
    pub fn id(&mut self, word: &[u8]) -> u32 {
        if word.len() > INLINE {
            return self.long(word);
        }
        let key = Key::short(padded(word), word.len());
        self.short(key, self.hash(key))
    }

    /// Return the hash of a short word.
    #[inline]
    #[must_use]
    pub fn hash(&self, key: Key) -> u64 {
        fold(key.low ^ self.seeds[0], key.high ^ self.seeds[1] ^ u64::from(key.length) << 56)
    }

    /// Return the place in the table at which a look-up of this hash begins.
    #[inline]
    fn place(&self, hash: u64) -> usize {
        hash as usize & (self.slots.len() - 1)
    }

    /// Ask the processor to bring the slot of this hash into its cache.
    #[inline]
    pub fn prefetch(&self, hash: u64) {
        prefetch(&self.slots, self.place(hash));
    }

    /// Return the id of a short word, a new one if need be; `hash` is its hash.
    #[inline]
    pub fn short(&mut self, key: Key, hash: u64) -> u32 {
        let mut at = self.place(hash);
        loop {
            let slot = self.slots[at];
            if slot.low == key.low && slot.high == key.high && slot.length == key.length {
                return slot.id;
            }
            if slot.length == 0 {
                let bytes = (u128::from(key.high) << 64 | u128::from(key.low)).to_le_bytes();
                return self.add(at, key, &bytes[..key.length as usize]);
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }

    /// Return the id of a word of more than 16 bytes, a new one if need be.
    ///
    /// # Panics
    /// Where the word has 4 GiB or more.
    pub fn long(&mut self, word: &[u8]) -> u32 {
        debug_assert!(word.len() > INLINE);
        let length = u32::try_from(word.len()).expect("the caller bounds a word's length");
        let hash = self.hash_long(word);
        let key = Key { low: hash, high: 0, length };
        let mut at = self.place(hash);
        loop {
            let slot = self.slots[at];
            if slot.length == 0 {
                return self.add(at, key, word);
            }
            if slot.low == hash && slot.length == length && self.word(slot.id as usize) == word {
                return slot.id;
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }

    fn hash_long(&self, word: &[u8]) -> u64 {
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

    #[cold]
    #[inline(never)]
    fn add(&mut self, at: usize, key: Key, word: &[u8]) -> u32 {
        let id = u32::try_from(self.ends.len()).expect("memory ends before ids do");
        self.slots[at] = Slot { low: key.low, high: key.high, length: key.length, id };
        append(&mut self.arena, word);
        self.ends.push(self.arena.len());
        if self.ends.len() * 2 > self.slots.len() {
            self.grow();
        }
        id
    }

    fn grow(&mut self) {
        let size = self.slots.len() * 2;
        let before = std::mem::replace(&mut self.slots, vec![Slot::default(); size]);
        for slot in before.into_iter().filter(|slot| slot.length > 0) {
            let key = Key { low: slot.low, high: slot.high, length: slot.length };
            let hash = if slot.length as usize > INLINE { slot.low } else { self.hash(key) };
            let mut at = self.place(hash);
            while self.slots[at].length > 0 {
                at = (at + 1) & (size - 1);
            }
            self.slots[at] = slot;
        }
    }
}

/// Append to what may be most of the memory: it grows by a quarter, where doubling would take twice what is needed.
pub fn append(large: &mut Vec<u8>, more: &[u8]) {
    if large.capacity() - large.len() < more.len() {
        large.reserve_exact(more.len().max(large.len() / 4));
    }
    large.extend_from_slice(more);
}

/// Return a word of at most 16 bytes as a little-endian number.
#[inline]
#[must_use]
pub fn padded(word: &[u8]) -> u128 {
    let mut bytes = [0; INLINE];
    bytes[..word.len()].copy_from_slice(word);
    u128::from_le_bytes(bytes)
}

/// Mix two numbers by the two halves of their product.
#[inline]
fn fold(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    product as u64 ^ (product >> 64) as u64
}

/// Bring one slot into the cache; on other processors than x86-64 this does nothing.
#[inline]
#[cfg_attr(target_arch = "x86_64", allow(unsafe_code, reason = "a prefetch is an instruction of the processor"))]
fn prefetch(slots: &[Slot], at: usize) {
    debug_assert!(at < slots.len());
    #[cfg(target_arch = "x86_64")]
    if let Some(slot) = slots.get(at) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let address: *const Slot = slot;
        debug_assert!(slots.as_ptr_range().contains(&address));
        // SAFETY: a prefetch reads no memory as far as the program can tell and never faults; every x86-64 has it. The
        // address is that of a slot that exists, as `get` has just shown.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (slots, at);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(vocabulary: &mut Vocabulary, word: &str) -> u32 {
        vocabulary.id(word.as_bytes())
    }

    #[test]
    fn ids_come_in_order_of_first_occurrence() {
        let mut vocabulary = Vocabulary::new();
        let words = ["a", "sixteen bytes ok", "seventeen bytes :", "a", "seventeen bytes :", "a\0", "b"];
        assert_eq!(words.map(|word| id(&mut vocabulary, word)), [0, 1, 2, 0, 2, 3, 4]);
        assert_eq!(vocabulary.word(1), b"sixteen bytes ok");
        assert_eq!(vocabulary.word(3), b"a\0");
        assert_eq!(vocabulary.len(), 5);
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
