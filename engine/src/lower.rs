//! The full lower case of one word, as the standard defines it (The Unicode Standard, table 3-17, for final sigma).
//!
//! `str::to_lowercase` is not asked: its Unicode version comes with the compiler, and it skips a character that is both
//! cased and case-ignorable (U+02B0) where the definition counts it as cased.

use crate::classes::{CHANGES, decode, entry};
use crate::tables::{CASE_IGNORABLE, CASED, LOWER};

const DOTTED: u32 = 0x130;
const SIGMA: u32 = 0x3a3;
const SMALL_SIGMA: char = '\u{3c3}';
const FINAL_SIGMA: char = '\u{3c2}';

/// Append the lower case of a word to `lowered`.
pub fn lower(word: &[u8], lowered: &mut Vec<u8>) {
    lowered.reserve(word.len() + word.len() / 2);
    let mut at = 0;
    while at < word.len() {
        let (point, length) = decode(word, at);
        if point < 0x80 {
            lowered.push((point as u8).to_ascii_lowercase());
        } else if entry(point) & CHANGES == 0 {
            lowered.extend_from_slice(&word[at..word.len().min(at + length)]);
        } else if point == DOTTED {
            lowered.extend_from_slice("i\u{307}".as_bytes());
        } else if point == SIGMA {
            let is_last = cased_before(word, at) && !cased_follows(word, at + length);
            push(if is_last { FINAL_SIGMA } else { SMALL_SIGMA }, lowered);
        } else {
            push(char::from_u32(simple(point)).unwrap_or('\u{fffd}'), lowered);
        }
        at += length;
    }
}

fn push(one: char, lowered: &mut Vec<u8>) {
    lowered.extend_from_slice(one.encode_utf8(&mut [0; 4]).as_bytes());
}

fn simple(point: u32) -> u32 {
    match LOWER.get(LOWER.partition_point(|&(_, last, _, _)| last < point)) {
        Some(&(first, _, step, distance)) if first <= point && (point - first).is_multiple_of(step) => {
            point.wrapping_add_signed(distance)
        }
        _ => point,
    }
}

/// Tell whether a cased character and nothing but ignorable ones stand before a place. A sigma is cased, so however many
/// a word has, none looks back beyond the one before.
fn cased_before(word: &[u8], mut at: usize) -> bool {
    while at > 0 {
        at -= 1;
        while at > 0 && word[at] & 0xc0 == 0x80 {
            at -= 1;
        }
        let (point, _) = decode(word, at);
        if within(&CASED, point) {
            return true;
        }
        if !within(&CASE_IGNORABLE, point) {
            return false;
        }
    }
    false
}

fn cased_follows(word: &[u8], mut at: usize) -> bool {
    while at < word.len() {
        let (point, length) = decode(word, at);
        if within(&CASED, point) {
            return true;
        }
        if !within(&CASE_IGNORABLE, point) {
            return false;
        }
        at += length;
    }
    false
}

fn within(ranges: &[(u32, u32)], point: u32) -> bool {
    let at = ranges.partition_point(|&(_, last)| last < point);
    ranges.get(at).is_some_and(|&(first, _)| first <= point)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classes::{CHANGES, entry};

    fn lowered(word: &str) -> String {
        let mut found = Vec::new();
        lower(word.as_bytes(), &mut found);
        String::from_utf8(found).expect("lower case is UTF-8")
    }

    #[test]
    fn every_character_agrees_with_the_standard_library() {
        for one in '\0'..=char::MAX {
            let expected: String = one.to_lowercase().collect();
            assert_eq!(lowered(&one.to_string()), expected);
            assert_eq!(entry(u32::from(one)) & CHANGES != 0, expected != one.to_string(), "{one:?}");
        }
    }

    #[test]
    fn final_sigma_follows_the_definition() {
        let cases = [
            ("ΟΔΟΣ", "οδος"),
            ("ΟΔΟΣΟ", "οδοσο"),
            ("Σ", "σ"),
            ("ΑΣ\u{301}", "ας\u{301}"),
            ("ΑΣ'Α", "ασ'α"),
            ("1Σ", "1σ"),
            ("İΣ", "i\u{307}ς"),
            ("\u{2b0}Σ", "\u{2b0}ς"),
        ];
        for (word, expected) in cases {
            assert_eq!(lowered(word), expected);
        }
    }

    #[test]
    fn many_sigmas_and_marks_take_linear_time() {
        let word = "Σ".repeat(100_000) + &"\u{301}".repeat(100_000);
        assert_eq!(lowered(&word).chars().filter(|&one| one == FINAL_SIGMA).count(), 1);
    }
}
