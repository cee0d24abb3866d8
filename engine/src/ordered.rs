//! Rows that lie in several parts, each sorted, given out as one stream of pieces.

use crate::rows::{MOST_ROWS, Order, Rows, Sorted};

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
