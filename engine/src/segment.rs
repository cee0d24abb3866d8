//! The word boundary rules of UAX #29 over a text that is at hand whole, one segment at a time.
//!
//! A segment may begin wherever there is a boundary: no rule joins across one, and none sees past it. (WB7, WB7c and
//! WB11 look two characters back, but where they would, WB6, WB7b and WB12 have joined already.) So the scanner enters
//! here at any boundary and leaves at any other, and ASCII text never comes here at all.

use crate::classes::{
    A_LETTER, CHANGES, CLASS, CR, DOUBLE_QUOTE, EXTEND_NUM_LET, HEBREW_LETTER, KATAKANA, LF, MID_LETTER, MID_NUM,
    MID_NUM_LET, NEWLINE, NUMERIC, OTHER, PICTOGRAPHIC, REGIONAL_INDICATOR, SINGLE_QUOTE, W_SEG_SPACE, WORD, ZWJ,
    decode, entry, is_skipped,
};

/// One piece between two boundaries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The place after its last byte.
    pub end: usize,
    /// Whether it holds an Alphabetic character or a number.
    pub is_word: bool,
    /// Whether lower case changes it.
    pub changes: bool,
}

/// Return the segment that begins at a boundary before the end of the text.
#[must_use]
pub fn segment(text: &[u8], start: usize) -> Segment {
    let (point, length) = decode(text, start);
    let mut seen = entry(point);
    // `near` is the class of the very character before, `base` of the last that WB4 does not skip, `second` of the one
    // before that.
    let (mut near, mut base, mut second) = (seen & CLASS, seen & CLASS, OTHER);
    let mut indicators = usize::from(base == REGIONAL_INDICATOR);
    let mut at = start + length;
    while at < text.len() {
        let (point, length) = decode(text, at);
        let this = entry(point);
        let class = this & CLASS;
        if class == A_LETTER && near == A_LETTER {
            // WB5, by far the commonest
        } else if let Some(joined) = by_neighbours(near, class, this & PICTOGRAPHIC != 0) {
            if !joined {
                break;
            }
        } else if is_skipped(class) {
            near = class;
            seen |= this;
            at += length;
            continue; // WB4
        } else if !(plain(base, class)
            || around(second, base, class)
            || (class == REGIONAL_INDICATOR && indicators % 2 == 1)
            || ahead(text, at + length, base, class))
        {
            break;
        }
        indicators = if class == REGIONAL_INDICATOR { indicators + 1 } else { 0 };
        (second, base, near) = (base, class, class);
        seen |= this;
        at += length;
    }
    Segment { end: at, is_word: seen & WORD != 0, changes: seen & CHANGES != 0 }
}

/// Tell whether a class stands between two words that it may yet join.
#[must_use]
pub fn is_middle(class: u8) -> bool {
    (MID_LETTER..=DOUBLE_QUOTE).contains(&class)
}

/// WB3 to WB3d, which look at the very character before; None where they say nothing.
fn by_neighbours(near: u8, class: u8, pictographic: bool) -> Option<bool> {
    if near == CR && class == LF {
        Some(true)
    } else if (CR..=NEWLINE).contains(&near) || (CR..=NEWLINE).contains(&class) {
        Some(false)
    } else if (near == ZWJ && pictographic) || (near == W_SEG_SPACE && class == W_SEG_SPACE) {
        Some(true)
    } else {
        None
    }
}

fn is_letter(class: u8) -> bool {
    class == A_LETTER || class == HEBREW_LETTER
}

fn joins_letters(class: u8) -> bool {
    matches!(class, MID_LETTER | MID_NUM_LET | SINGLE_QUOTE)
}

fn joins_digits(class: u8) -> bool {
    matches!(class, MID_NUM | MID_NUM_LET | SINGLE_QUOTE)
}

/// WB5, WB7a, WB8 to WB10, WB13 to WB13b.
fn plain(base: u8, class: u8) -> bool {
    let of_words = |one: u8| (A_LETTER..=EXTEND_NUM_LET).contains(&one);
    let letter_or_digit = |one: u8| (A_LETTER..=NUMERIC).contains(&one);
    (letter_or_digit(base) && letter_or_digit(class))
        || (base == HEBREW_LETTER && class == SINGLE_QUOTE)
        || (base == KATAKANA && class == KATAKANA)
        || (of_words(base) && class == EXTEND_NUM_LET)
        || (base == EXTEND_NUM_LET && of_words(class))
}

/// WB7, WB7c and WB11: what stands on both sides of the character before.
fn around(second: u8, base: u8, class: u8) -> bool {
    (is_letter(second) && joins_letters(base) && is_letter(class))
        || (second == HEBREW_LETTER && base == DOUBLE_QUOTE && class == HEBREW_LETTER)
        || (second == NUMERIC && joins_digits(base) && class == NUMERIC)
}

/// WB6, WB7b and WB12: whether the next character that counts, from `at` on, is one that this one joins.
fn ahead(text: &[u8], at: usize, base: u8, class: u8) -> bool {
    let letters = is_letter(base) && joins_letters(class);
    let digits = base == NUMERIC && joins_digits(class);
    let hebrew = base == HEBREW_LETTER && class == DOUBLE_QUOTE;
    if !(letters || digits || hebrew) {
        return false;
    }
    let next = next_base(text, at);
    (letters && is_letter(next)) || (digits && next == NUMERIC) || (hebrew && next == HEBREW_LETTER)
}

fn next_base(text: &[u8], mut at: usize) -> u8 {
    while at < text.len() {
        let (point, length) = decode(text, at);
        let class = entry(point) & CLASS;
        if !is_skipped(class) {
            return class;
        }
        at += length;
    }
    OTHER
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segments(text: &str) -> Vec<&str> {
        let (mut at, mut found) = (0, Vec::new());
        while at < text.len() {
            let end = segment(text.as_bytes(), at).end;
            found.push(&text[at..end]);
            at = end;
        }
        found
    }

    #[test]
    fn rules_hold_one_by_one() {
        let cases: [(&str, &[&str]); 15] = [
            ("can't", &["can't"]),
            ("a.b.c. d", &["a.b.c", ".", " ", "d"]),
            ("3,141.5, 6", &["3,141.5", ",", " ", "6"]),
            ("a.1 1.a", &["a", ".", "1", " ", "1", ".", "a"]),
            ("\r\n\n", &["\r\n", "\n"]),
            ("  a", &["  ", "a"]),
            ("a\u{308}\u{200d}b", &["a\u{308}\u{200d}b"]),
            ("\n\u{308}b", &["\n", "\u{308}", "b"]),
            ("a:\u{308}b", &["a:\u{308}b"]),
            ("a:\u{308}1", &["a", ":\u{308}", "1"]),
            ("ש\"ש\" ש'", &["ש\"ש", "\"", " ", "ש'"]),
            ("\u{1f1e6}\u{1f1e7}\u{1f1e8}", &["\u{1f1e6}\u{1f1e7}", "\u{1f1e8}"]),
            ("カタ_カ漢字", &["カタ_カ", "漢", "字"]),
            ("a\u{200d}\u{2139}b", &["a\u{200d}\u{2139}b"]),
            ("a.\u{200d}\u{2764}", &["a", ".\u{200d}\u{2764}"]),
        ];
        for (text, expected) in cases {
            assert_eq!(segments(text), expected, "{text:?}");
        }
    }

    #[test]
    fn low_lines_alone_are_no_word() {
        assert_eq!(segment(b"__", 0), Segment { end: 2, is_word: false, changes: false });
        assert_eq!(segment("_É".as_bytes(), 0), Segment { end: 3, is_word: true, changes: true });
    }
}
