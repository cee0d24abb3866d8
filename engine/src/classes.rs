//! What the rules ask about one character, a byte of the generated table for each.
//!
//! The byte holds the `Word_Break` class in its low five bits and three answers above them. Text reaches this module
//! as checked UTF-8, so `decode` reads it without checking again; on bytes that are none it gives some character, in
//! bounds all the same.

use crate::tables::{ENTRIES, PAGES};

/// Most characters, which begin and end a segment on their own.
pub const OTHER: u8 = 0;
/// Letters but for the classes below.
pub const A_LETTER: u8 = 1;
/// Hebrew letters.
pub const HEBREW_LETTER: u8 = 2;
/// Digits.
pub const NUMERIC: u8 = 3;
/// Katakana.
pub const KATAKANA: u8 = 4;
/// The low line and its kin.
pub const EXTEND_NUM_LET: u8 = 5;
/// Joins letters: the colon.
pub const MID_LETTER: u8 = 6;
/// Joins digits: the comma.
pub const MID_NUM: u8 = 7;
/// Joins both: the full stop.
pub const MID_NUM_LET: u8 = 8;
/// Joins both, and ends a Hebrew word.
pub const SINGLE_QUOTE: u8 = 9;
/// Joins Hebrew letters.
pub const DOUBLE_QUOTE: u8 = 10;
/// Halves of flags.
pub const REGIONAL_INDICATOR: u8 = 11;
/// Spaces.
pub const W_SEG_SPACE: u8 = 12;
/// Carriage return.
pub const CR: u8 = 13;
/// Line feed.
pub const LF: u8 = 14;
/// Other line ends.
pub const NEWLINE: u8 = 15;
/// Marks.
pub const EXTEND: u8 = 16;
/// Invisible characters.
pub const FORMAT: u8 = 17;
/// The zero width joiner.
pub const ZWJ: u8 = 18;

/// The bits of an entry that are the class.
pub const CLASS: u8 = 0x1f;
/// Alphabetic, or a number.
pub const WORD: u8 = 0x20;
/// `Extended_Pictographic`.
pub const PICTOGRAPHIC: u8 = 0x40;
/// Lower case changes it.
pub const CHANGES: u8 = 0x80;

/// Return the entry of a code point.
#[inline]
#[must_use]
pub fn entry(point: u32) -> u8 {
    let page = PAGES.get((point >> 7) as usize).copied().unwrap_or(0) as usize;
    ENTRIES[page << 7 | (point & 0x7f) as usize]
}

/// Tell whether a class is what WB4 skips.
#[inline]
#[must_use]
pub fn is_skipped(class: u8) -> bool {
    class >= EXTEND
}

/// Return the code point at a place and its length in bytes.
#[inline]
#[must_use]
pub fn decode(text: &[u8], at: usize) -> (u32, usize) {
    let next = |by: usize| u32::from(text.get(at + by).copied().unwrap_or(0x80) & 0x3f);
    let first = u32::from(text[at]);
    if first < 0x80 {
        (first, 1)
    } else if first < 0xe0 {
        ((first & 0x1f) << 6 | next(1), 2)
    } else if first < 0xf0 {
        ((first & 0x0f) << 12 | next(1) << 6 | next(2), 3)
    } else {
        ((first & 0x07) << 18 | next(1) << 12 | next(2) << 6 | next(3), 4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding_gives_every_character() {
        let mut room = [0; 4];
        for one in '\0'..=char::MAX {
            let text = one.encode_utf8(&mut room).as_bytes();
            assert_eq!(decode(text, 0), (u32::from(one), text.len()));
        }
    }

    #[test]
    fn what_is_no_text_is_read_within_bounds() {
        for first in 0x80..=0xff {
            let _ = entry(decode(&[first], 0).0);
        }
        assert_eq!(entry(u32::MAX), entry(0));
    }

    #[test]
    fn words_agree_with_the_standard_library() {
        assert_eq!(char::UNICODE_VERSION, (17, 0, 0), "another oracle is needed");
        for one in '\0'..=char::MAX {
            let expected = one.is_alphabetic() || one.is_numeric();
            assert_eq!(entry(u32::from(one)) & WORD != 0, expected, "{one:?}");
        }
    }
}
