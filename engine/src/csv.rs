//! Rows as CSV, quoted as RFC 4180 says where a word has a comma or a quotation mark in it.

/// Return how many bytes the lines of rows take, and the sum of their counts.
pub fn measure<'a>(rows: impl Iterator<Item = (&'a [u8], u64)>) -> (usize, u64) {
    let mut sum = 0;
    let mut size = 0;
    for (word, count) in rows {
        let quotes = word.split(|&one| one == b'"').count() - 1;
        let around = if quotes > 0 || word.contains(&b',') { quotes + 2 } else { 0 };
        size += word.len() + around + digits(count) + 2;
        sum += count;
    }
    (size, sum)
}

/// Write rows as lines into room that has the size that was measured.
pub fn write<'a>(rows: impl Iterator<Item = (&'a [u8], u64)>, room: &mut [u8]) {
    let mut at = 0;
    let mut put = |bytes: &[u8]| {
        room[at..at + bytes.len()].copy_from_slice(bytes);
        at += bytes.len();
    };
    for (word, count) in rows {
        if word.iter().any(|&one| one == b',' || one == b'"') {
            put(b"\"");
            for (number, part) in word.split(|&one| one == b'"').enumerate() {
                put(if number == 0 { b"" } else { b"\"\"" });
                put(part);
            }
            put(b"\"");
        } else {
            put(word);
        }
        put(b",");
        let mut text = [b'0'; 20];
        let length = digits(count);
        let mut rest = count;
        for digit in text[..length].iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        put(&text[..length]);
        put(b"\n");
    }
}

fn digits(count: u64) -> usize {
    count.checked_ilog10().map_or(1, |log| log as usize + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_with_commas_and_quotation_marks_are_quoted() {
        let rows = [("a", 10), ("1,5", 2), ("ש\"ש", 1), ("\"", 0), ("max", u64::MAX - 13)];
        let rows = || rows.iter().map(|(word, count)| (word.as_bytes(), *count));
        let (size, sum) = measure(rows());
        let mut lines = vec![0; size];
        write(rows(), &mut lines);
        assert_eq!(lines, format!("a,10\n\"1,5\",2\n\"ש\"\"ש\",1\n\"\"\"\",0\nmax,{}\n", u64::MAX - 13).as_bytes());
        assert_eq!(sum, u64::MAX);
    }
}
