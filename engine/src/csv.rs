//! Rows as CSV, quoted as RFC 4180 says where a word has a comma or a quotation mark in it.
//!
//! Few words have, so all bytes are looked through first, many at once, for the places where it is worth a look.

/// Bytes that are looked through at once.
const BLOCK: usize = 64;

/// Rows that are to be written: all words one behind the other, where each begins and the last one ends, and the counts.
pub struct Lines<'a> {
    bytes: &'a [u8],
    offsets: &'a [i32],
    counts: &'a [u64],
    /// Whether a block of the bytes has a comma or a quotation mark.
    marked: Vec<bool>,
}

impl<'a> Lines<'a> {
    /// Look through the words.
    #[must_use]
    pub fn new(bytes: &'a [u8], offsets: &'a [i32], counts: &'a [u64]) -> Self {
        // Numbers instead of truth, so that no byte has to wait for what the one before it was.
        let mark = |&one: &u8| u8::from(one == b',') | u8::from(one == b'"');
        let any = |block: &[u8]| block.iter().fold(0, |found, one| found | mark(one)) > 0;
        Self { bytes, offsets, counts, marked: bytes.chunks(BLOCK).map(any).collect() }
    }

    /// Return how many bytes the lines take, and the sum of the counts.
    #[must_use]
    pub fn measure(&self) -> (usize, u64) {
        let size = |(word, quoted, count): (&[u8], bool, u64)| {
            let quotes = if quoted { 1 + word.split(|&one| one == b'"').count() } else { 0 };
            word.len() + quotes + digits(count) + 2
        };
        (self.rows().map(size).sum(), self.counts.iter().sum())
    }

    /// Write the lines into room that has the size that was measured.
    pub fn write(&self, room: &mut [u8]) {
        let mut at = 0;
        let mut put = |bytes: &[u8]| {
            room[at..at + bytes.len()].copy_from_slice(bytes);
            at += bytes.len();
        };
        for (word, quoted, count) in self.rows() {
            if quoted {
                put(b"\"");
                for (number, part) in word.split(|&one| one == b'"').enumerate() {
                    put(if number == 0 { b"" } else { b"\"\"" });
                    put(part);
                }
                put(b"\"");
            } else {
                put(word);
            }
            let mut text = [b'0'; 22];
            let mut first = text.len() - 1;
            text[first] = b'\n';
            let mut rest = count;
            loop {
                first -= 1;
                text[first] = b'0' + (rest % 10) as u8;
                rest /= 10;
                if rest == 0 {
                    break;
                }
            }
            first -= 1;
            text[first] = b',';
            put(&text[first..]);
        }
    }

    /// Go through the words, whether each is quoted, and the counts.
    fn rows(&self) -> impl Iterator<Item = (&[u8], bool, u64)> {
        self.offsets.windows(2).zip(self.counts).map(|(ends, &count)| {
            let [start, end] = [ends[0], ends[1]].map(|end| end.unsigned_abs() as usize);
            let word = &self.bytes[start..end];
            let near = start < end && self.marked[start / BLOCK..=(end - 1) / BLOCK].contains(&true);
            (word, near && word.iter().any(|&one| one == b',' || one == b'"'), count)
        })
    }
}

fn digits(count: u64) -> usize {
    count.checked_ilog10().map_or(1, |log| log as usize + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(rows: &[(&str, u64)]) -> (String, u64) {
        let bytes: Vec<u8> = rows.iter().flat_map(|row| row.0.bytes()).collect();
        let ends = rows.iter().scan(0, |end, row| {
            *end += i32::try_from(row.0.len()).expect("words are short");
            Some(*end)
        });
        let offsets: Vec<i32> = std::iter::once(0).chain(ends).collect();
        let counts: Vec<u64> = rows.iter().map(|row| row.1).collect();
        let lines = Lines::new(&bytes, &offsets, &counts);
        let (size, sum) = lines.measure();
        let mut room = vec![0; size];
        lines.write(&mut room);
        (String::from_utf8(room).expect("words are UTF-8"), sum)
    }

    #[test]
    fn words_with_commas_and_quotation_marks_are_quoted() {
        let rows = [("a", 10), ("1,5", 2), ("", 3), ("ש\"ש", 1), ("\"", 0), ("max", u64::MAX - 16)];
        let expected = format!("a,10\n\"1,5\",2\n,3\n\"ש\"\"ש\",1\n\"\"\"\",0\nmax,{}\n", u64::MAX - 16);
        assert_eq!(written(&rows), (expected, u64::MAX));
        assert_eq!(written(&[]), (String::new(), 0));
    }

    #[test]
    fn marks_are_found_wherever_they_stand() {
        for length in 0..3 * BLOCK {
            let word = format!("{}{}{}", "x".repeat(length), ",", "y".repeat(2 * BLOCK));
            let expected = format!("before,1\n\"{word}\",99\nafter,100\n");
            assert_eq!(written(&[("before", 1), (&word, 99), ("after", 100)]).0, expected);
        }
    }
}
