//! Counts by word, in as many parts as there are processors: each part has the words of one range of keys.
//!
//! The borders between the ranges come from the first words that are added, so they are about equally full; that is a
//! matter of speed alone. Every part sorts its own rows, and as the ranges are in order so are the parts.

use std::thread;

use crate::rows::{MOST_ROWS, Order, Rows, Sorted, prefix};
use crate::slots::ask_for_large_pages;
use crate::vocabulary::{Hash, WRITING, append};

/// Rows below which one thread does the work.
const FEW: usize = 4096;
/// Words whose slots are asked for before the first is needed.
const BATCH: usize = 64;
/// Slots of a part that has its first word; a power of two.
const FIRST: usize = 1 << 10;

/// The words of one range of keys, looked up as in `Vocabulary` but by slots a quarter as large: most words that come
/// here are new, so the time goes into memory that is touched for the first time. A slot has the upper half of a word's
/// hash above, and below it the word's number and one; 0 is free.
#[derive(Default)]
struct Part {
    hash: Hash,
    slots: Vec<u64>,
    rows: Rows,
    longest: usize,
}

impl Part {
    /// Add the rows whose keys lie in a range. They are picked without a branch, as no processor can guess which they are,
    /// and their slots are read a batch ahead, since nearly each is far away.
    fn add(&mut self, rows: &Rows, first: u64, end: Option<u64>) {
        let (open, end) = (usize::from(end.is_none()), end.unwrap_or(0));
        let (mut picked, mut hashes) = ([0; BATCH], [0; BATCH]);
        let mut count = 0;
        for at in 0..rows.len() {
            let key = prefix(rows.word(at));
            picked[count] = at;
            count += usize::from(first <= key) & (open | usize::from(key < end));
            if count == BATCH || at + 1 == rows.len() {
                self.make_room(count);
                let picked = &picked[..std::mem::take(&mut count)];
                picked.iter().zip(&mut hashes).for_each(|(&at, hash)| *hash = self.hash.of(rows.word(at)));
                let known = hashes[..picked.len()].iter();
                std::hint::black_box(known.fold(0, |sum, &hash| sum ^ self.slots[self.place(hash)]));
                picked.iter().zip(hashes).for_each(|(&at, hash)| self.add_one(rows.word(at), hash, rows.counts[at]));
            }
        }
    }

    fn add_one(&mut self, word: &[u8], hash: u64, count: u64) {
        let mut place = self.place(hash);
        while self.slots[place] != 0 {
            let number = (self.slots[place] as u32 - 1) as usize;
            if self.slots[place] >> 32 == hash >> 32 && self.rows.word(number) == word {
                self.rows.counts[number] += count;
                return;
            }
            place = self.after(place);
        }
        let number = u32::try_from(self.rows.len() + 1).expect("memory ends before numbers do");
        self.slots[place] = hash >> 32 << 32 | u64::from(number);
        append(&mut self.rows.bytes, word);
        self.longest = self.longest.max(word.len());
        self.rows.ends.push(self.rows.bytes.len());
        self.rows.counts.push(count);
    }

    /// Make sure that so many words more leave a quarter of the slots free.
    fn make_room(&mut self, more: usize) {
        let needed = (self.rows.len() + more) * 4 / 3 + 1;
        if needed > self.slots.len() {
            let before = std::mem::replace(&mut self.slots, vec![0; needed.next_power_of_two().max(FIRST)]);
            ask_for_large_pages(&self.slots);
            for slot in before.into_iter().filter(|&slot| slot != 0) {
                let mut place = self.place(slot);
                while self.slots[place] != 0 {
                    place = self.after(place);
                }
                self.slots[place] = slot;
            }
        }
    }

    /// Make room for so many words.
    fn expect(&mut self, words: usize) {
        self.make_room(words);
        self.rows.ends.reserve(words);
        self.rows.counts.reserve(words);
    }

    /// Return where a look-up begins, from the upper half of a hash alone: that is what a slot keeps of it.
    fn place(&self, hash: u64) -> usize {
        (((hash >> 32) * self.slots.len() as u64) >> 32) as usize
    }

    fn after(&self, place: usize) -> usize {
        (place + 1) & (self.slots.len() - 1)
    }

    fn memory(&self) -> usize {
        8 * self.slots.len() + self.rows.memory() + WRITING * self.longest
    }

    fn take(&mut self) -> Rows {
        std::mem::take(self).rows
    }
}

/// Counts by word.
pub struct Tally {
    parts: Vec<Part>,
    /// The first key of each part but the first; None before the first words.
    borders: Option<Vec<u64>>,
    /// Words for which room is made with the first ones.
    expected: usize,
}

impl Tally {
    /// Make an empty one that works in so many threads, and has room for so many words once the first come: then they are
    /// not all moved each time that it has twice as many.
    #[must_use]
    pub fn new(threads: usize, expected: usize) -> Self {
        Self { parts: (0..threads.max(1)).map(|_| Part::default()).collect(), borders: None, expected }
    }

    /// Return how many words there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parts.iter().map(|part| part.rows.len()).sum()
    }

    /// Tell whether there is no word.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Return the bytes that the words take, with what sorting them and writing the longest takes.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.parts.iter().map(Part::memory).sum()
    }

    /// Add each row's count to its word.
    pub fn add(&mut self, rows: &Rows) {
        if rows.is_empty() {
            return;
        }
        let (parts, expected) = (self.parts.len(), std::mem::take(&mut self.expected));
        if expected > 0 {
            self.parts.iter_mut().for_each(|part| part.expect(expected / parts));
        }
        let borders = self.borders.get_or_insert_with(|| borders(rows, parts));
        let ranges = self.parts.iter_mut().enumerate().map(|(number, part)| {
            let first = if number == 0 { 0 } else { borders[number - 1] };
            (part, first, borders.get(number).copied())
        });
        if rows.len() < FEW || borders.is_empty() {
            ranges.for_each(|(part, first, end)| part.add(rows, first, end));
        } else {
            thread::scope(|scope| {
                for (part, first, end) in ranges {
                    scope.spawn(move || part.add(rows, first, end));
                }
            });
        }
    }

    /// Give all rows in an order and be empty.
    ///
    /// # Panics
    /// Where sorting does.
    pub fn take(&mut self, order: Order) -> Ordered {
        let rows: Vec<Rows> = self.parts.iter_mut().map(Part::take).collect();
        let few = rows.iter().map(Rows::len).sum::<usize>() < FEW;
        let parts = if few {
            rows.into_iter().map(|one| one.sorted(order)).collect()
        } else {
            thread::scope(|scope| {
                let sorting: Vec<_> = rows.into_iter().map(|one| scope.spawn(move || one.sorted(order))).collect();
                sorting.into_iter().map(|one| one.join().expect("sorting cannot fail")).collect()
            })
        };
        Ordered::new(parts, order)
    }
}

/// Rows in an order that come from several parts, of which each has the words of one range, in order of the ranges.
pub struct Ordered {
    parts: Vec<Sorted>,
    order: Order,
}

impl Ordered {
    /// Join parts that are sorted.
    #[must_use]
    pub fn new(parts: Vec<Sorted>, order: Order) -> Self {
        Self { parts, order }
    }

    /// Return the next piece; an empty one at the end.
    pub fn piece(&mut self) -> Rows {
        let left = self.parts.iter().map(Sorted::left).sum::<usize>().min(MOST_ROWS);
        let (ends, counts) = (Vec::with_capacity(left), Vec::with_capacity(left));
        let mut found = Rows { bytes: Vec::new(), ends, counts };
        let by_count = self.order == Order::Count;
        while let Some(part) = self.next() {
            if let (true, Some(long)) = (found.is_empty(), part.take_long()) {
                return long;
            }
            let count = part.row().map(|row| row.1);
            while let Some((word, number)) = part.row() {
                if by_count && Some(number) != count {
                    break;
                }
                if found.is_full_for(word) {
                    return found;
                }
                part.copy_row(&mut found);
                part.pass();
            }
        }
        found
    }

    /// Return the part that has the next row: of equal counts the first one, whose words come before those of the rest.
    fn next(&mut self) -> Option<&mut Sorted> {
        let mut rest = self.parts.iter_mut().filter(|part| part.row().is_some());
        match self.order {
            Order::Word => rest.next(),
            Order::Count => rest.min_by_key(|part| part.row().map(|row| u64::MAX - row.1)),
        }
    }
}

fn borders(rows: &Rows, parts: usize) -> Vec<u64> {
    if parts == 1 {
        return Vec::new();
    }
    let mut keys: Vec<u64> = (0..rows.len()).map(|at| prefix(rows.word(at))).collect();
    keys.sort_unstable();
    (1..parts).map(|part| keys[part * keys.len() / parts]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::{MOST_BYTES, told};

    #[test]
    fn word_that_is_alone_is_given_without_a_copy() {
        let mut tally = Tally::new(1, 0);
        let mut rows = Rows::default();
        rows.push(&vec![b'x'; MOST_BYTES + 1], 3);
        tally.add(&rows);
        assert!(tally.memory() > (1 + WRITING) * MOST_BYTES);
        let place = tally.parts[0].rows.bytes.as_ptr();
        let mut ordered = tally.take(Order::Word);
        let found = ordered.piece();
        assert_eq!((found.bytes.as_ptr(), &found), (place, &rows));
        assert!(ordered.piece().is_empty());
        assert!(tally.memory() < MOST_BYTES);
    }

    fn all(tally: &mut Tally, order: Order) -> Vec<(String, u64)> {
        let mut ordered = tally.take(order);
        let mut found = Vec::new();
        loop {
            let rows = ordered.piece();
            if rows.is_empty() {
                return found;
            }
            found.extend(told(&rows));
        }
    }

    fn batches() -> Vec<Rows> {
        let word = |one: usize| format!("{}{}", ["", "x", "a longer beginning ", "é"][one % 4], one * 7919 % 20_011);
        (0..6)
            .map(|batch| {
                let mut rows = Rows::default();
                (0..FEW + 100).for_each(|one| rows.push(word(batch * 2000 + one).as_bytes(), one as u64 % 5 + 1));
                rows
            })
            .collect()
    }

    #[test]
    fn words_of_one_hash_stay_apart() {
        let mut part = Part { hash: Hash { seeds: [0; 4] }, ..Part::default() };
        let words: Vec<String> = (0..FIRST + 9).map(|one| format!("w{one}")).collect();
        assert!(words.iter().all(|word| part.hash.of(word.as_bytes()) == part.hash.of(b"")));
        let table: Vec<(&str, u64)> = words.iter().map(|word| (word.as_str(), 3)).collect();
        (0..2).for_each(|_| part.add(&crate::rows::rows(&table), 0, None));
        assert!(part.memory() > table.len() * 8 && part.slots.len() > part.rows.len());
        assert_eq!(told(&part.take()), words.into_iter().map(|word| (word, 6)).collect::<Vec<_>>());
        assert_eq!(part.memory(), 0);
    }

    #[test]
    fn any_number_of_threads_gives_the_same_rows() {
        let mut expected = std::collections::BTreeMap::new();
        for rows in batches() {
            told(&rows).into_iter().for_each(|(word, count)| *expected.entry(word).or_insert(0) += count);
        }
        let mut expected: Vec<(String, u64)> = expected.into_iter().collect();
        for order in [Order::Word, Order::Count] {
            if order == Order::Count {
                expected.sort_by_key(|row| u64::MAX - row.1);
            }
            for threads in [1, 2, 5] {
                let mut tally = Tally::new(threads, 9_000);
                batches().iter().for_each(|rows| tally.add(rows));
                assert_eq!(tally.len(), expected.len());
                assert!(tally.memory() > expected.len() * 40);
                assert_eq!(all(&mut tally, order), expected, "{threads} threads");
                assert!(tally.is_empty());
            }
        }
    }

    #[test]
    fn empty_tally_gives_nothing() {
        let mut tally = Tally::new(3, 10);
        tally.add(&Rows::default());
        assert_eq!(all(&mut tally, Order::Count), []);
    }
}
