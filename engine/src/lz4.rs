//! A column of ids as an LZ4 frame, by a compressor that knows what it compresses.
//!
//! Any decoder of LZ4 reads what comes out. But matches are sought among whole ids alone, and nothing is decided by a
//! branch until they are found: for each id the last place of the same pair of ids is looked up, and eight ids there are
//! compared with the eight here. What is taken of that is decided afterwards, 4096 ids at a time. A compressor for bytes
//! (`lz4_flex`) needs two and a half times as long, as it guesses wrong at every other match, and gets a fifth more out.
//!
//! The pairs' last places are 16 bits of them. As a match may lie 65,535 bytes back, 14 bits are enough: what is older
//! only seems to be near, and then the ids there are others.

#![allow(clippy::inline_always, reason = "what compresses must be compiled for the processor that it is for")]

/// Ids that are one block of the frame.
const BLOCK: usize = 1 << 17;
/// Ids that are looked up before their matches are chosen.
const PIECE: usize = 1 << 12;
/// Ids that are compared at once.
const WIDE: usize = 8;
/// Pairs of ids whose last place is kept.
const SLOTS: usize = 1 << 13;
/// Ids that a match may lie back, and one.
const REACH: usize = 1 << 14;
/// Ids at a block's end in which no match may begin, and in which none may end.
const LAST: usize = 3;
const END: usize = 2;

/// The frame's magic number; version 1, of blocks that stand alone; of a megabyte at most; the digest of the last two.
pub const HEAD: [u8; 7] = [0x04, 0x22, 0x4d, 0x18, 0x60, 0x60, 0x51];
/// What the size of a block that is not compressed has set.
pub const PLAIN: u32 = 1 << 31;

/// Compresses ids, with room that is used again and again.
pub struct Encoder {
    /// Where pairs of ids stood last, by their hashes.
    slots: Box<[u16; SLOTS]>,
    found: Box<Found>,
    room: Vec<u8>,
}

/// What is found out about a piece: for each id the place where its pair stood before, how the ids there are alike, a bit
/// each, and whether the first two are.
struct Found {
    before: [u16; PIECE],
    alike: [u8; PIECE],
    pairs: [u64; PIECE / 64],
}

impl Default for Encoder {
    fn default() -> Self {
        let found = Found { before: [0; PIECE], alike: [0; PIECE], pairs: [0; PIECE / 64] };
        Self { slots: Box::new([0; SLOTS]), found: Box::new(found), room: Vec::new() }
    }
}

impl Encoder {
    /// Return ids as a frame.
    pub fn frame(&mut self, ids: &[u32]) -> &[u8] {
        // A match makes less of what it stands for; what it does not is there with a byte for each 255 of it.
        let most = 4 * ids.len() + 4 * ids.len() / 255 + ids.len().div_ceil(BLOCK) * (16 + 4 * WIDE) + 16;
        if self.room.len() < most {
            self.room.resize(most, 0);
        }
        self.room[..HEAD.len()].copy_from_slice(&HEAD);
        let mut size = HEAD.len();
        for block in ids.chunks(BLOCK) {
            let (begin, plain) = (size + 4, 4 * block.len());
            size = self.compress(block, begin);
            let mut told = (size - begin) as u32;
            if size - begin >= plain {
                size = begin + plain;
                told = PLAIN | plain as u32;
                let places = self.room[begin..size].as_chunks_mut().0;
                places.iter_mut().zip(block).for_each(|(place, id)| *place = id.to_le_bytes());
            }
            self.room[begin - 4..begin].copy_from_slice(&told.to_le_bytes());
        }
        self.room[size..size + 4].copy_from_slice(&[0; 4]);
        &self.room[..size + 4]
    }

    /// Compress a block into the room from a place on, and return where it ends.
    fn compress(&mut self, ids: &[u32], place: usize) -> usize {
        self.slots.fill(0);
        #[cfg(target_arch = "x86_64")]
        if let Some(end) = x86::block(self, ids, place) {
            return end;
        }
        self.block(ids, place, portable)
    }

    #[inline(always)]
    fn block(&mut self, ids: &[u32], place: usize, alike: impl Fn(&[u32; WIDE], &[u32; WIDE]) -> u8 + Copy) -> usize {
        let mut out = Writing { room: &mut self.room, size: place, ids, written: 0 };
        let (mut start, mut at) = (0, 0);
        while start < ids.len() {
            let known = start + look_up(ids, start, &mut self.slots, &mut self.found, alike);
            while let Some(next) = next(&self.found.pairs, start, at, known) {
                let here = (next - start) % PIECE;
                let back = next.wrapping_sub(self.found.before[here] as usize) % REACH;
                at = next + 1;
                if back > 0 {
                    let length = extended(ids, next, back, self.found.alike[here].trailing_ones() as usize);
                    out.matched(next, back, length);
                    at = next + length;
                }
            }
            start += PIECE;
            at = at.max(start);
        }
        out.rest()
    }
}

/// Tell which of eight ids are the same, a bit each, on any processor.
fn portable(one: &[u32; WIDE], other: &[u32; WIDE]) -> u8 {
    (0..WIDE).fold(0, |found, at| found | u8::from(one[at] == other[at]) << at)
}

/// Look the ids of a piece up and note them; return how many, as the last few of a block are left alone.
#[inline(always)]
fn look_up(
    ids: &[u32],
    start: usize,
    slots: &mut [u16; SLOTS],
    found: &mut Found,
    alike: impl Fn(&[u32; WIDE], &[u32; WIDE]) -> u8,
) -> usize {
    let groups = (ids.len() - start).saturating_sub(WIDE + LAST) / 64;
    let befores = found.before.as_chunks_mut::<64>().0.iter_mut();
    let parts = befores.zip(found.alike.as_chunks_mut::<64>().0).zip(&mut found.pairs);
    let mut known = 0;
    for ((befores, alikes), pairs) in parts.take(groups) {
        let begin = start + known;
        let earlier = &ids[..begin + 64 + WIDE];
        let Some(these) = earlier[begin..].first_chunk::<{ 64 + WIDE }>() else { break };
        let mut hashes = [0_u16; 64];
        for at in 0..64 {
            let (one, other) = (these[at].wrapping_mul(0x9e37_79b1), these[at + 1].wrapping_mul(0x85eb_ca77));
            hashes[at] = (one.wrapping_add(other) >> (32 - SLOTS.trailing_zeros())) as u16;
        }
        for at in 0..64 {
            let slot = &mut slots[hashes[at] as usize % SLOTS];
            let before = std::mem::replace(slot, (begin + at) as u16);
            let back = (begin + at).wrapping_sub(before as usize) % REACH;
            befores[at] = before;
            if let (Some(here), Some(there)) = (these[at..].first_chunk(), earlier[begin + at - back..].first_chunk())
            {
                alikes[at] = alike(here, there);
            }
        }
        *pairs = alikes.as_chunks().0.iter().rev().fold(0, |bits, &eight| bits << 8 | both(eight));
        known += 64;
    }
    known
}

/// Tell, a bit each, of which of eight numbers the two lowest bits are set.
#[inline(always)]
fn both(numbers: [u8; 8]) -> u64 {
    let numbers = u64::from_le_bytes(numbers);
    // Each of the lowest bits goes to a place of its own among the highest eight.
    (numbers & numbers >> 1 & 0x0101_0101_0101_0101).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

/// Return the first id from `at` on, and before `end`, whose pair was there before.
#[inline(always)]
fn next(pairs: &[u64; PIECE / 64], start: usize, at: usize, end: usize) -> Option<usize> {
    let mut at = at;
    while at < end {
        let bits = pairs[(at - start) / 64 % pairs.len()] >> ((at - start) % 64);
        if bits != 0 {
            return Some(at + bits.trailing_zeros() as usize);
        }
        at = start + ((at - start) / 64 + 1) * 64;
    }
    None
}

/// Return how long a match is of which so many ids are known.
#[inline(always)]
fn extended(ids: &[u32], at: usize, back: usize, known: usize) -> usize {
    if known < WIDE {
        return known;
    }
    let end = ids.len() - END;
    let (here, there) = (&ids[at + known..end], &ids[at + known - back..end - back]);
    known + here.iter().zip(there).take_while(|(one, other)| one == other).count()
}

/// A block that is being written.
struct Writing<'a> {
    room: &'a mut [u8],
    size: usize,
    ids: &'a [u32],
    /// Ids that are written.
    written: usize,
}

impl Writing<'_> {
    /// Write what is not written up to `at`, and that so many ids from there stand so many ids before.
    #[inline(always)]
    fn matched(&mut self, at: usize, back: usize, length: usize) {
        let (plain, more) = (4 * (at - self.written), 4 * length - 4);
        if plain < 15 + 255 && more < 15 + 255 {
            // Both lengths have at most a byte more, which is written without a look at whether it counts.
            self.room[self.size] = (plain.min(15) << 4 | more.min(15)) as u8;
            self.room[self.size + 1] = plain.wrapping_sub(15) as u8;
            self.size += 1 + usize::from(plain >= 15);
            self.plain(at);
            let tail: [u8; 2] = (4 * back as u16).to_le_bytes();
            self.room[self.size..self.size + 3].copy_from_slice(&[tail[0], tail[1], more.wrapping_sub(15) as u8]);
            self.size += 2 + usize::from(more >= 15);
        } else {
            self.token(plain, more);
            self.plain(at);
            self.put(&(4 * back as u16).to_le_bytes());
            self.longer(more);
        }
        self.written = at + length;
    }

    /// Write the rest of the ids, and return where it ends.
    fn rest(mut self) -> usize {
        let plain = self.ids.len() - self.written;
        self.token(4 * plain, 0);
        for at in self.written..self.ids.len() {
            self.put(&self.ids[at].to_le_bytes());
        }
        self.size
    }

    /// Write ids as they are; some more are written behind them, where something else comes.
    #[inline(always)]
    fn plain(&mut self, end: usize) {
        let (mut at, mut place) = (self.written, self.size);
        self.size += 4 * (end - at);
        // There are that many ids behind every match.
        while let (Some(room), Some(ids)) = (self.room[place..].first_chunk_mut(), self.ids[at..].first_chunk()) {
            *room = bytes(ids);
            (at, place) = (at + WIDE, place + 4 * WIDE);
            if at >= end {
                break;
            }
        }
    }

    fn token(&mut self, plain: usize, more: usize) {
        self.put(&[(plain.min(15) << 4 | more.min(15)) as u8]);
        self.longer(plain);
    }

    /// Write what a length has beyond its four bits.
    fn longer(&mut self, length: usize) {
        if let Some(mut rest) = length.checked_sub(15) {
            while rest >= 255 {
                self.put(&[255]);
                rest -= 255;
            }
            self.put(&[rest as u8]);
        }
    }

    fn put(&mut self, bytes: &[u8]) {
        self.room[self.size..self.size + bytes.len()].copy_from_slice(bytes);
        self.size += bytes.len();
    }
}

#[inline(always)]
fn bytes(ids: &[u32; WIDE]) -> [u8; 4 * WIDE] {
    let mut found = [0; 4 * WIDE];
    for (bytes, id) in found.as_chunks_mut().0.iter_mut().zip(ids) {
        *bytes = id.to_le_bytes();
    }
    found
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{Encoder, WIDE};
    use std::arch::x86_64::{
        __m256i, _mm256_castsi256_ps, _mm256_cmpeq_epi32, _mm256_movemask_ps, _mm256_setr_epi32,
    };

    /// Compress a block, if the processor has what the function below is compiled for.
    #[allow(unsafe_code, reason = "instructions may be used only where the processor has them")]
    pub fn block(encoder: &mut Encoder, ids: &[u32], place: usize) -> Option<usize> {
        let has = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("lzcnt");
        debug_assert!(!has || is_x86_feature_detected!("avx2"));
        // SAFETY: the function asks nothing but that the processor has what was detected above; its body is the
        // portable one, and reads and writes through slices alone.
        has.then(|| unsafe { compiled(encoder, ids, place) })
    }

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
    fn compiled(encoder: &mut Encoder, ids: &[u32], place: usize) -> usize {
        encoder.block(ids, place, |one, other| {
            _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpeq_epi32(load(one), load(other)))).cast_unsigned() as u8
        })
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn load(ids: &[u32; WIDE]) -> __m256i {
        let i = ids.map(u32::cast_signed);
        _mm256_setr_epi32(i[0], i[1], i[2], i[3], i[4], i[5], i[6], i[7])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_compilations_find_the_same_matches() {
        let mut state = 1_u32;
        let ids = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 20).isqrt()
        });
        let ids: Vec<u32> = ids.take(3 * REACH + 77).collect();
        let (mut one, mut other) = (Encoder::default(), Encoder::default());
        one.room = vec![0; 5 * ids.len()];
        let end = one.block(&ids, 0, portable);
        other.frame(&ids);
        assert!(end < 3 * ids.len());
        assert_eq!(one.room[..end], other.room[HEAD.len() + 4..HEAD.len() + 4 + end]);
    }

    #[test]
    fn bits_tell_of_which_numbers_two_bits_are_set() {
        assert_eq!(both([3, 0, 1, 2, 0xff, 4, 7, 0xfd]), 0b0101_0001);
    }
}
