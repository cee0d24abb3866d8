//! Sorted runs of rows become one: pure, it asks for the next piece of a run and never reads one itself.
//!
//! A heap of the runs, the one with the smallest row on top. Rows of the same word are added up, so runs need not be
//! distinct from each other when they come by word.

use crate::rows::{MOST_BYTES, Order, Rows, compare};

/// What a merge does next.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// It needs the next piece of this run.
    Feed(usize),
    /// Rows in order; empty at the end of all.
    Rows(Rows),
}

#[derive(Default)]
struct Run {
    rows: Rows,
    at: usize,
    ended: bool,
}

impl Run {
    fn row(&self) -> (&[u8], u64) {
        (self.rows.word(self.at), self.rows.counts[self.at])
    }

    fn is_empty(&self) -> bool {
        self.at == self.rows.len()
    }
}

/// Merges runs of one order.
pub struct Merge {
    order: Order,
    runs: Vec<Run>,
    /// Runs that have a row, a heap once all have been fed.
    heap: Vec<usize>,
    /// Runs that must be fed before the next row is known.
    hungry: Vec<usize>,
    found: Rows,
}

impl Merge {
    /// Make a merge of so many runs.
    #[must_use]
    pub fn new(order: Order, runs: usize) -> Self {
        Self {
            order,
            runs: (0..runs).map(|_| Run::default()).collect(),
            heap: Vec::new(),
            hungry: (0..runs).collect(),
            found: Rows::default(),
        }
    }

    /// Give the next piece of a run that was asked for; an empty one ends the run.
    pub fn feed(&mut self, run: usize, rows: Rows) {
        let ended = rows.is_empty();
        self.runs[run] = Run { rows, at: 0, ended };
    }

    /// Go on until a piece of rows is whole or a run has to be fed.
    pub fn step(&mut self) -> Step {
        while let Some(&run) = self.hungry.last() {
            if self.runs[run].is_empty() && !self.runs[run].ended {
                return Step::Feed(run);
            }
            self.hungry.pop();
            if !self.runs[run].is_empty() {
                self.heap.push(run);
                self.rise(self.heap.len() - 1);
            }
        }
        while let Some(&top) = self.heap.first() {
            let run = &mut self.runs[top];
            let (word, count) = (run.rows.word(run.at), run.rows.counts[run.at]);
            let last = self.found.len().wrapping_sub(1);
            if self.order == Order::Word && !self.found.is_empty() && self.found.word(last) == word {
                self.found.counts[last] += count;
            } else if self.found.is_full_for(word) {
                return Step::Rows(std::mem::take(&mut self.found));
            } else {
                self.found.push(word, count);
            }
            run.at += 1;
            if run.is_empty() {
                *run = Run::default();
                self.heap.swap_remove(0);
                self.sink();
                self.hungry.push(top);
                if self.found.bytes.len() > MOST_BYTES && !self.goes_on() {
                    return Step::Rows(std::mem::take(&mut self.found)); // before there is a piece more beside it
                }
                return self.step();
            }
            self.sink();
        }
        Step::Rows(std::mem::take(&mut self.found))
    }

    /// Tell whether the next row that is known is of the same word as the last one.
    fn goes_on(&self) -> bool {
        let next = self.heap.first().map(|&run| self.runs[run].row().0);
        self.order == Order::Word && next == Some(self.found.word(self.found.len() - 1))
    }

    fn before(&self, one: usize, other: usize) -> bool {
        let (one, other) = (&self.runs[self.heap[one]], &self.runs[self.heap[other]]);
        compare(self.order, one.row(), other.row()).is_lt()
    }

    fn rise(&mut self, mut at: usize) {
        while at > 0 && self.before(at, (at - 1) / 2) {
            self.heap.swap(at, (at - 1) / 2);
            at = (at - 1) / 2;
        }
    }

    fn sink(&mut self) {
        let mut at = 0;
        loop {
            let mut least = at;
            for child in [2 * at + 1, 2 * at + 2] {
                if child < self.heap.len() && self.before(child, least) {
                    least = child;
                }
            }
            if least == at {
                return;
            }
            self.heap.swap(at, least);
            at = least;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::{rows, told};

    fn merged(order: Order, mut runs: Vec<Vec<Rows>>) -> Vec<(String, u64)> {
        let mut merge = Merge::new(order, runs.len());
        let mut found = Vec::new();
        loop {
            match merge.step() {
                Step::Feed(run) => {
                    let next = if runs[run].is_empty() { Rows::default() } else { runs[run].remove(0) };
                    merge.feed(run, next);
                }
                Step::Rows(rows) if rows.is_empty() => return found,
                Step::Rows(rows) => found.extend(told(&rows)),
            }
        }
    }

    #[test]
    fn words_of_several_runs_are_added_up() {
        let runs = vec![
            vec![rows(&[("a", 1), ("c", 2)]), rows(&[("d", 1)])],
            vec![rows(&[("a", 4)]), rows(&[("c", 1), ("e", 1)])],
            vec![],
            vec![rows(&[("b", 9)])],
        ];
        let expected =
            [("a", 5), ("b", 9), ("c", 3), ("d", 1), ("e", 1)].map(|(word, count)| (word.to_owned(), count));
        assert_eq!(merged(Order::Word, runs), expected);
    }

    #[test]
    fn long_word_is_given_before_the_next_piece_is_asked_for() {
        let long = |letter: &str| letter.repeat(MOST_BYTES + 1);
        let (a, b, c) = (long("a"), long("b"), long("c"));
        let mut merge = Merge::new(Order::Word, 3);
        assert_eq!(merge.step(), Step::Feed(2));
        merge.feed(2, rows(&[(&b, 1)]));
        assert_eq!(merge.step(), Step::Feed(1));
        merge.feed(1, rows(&[(&a, 1)]));
        assert_eq!(merge.step(), Step::Feed(0));
        merge.feed(0, rows(&[(&a, 2)]));
        let Step::Feed(first) = merge.step() else { panic!("the same word may go on") };
        merge.feed(first, rows(&[(&c, 1)]));
        assert_eq!(merge.step(), Step::Rows(rows(&[(&a, 3)])));
        let Step::Feed(second) = merge.step() else { panic!("the other run has had its piece") };
        merge.feed(second, Rows::default());
        assert_eq!(merge.step(), Step::Rows(rows(&[(&b, 1)])));
    }

    #[test]
    fn order_of_counts_is_kept() {
        let runs = vec![vec![rows(&[("z", 9), ("b", 1)])], vec![rows(&[("c", 5), ("a", 1)]), rows(&[("x", 1)])]];
        let expected =
            [("z", 9), ("c", 5), ("a", 1), ("b", 1), ("x", 1)].map(|(word, count)| (word.to_owned(), count));
        assert_eq!(merged(Order::Count, runs), expected);
    }

    #[test]
    fn many_small_pieces_of_many_runs_come_out_sorted() {
        let mut state = 7_u64;
        let mut next = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state >> 40
        };
        let mut expected = std::collections::BTreeMap::new();
        let runs = (0..9)
            .map(|_| {
                let words: std::collections::BTreeSet<u64> = (0..200).map(|_| next() % 500).collect();
                let words: Vec<u64> = words.into_iter().collect();
                words.iter().for_each(|word| *expected.entry(format!("{word:05}")).or_insert(0) += 1);
                words
                    .chunks(7)
                    .map(|some| {
                        let mut piece = Rows::default();
                        some.iter().for_each(|word| piece.push(format!("{word:05}").as_bytes(), 1));
                        piece
                    })
                    .collect()
            })
            .collect();
        assert_eq!(merged(Order::Word, runs), expected.into_iter().collect::<Vec<_>>());
    }
}
