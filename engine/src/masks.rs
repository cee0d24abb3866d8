//! Which bytes are letters, digits and so on, 64 at a time, as the bits of a number.
//!
//! The safe equivalent is `portable` below: a table look-up a byte, about 1 GB/s less than what AVX2 does with two
//! shuffles for 32 bytes, and slower than all that comes after it. Its result is the specification: the tests hold the
//! AVX2 twin to it over every byte at every place. Only processors that say they have AVX2 take the other road.

/// What is known of 64 bytes; bit 0 is the first byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Masks {
    /// A to Z, a to z.
    pub letters: u64,
    /// 0 to 9.
    pub digits: u64,
    /// The low line.
    pub lines: u64,
    /// What joins letters: colon, full stop, apostrophe.
    pub mid_letters: u64,
    /// What joins digits: comma, semicolon, full stop, apostrophe.
    pub mid_digits: u64,
    /// Every byte that is not ASCII.
    pub foreign: u64,
}

const LETTER: u8 = 1;
const DIGIT: u8 = 2;
const LINE: u8 = 4;
const MID_LETTER: u8 = 8;
const MID_DIGIT: u8 = 16;
const FOREIGN: u8 = 32;

static KINDS: [u8; 256] = kinds();

const fn kinds() -> [u8; 256] {
    let mut found = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        found[byte] = match byte as u8 {
            b'A'..=b'Z' | b'a'..=b'z' => LETTER,
            b'0'..=b'9' => DIGIT,
            b'_' => LINE,
            b':' => MID_LETTER,
            b'.' | b'\'' => MID_LETTER | MID_DIGIT,
            b',' | b';' => MID_DIGIT,
            0x80.. => FOREIGN,
            _ => 0,
        };
        byte += 1;
    }
    found
}

/// Fill `found` with the masks of the blocks, one each, by the best way that this processor has.
pub fn classify(blocks: &[[u8; 64]], found: &mut [Masks]) {
    #[cfg(target_arch = "x86_64")]
    if x86::classify(blocks, found) {
        return;
    }
    portable(blocks, found);
}

/// Fill `found` on any processor.
pub fn portable(blocks: &[[u8; 64]], found: &mut [Masks]) {
    for (block, masks) in blocks.iter().zip(found) {
        *masks = Masks::default();
        for (at, &byte) in block.iter().enumerate() {
            let kind = KINDS[byte as usize];
            let bit = |one: u8| u64::from(kind & one != 0) << at;
            masks.letters |= bit(LETTER);
            masks.digits |= bit(DIGIT);
            masks.lines |= bit(LINE);
            masks.mid_letters |= bit(MID_LETTER);
            masks.mid_digits |= bit(MID_DIGIT);
            masks.foreign |= bit(FOREIGN);
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Masks;
    use std::arch::x86_64::{
        __m256i, _mm256_and_si256, _mm256_cmpeq_epi8, _mm256_movemask_epi8, _mm256_set_epi64x, _mm256_set1_epi8,
        _mm256_setr_epi8, _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_srli_epi16,
    };

    /// Fill `found` and return true, if the processor has AVX2.
    #[allow(unsafe_code, reason = "AVX2 may be used only where the processor has it")]
    pub fn classify(blocks: &[[u8; 64]], found: &mut [Masks]) -> bool {
        if !is_x86_feature_detected!("avx2") {
            return false;
        }
        debug_assert!(is_x86_feature_detected!("avx2") && blocks.len() <= found.len());
        // SAFETY: the function asks nothing but that the processor has AVX2, which was detected above; it reads and
        // writes through slices alone.
        unsafe { avx2(blocks, found) };
        true
    }

    #[target_feature(enable = "avx2")]
    fn avx2(blocks: &[[u8; 64]], found: &mut [Masks]) {
        for (block, masks) in blocks.iter().zip(found) {
            let (halves, _) = block.as_chunks::<32>();
            let (low, high) = (half(&halves[0]), half(&halves[1]));
            let join = |one: fn(&Half) -> u32| u64::from(one(&low)) | u64::from(one(&high)) << 32;
            *masks = Masks {
                letters: join(|half| half.letters),
                digits: join(|half| half.digits),
                lines: join(|half| half.lines),
                mid_letters: join(|half| half.mid_letters),
                mid_digits: join(|half| half.mid_digits),
                foreign: join(|half| half.foreign),
            };
        }
    }

    struct Half {
        letters: u32,
        digits: u32,
        lines: u32,
        mid_letters: u32,
        mid_digits: u32,
        foreign: u32,
    }

    /// A set of bytes that is some low halves times some high halves gets a bit in both tables; what both tables say
    /// of a byte tells the sets that it is in.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn half(bytes: &[u8; 32]) -> Half {
        const UPPER: u8 = 0x01; // 41-4f, 61-6f
        const LATER: u8 = 0x02; // 50-5a, 70-7a
        const DIGIT: u8 = 0x04; // 30-39
        const LINE: u8 = 0x08; // 5f
        const COLON: u8 = 0x10; // 3a
        const BOTH: u8 = 0x20; // 27, 2e
        const SEMICOLON: u8 = 0x40; // 3b
        const COMMA: u8 = 0x80; // 2c
        const LOW: [u8; 16] = [
            LATER | DIGIT,
            UPPER | LATER | DIGIT,
            UPPER | LATER | DIGIT,
            UPPER | LATER | DIGIT,
            UPPER | LATER | DIGIT,
            UPPER | LATER | DIGIT,
            UPPER | LATER | DIGIT,
            UPPER | LATER | DIGIT | BOTH,
            UPPER | LATER | DIGIT,
            UPPER | LATER | DIGIT,
            UPPER | LATER | COLON,
            UPPER | SEMICOLON,
            UPPER | COMMA,
            UPPER,
            UPPER | BOTH,
            UPPER | LINE,
        ];
        const HIGH: [u8; 16] = [
            0,
            0,
            BOTH | COMMA,
            DIGIT | COLON | SEMICOLON,
            UPPER,
            LATER | LINE,
            UPPER,
            LATER,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
        ];
        let bytes = load(bytes);
        let low = _mm256_shuffle_epi8(both_lanes(&LOW), bytes);
        let nibbles = _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), _mm256_set1_epi8(0x0f));
        let sets = _mm256_and_si256(low, _mm256_shuffle_epi8(both_lanes(&HIGH), nibbles));
        let none = _mm256_setzero_si256();
        let within = |one: u8| {
            let apart = _mm256_cmpeq_epi8(_mm256_and_si256(sets, _mm256_set1_epi8(one.cast_signed())), none);
            !_mm256_movemask_epi8(apart).cast_unsigned()
        };
        Half {
            letters: within(UPPER | LATER),
            digits: within(DIGIT),
            lines: within(LINE),
            mid_letters: within(COLON | BOTH),
            mid_digits: within(BOTH | SEMICOLON | COMMA),
            foreign: _mm256_movemask_epi8(bytes).cast_unsigned(),
        }
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn load(bytes: &[u8; 32]) -> __m256i {
        let (words, _) = bytes.as_chunks::<8>();
        let word = |at: usize| i64::from_le_bytes(words[at]);
        _mm256_set_epi64x(word(3), word(2), word(1), word(0))
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn both_lanes(table: &[u8; 16]) -> __m256i {
        let t = table.map(u8::cast_signed);
        _mm256_setr_epi8(
            t[0], t[1], t[2], t[3], t[4], t[5], t[6], t[7], t[8], t[9], t[10], t[11], t[12], t[13], t[14], t[15],
            t[0], t[1], t[2], t[3], t[4], t[5], t[6], t[7], t[8], t[9], t[10], t[11], t[12], t[13], t[14], t[15],
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(blocks: &[[u8; 64]]) -> (Vec<Masks>, Vec<Masks>) {
        let mut found = vec![Masks::default(); blocks.len()];
        let mut expected = found.clone();
        classify(blocks, &mut found);
        portable(blocks, &mut expected);
        (found, expected)
    }

    #[test]
    fn every_byte_at_every_place_is_classified_alike() {
        for byte in 0..=u8::MAX {
            for background in [b' ', b'a', b'.', 0xff] {
                let blocks: Vec<[u8; 64]> = (0..64)
                    .map(|at| {
                        let mut block = [background; 64];
                        block[at] = byte;
                        block
                    })
                    .collect();
                let (found, expected) = both(&blocks);
                assert_eq!(found, expected, "byte {byte:#x}");
            }
        }
    }

    #[test]
    fn masks_agree_with_the_class_table() {
        use crate::classes::{self, CLASS, entry};
        for byte in 0..0x80_u8 {
            let mut found = [Masks::default()];
            portable(&[[byte; 64]], &mut found);
            let class = entry(u32::from(byte)) & CLASS;
            let all = |mask: u64| mask == u64::MAX;
            assert_eq!(all(found[0].letters), class == classes::A_LETTER);
            assert_eq!(all(found[0].digits), class == classes::NUMERIC);
            assert_eq!(all(found[0].lines), class == classes::EXTEND_NUM_LET);
            let quotes = [classes::MID_NUM_LET, classes::SINGLE_QUOTE];
            let letters = class == classes::MID_LETTER || quotes.contains(&class);
            assert_eq!(all(found[0].mid_letters), letters);
            assert_eq!(all(found[0].mid_digits), class == classes::MID_NUM || quotes.contains(&class));
        }
    }
}
