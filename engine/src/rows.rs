//! Words with their counts as columns, and their two orders: by the words' bytes, and as the table has them, by falling
//! count and then by the bytes. Bytes of UTF-8 are in the order of code points.

use std::cmp::Ordering;

use crate::slots::ask_for_large_pages;

/// Rows in one piece of a stream of rows.
pub const MOST_ROWS: usize = 1 << 16;
/// Bytes of words in one piece; a longer word is alone in its piece.
pub const MOST_BYTES: usize = 8 << 20;

/// Bytes of a word for which room is made ahead; longer ones may be few, and most of the memory.
const LENGTH: usize = 16;
/// Rows in an order that are brought near at once.
const AHEAD: usize = 32;

/// In which order rows come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// By the words.
    Word,
    /// By falling count, then by the words.
    Count,
}

/// Words and counts, one after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// All words, one behind the other.
    pub bytes: Vec<u8>,
    /// Where each word ends.
    pub ends: Vec<usize>,
    /// How often each word stands in the text.
    pub counts: Vec<u64>,
}

impl Rows {
    /// Return how many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Tell whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Return a word.
    #[inline]
    #[must_use]
    pub fn word(&self, at: usize) -> &[u8] {
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.bytes[start..self.ends[at]]
    }

    /// Append a row.
    #[inline]
    pub fn push(&mut self, word: &[u8], count: u64) {
        self.bytes.extend_from_slice(word);
        self.ends.push(self.bytes.len());
        self.counts.push(count);
    }

    /// Make room for so many words, of which the first ones, so many, have so many bytes together.
    pub fn expect(&mut self, words: usize, bytes: usize, first: usize) {
        self.bytes.reserve_exact(words * LENGTH.min(bytes / first.max(1)));
        self.ends.reserve_exact(words);
        self.counts.reserve_exact(words);
        ask_for_large_pages(self.bytes.spare_capacity_mut());
        ask_for_large_pages(self.ends.spare_capacity_mut());
        ask_for_large_pages(self.counts.spare_capacity_mut());
    }

    /// Tell whether a piece of a stream ends before this word.
    #[inline]
    #[must_use]
    pub fn is_full_for(&self, word: &[u8]) -> bool {
        self.len() >= MOST_ROWS || (!self.is_empty() && self.bytes.len() + word.len() > MOST_BYTES)
    }

    /// Return the bytes that the rows take, with what sorting them takes.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.bytes.len() + self.len() * ROW
    }

    /// Return the rows in an order.
    ///
    /// # Panics
    /// Where there are 2^32 rows, for which no machine that this is for has the memory.
    #[must_use]
    pub fn sorted(mut self, order: Order) -> Sorted {
        let places = u32::try_from(self.len()).expect("memory ends before places do");
        let mut keys: Vec<(u64, u64, u32)> = Vec::with_capacity(self.len());
        ask_for_large_pages(keys.spare_capacity_mut());
        let key = |place: u32| (self.counts[place as usize], prefix(self.word(place as usize)), place);
        keys.extend((0..places).map(key));
        match order {
            Order::Word => sort(&mut keys, &self, |&(_, prefix, _)| prefix),
            Order::Count => {
                sort(&mut keys, &self, |&(count, prefix, _)| u128::from(u64::MAX - count) << 64 | u128::from(prefix));
            }
        }
        self.counts.iter_mut().zip(&keys).for_each(|(count, key)| *count = key.0);
        let places = keys.iter().map(|key| key.2).collect();
        Sorted { rows: self, places, at: 0, near: 0 }
    }
}

/// Sort keys by numbers, which takes no branch; then the few that these leave equal, by what else is in the words.
fn sort<Number: Ord>(keys: &mut [(u64, u64, u32)], rows: &Rows, number: impl Fn(&(u64, u64, u32)) -> Number) {
    keys.sort_unstable_by_key(&number);
    for same in keys.chunk_by_mut(|one, other| number(one) == number(other)).filter(|same| same.len() > 1) {
        same.sort_unstable_by_key(|key| rows.word(key.2 as usize));
    }
}

/// Bytes that a row takes beside its word: its end, its count, and its key while rows are sorted.
const ROW: usize = 16 + size_of::<(u64, u64, u32)>() + 4;

/// Rows in an order, given one by one.
pub struct Sorted {
    /// The words as they came, and the counts in their order.
    rows: Rows,
    /// Where each row's word is.
    places: Vec<u32>,
    at: usize,
    /// The row before which all were brought near.
    near: usize,
}

impl Sorted {
    /// Return the next row, if there is one.
    #[inline]
    #[must_use]
    pub fn row(&self) -> Option<(&[u8], u64)> {
        self.places.get(self.at).map(|&place| (self.rows.word(place as usize), self.rows.counts[self.at]))
    }

    /// Return how many rows are left.
    #[must_use]
    pub fn left(&self) -> usize {
        self.places.len() - self.at
    }

    /// Append the next row to others; the words of most are copied in one step, with what lies behind them.
    #[inline]
    pub fn copy_row(&self, to: &mut Rows) {
        const STEP: usize = 16;
        let Some(&place) = self.places.get(self.at) else { return };
        let (word, count) = (self.rows.word(place as usize), self.rows.counts[self.at]);
        let start = self.rows.ends[place as usize] - word.len();
        match self.rows.bytes[start..].first_chunk::<STEP>() {
            Some(more) if word.len() <= STEP => {
                let end = to.bytes.len() + word.len();
                to.bytes.extend_from_slice(more);
                to.bytes.truncate(end);
                to.ends.push(end);
                to.counts.push(count);
            }
            _ => to.push(word, count),
        }
    }

    /// Return the only row, without a copy, if there is one alone and its word is alone in its piece.
    pub fn take_long(&mut self) -> Option<Rows> {
        let long = self.at == 0 && self.rows.len() == 1 && self.rows.bytes.len() > MOST_BYTES;
        long.then(|| {
            self.places.clear();
            std::mem::take(&mut self.rows)
        })
    }

    /// Go on to the row after it.
    #[inline]
    pub fn pass(&mut self) {
        self.at += 1;
        if self.at >= self.near {
            self.bring_near();
        }
    }

    /// Read a few words that come next, all at once: each lies somewhere else, and memory is slow to ask but not to answer.
    fn bring_near(&mut self) {
        self.near = self.at + AHEAD;
        let coming = &self.places[self.at.min(self.places.len())..self.near.min(self.places.len())];
        let rows = &self.rows;
        let known = coming.iter().fold(0, |sum, &place| sum ^ rows.ends[place as usize]);
        let first = |place: u32| rows.word(place as usize).first().copied().unwrap_or(0);
        std::hint::black_box((known, coming.iter().fold(0, |sum, &place| sum ^ first(place))));
    }
}

/// Return a word's first eight bytes as a number in their order.
#[inline]
#[must_use]
pub fn prefix(word: &[u8]) -> u64 {
    if let Some(bytes) = word.first_chunk::<8>() {
        return u64::from_be_bytes(*bytes);
    }
    let mut bytes = [0; 8];
    bytes[..word.len()].copy_from_slice(word);
    u64::from_be_bytes(bytes)
}

/// Compare two rows.
#[inline]
#[must_use]
pub fn compare(order: Order, one: (&[u8], u64), other: (&[u8], u64)) -> Ordering {
    let counts = if order == Order::Count { other.1.cmp(&one.1) } else { Ordering::Equal };
    counts.then_with(|| prefix(one.0).cmp(&prefix(other.0))).then_with(|| one.0.cmp(other.0))
}

#[cfg(test)]
pub(crate) fn rows(all: &[(&str, u64)]) -> Rows {
    let mut found = Rows::default();
    all.iter().for_each(|(word, count)| found.push(word.as_bytes(), *count));
    found
}

#[cfg(test)]
pub(crate) fn told(rows: &Rows) -> Vec<(String, u64)> {
    (0..rows.len()).map(|at| (String::from_utf8_lossy(rows.word(at)).into_owned(), rows.counts[at])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ordered::Ordered;

    fn ordered(rows: Rows, order: Order) -> Ordered {
        Ordered::new(vec![rows.sorted(order)], order)
    }

    const SHUFFLED: [(&str, u64); 7] =
        [("b", 2), ("a", 1), ("prefix-same-2", 2), ("é", 2), ("ab", 7), ("prefix-same-1", 2), ("a\0", 1)];

    #[test]
    fn rows_are_sorted_by_word_or_by_count() {
        let by_word = told(&ordered(rows(&SHUFFLED), Order::Word).piece());
        let mut expected = SHUFFLED.map(|(word, count)| (word.to_owned(), count)).to_vec();
        expected.sort();
        assert_eq!(by_word, expected);
        expected.sort_by_key(|row| u64::MAX - row.1);
        assert_eq!(told(&ordered(rows(&SHUFFLED), Order::Count).piece()), expected);
    }

    #[test]
    fn pieces_hold_so_many_rows_and_bytes_and_no_more() {
        let mut many = Rows::default();
        (0..MOST_ROWS + 1).for_each(|one| many.push(format!("{one:09}").as_bytes(), 1));
        let mut sorted = ordered(many, Order::Word);
        assert_eq!([sorted.piece().len(), sorted.piece().len(), sorted.piece().len()], [MOST_ROWS, 1, 0]);
        let mut long = Rows::default();
        (0..3).for_each(|one| long.push(&vec![b'a' + one; MOST_BYTES / 2 + 1], 1));
        let mut sorted = ordered(long, Order::Count);
        assert_eq!([sorted.piece().len(), sorted.piece().len(), sorted.piece().len()], [1, 1, 1]);
    }
}
