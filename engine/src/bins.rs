//! How often each id of a part of a vocabulary stands among tokens.
//!
//! Counts are numbers of 32 bits, so that twice as many of them are near, and are put aside before one could overflow.

use std::ops::Range;

/// Counts ids from a first one on.
pub struct Bins {
    first: u32,
    counts: Vec<u32>,
    /// Ids that were counted since counts were put aside; no count is more.
    counted: usize,
    aside: Vec<u64>,
}

impl Bins {
    /// Make bins for so many ids from `first` on.
    #[must_use]
    pub fn new(first: u32, ids: usize) -> Self {
        Self { first, counts: vec![0; ids], counted: 0, aside: Vec::new() }
    }

    /// Count ids.
    ///
    /// # Errors
    /// The first id that is outside.
    pub fn add(&mut self, ids: &[u32]) -> Result<(), u32> {
        self.counted = self.counted.saturating_add(ids.len());
        if u32::try_from(self.counted).is_err() {
            self.put_aside();
            self.counted = ids.len();
        }
        let (first, counts) = (self.first, &mut self.counts[..]);
        for &id in ids {
            *counts.get_mut(id.wrapping_sub(first) as usize).ok_or(id)? += 1;
        }
        Ok(())
    }

    fn put_aside(&mut self) {
        self.aside.resize(self.counts.len(), 0);
        for (sum, count) in self.aside.iter_mut().zip(&mut self.counts) {
            *sum += u64::from(std::mem::take(count));
        }
    }

    /// Return a range of the counts; None where it is not within them.
    #[must_use]
    pub fn counts(&self, range: Range<usize>) -> Option<Vec<u64>> {
        let counts = self.counts.get(range.clone())?.iter().map(|&count| u64::from(count));
        Some(match self.aside.get(range) {
            Some(aside) => counts.zip(aside).map(|(count, sum)| count + sum).collect(),
            None => counts.collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_of_the_ids_from_the_first_on() {
        let mut bins = Bins::new(7, 3);
        assert_eq!(bins.add(&[7, 9, 7]), Ok(()));
        assert_eq!(bins.counts(0..3), Some(vec![2, 0, 1]));
        assert_eq!(bins.counts(1..3), Some(vec![0, 1]));
        assert_eq!(bins.counts(1..4), None);
        assert_eq!(bins.add(&[8, 10]), Err(10));
        assert_eq!(bins.add(&[6]), Err(6));
    }

    #[test]
    fn counts_go_beyond_four_billion() {
        let mut bins = Bins::new(0, 2);
        for _ in 0..2 {
            (bins.counts[1], bins.counted) = (u32::MAX - 1, u32::MAX as usize - 1);
            assert_eq!(bins.add(&[1, 1, 0]), Ok(()));
        }
        assert_eq!(bins.counts(0..2), Some(vec![2, 2 * (u64::from(u32::MAX) - 1) + 2]));
    }
}
