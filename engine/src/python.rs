//! The module `textmill_engine` for Python: classes around the crate's own, and nothing that decides anything.
//!
//! Columns go to and fro as Arrow. Every method that works for long lets other threads of Python run meanwhile.

use pyo3::exceptions::{PyUnicodeDecodeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::bins::Bins;
use crate::columns::{self, Column};
use crate::csv::Lines;
use crate::merge::{Merge, Step};
use crate::ordered::Ordered;
use crate::reading::Reader;
use crate::rows::{MOST_BYTES, MOST_ROWS, Order, Rows};
use crate::stream::{self, Refused, Stream};
use crate::table::TableWriter;
use crate::tables;
use crate::tally::Tally;
use crate::vocabulary::WRITING;
use crate::writing::Writer;

pyo3::create_exception!(textmill_engine, WordTooLong, PyValueError, "One word has more bytes than is allowed.");

type Pair = Option<(Column, Column)>;

/// Cuts a text that comes in blocks of UTF-8 into words, and numbers or counts them.
#[pyclass(module = "textmill_engine")]
struct Words {
    stream: Stream,
    /// What the ids of the present vocabulary begin with.
    first: u32,
}

#[pymethods]
impl Words {
    #[new]
    #[pyo3(signature = (largest_word, memory_cap, counting = false))]
    fn new(largest_word: usize, memory_cap: usize, counting: bool) -> Self {
        let stream = Stream::new(largest_word, memory_cap);
        Self { stream: if counting { stream.counting() } else { stream }, first: 0 }
    }

    /// Take a block from `start` on and return where it stopped: before its end if the vocabulary is full.
    #[pyo3(signature = (block, start = 0))]
    fn feed(&mut self, py: Python<'_>, block: &Bound<'_, PyBytes>, start: usize) -> PyResult<usize> {
        let bytes = block.as_bytes();
        let Some(rest) = bytes.get(start..) else {
            return Err(PyValueError::new_err(format!("{start} lies behind the block's {} bytes", bytes.len())));
        };
        let stream = &mut self.stream;
        let taken = py.detach(|| stream.feed(rest)).map_err(|refused| error(py, refused, rest))?;
        Ok(start + taken)
    }

    /// Take what is open at the text's end.
    fn finish(&mut self, py: Python<'_>) -> PyResult<()> {
        let stream = &mut self.stream;
        py.detach(|| stream.finish()).map_err(|refused| error(py, refused, b""))
    }

    /// How many ids were found and not yet taken.
    #[getter]
    fn waiting(&self) -> usize {
        self.stream.counter.ids.len()
    }

    /// Take so many of the ids that wait; without a copy, where that is all of them.
    fn ids(&mut self, most: usize) -> PyResult<Column> {
        let ids = &mut self.stream.counter.ids;
        let mut found = if most < ids.len() {
            ids.drain(..most).collect()
        } else {
            let next = Vec::with_capacity(ids.capacity());
            std::mem::replace(ids, next)
        };
        if self.first > 0 {
            for id in &mut found {
                *id = id
                    .checked_add(self.first)
                    .ok_or_else(|| PyValueError::new_err("more words than there are ids"))?;
            }
        }
        Ok(columns::ids(found))
    }

    /// Return the words from a place on, in order of ids, as many as go into a column.
    fn vocabulary(&self, start: usize) -> PyResult<Column> {
        let all = &self.stream.counter.vocabulary;
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        for id in start..all.len().min(start.saturating_add(MOST_ROWS)) {
            let word = all.word(id);
            if !ends.is_empty() && bytes.len() + word.len() > MOST_BYTES {
                break;
            }
            bytes.extend_from_slice(word);
            ends.push(bytes.len());
        }
        columns::words(bytes, &ends)
    }

    /// Begin a new vocabulary; the ids go on. No id may wait.
    fn forget(&mut self) -> PyResult<()> {
        let words = u32::try_from(self.stream.counter.vocabulary.len()).unwrap_or(u32::MAX);
        if self.waiting() > 0 {
            return Err(PyValueError::new_err("ids of the vocabulary still wait"));
        }
        self.first =
            self.first.checked_add(words).ok_or_else(|| PyValueError::new_err("more words than there are ids"))?;
        self.stream.take();
        Ok(())
    }

    /// Take all words with their counts, by word, or by falling count; a new vocabulary begins.
    fn rows(&mut self, py: Python<'_>, by_count: bool) -> Sorted {
        let rows = self.stream.take();
        let order = order(by_count);
        Sorted { ordered: py.detach(|| Ordered::new(vec![rows.sorted(order)], order)) }
    }

    /// Return how many words were counted in all, and the most frequent words with their counts, in the table's order.
    fn most(&self, py: Python<'_>, most: usize) -> (u64, Vec<(String, u64)>) {
        let vocabulary = &self.stream.counter.vocabulary;
        py.detach(|| {
            let (tokens, rows) = vocabulary.most(most);
            let text = |word| String::from_utf8_lossy(word).into_owned();
            (tokens, rows.into_iter().map(|(word, count)| (text(word), count)).collect())
        })
    }

    /// The bytes that the vocabulary takes, with what sorting it takes, and what waits will add; 0 where it is empty.
    #[getter]
    fn memory(&self) -> usize {
        self.stream.memory()
    }

    fn __len__(&self) -> usize {
        self.stream.counter.vocabulary.len()
    }
}

/// How often each id of a part of a vocabulary stands among a shard's tokens.
#[pyclass(module = "textmill_engine", name = "Bins")]
struct PyBins {
    bins: Bins,
}

#[pymethods]
impl PyBins {
    /// Make bins for so many ids from `first` on.
    #[new]
    fn new(first: u32, ids: usize) -> Self {
        Self { bins: Bins::new(first, ids) }
    }

    /// Count a column of ids.
    fn add(&mut self, py: Python<'_>, ids: &Bound<'_, PyAny>) -> PyResult<()> {
        let ids = columns::to_ids(ids)?;
        let bins = &mut self.bins;
        let outside = py.detach(|| bins.add(ids.values()));
        outside.map_err(|id| PyValueError::new_err(format!("there is no word {id}")))
    }

    /// Return so many counts from a place on.
    fn counts(&self, start: usize, length: usize) -> PyResult<Column> {
        let found = start.checked_add(length).and_then(|end| self.bins.counts(start..end));
        Ok(columns::counts(found.ok_or_else(|| PyValueError::new_err("more counts than there are"))?))
    }
}

/// Adds up counts by word, in as many threads as are asked for.
#[pyclass(module = "textmill_engine", name = "Tally")]
struct PyTally {
    tally: Tally,
}

#[pymethods]
impl PyTally {
    #[new]
    #[pyo3(signature = (threads, words = 0))]
    fn new(threads: usize, words: usize) -> Self {
        Self { tally: Tally::new(threads, words) }
    }

    /// Add a count to each word.
    fn add(&mut self, py: Python<'_>, words: &Bound<'_, PyAny>, counts: &Bound<'_, PyAny>) -> PyResult<()> {
        let columns = columns::to_columns(words, counts)?;
        let tally = &mut self.tally;
        py.detach(|| tally.add(columns::rows(&columns)));
        Ok(())
    }

    /// Take all rows, by word, or by falling count; the tally is empty then.
    fn rows(&mut self, py: Python<'_>, by_count: bool) -> Sorted {
        let tally = &mut self.tally;
        Sorted { ordered: py.detach(|| tally.take(order(by_count))) }
    }

    /// The bytes that the words take, with what sorting them takes.
    #[getter]
    fn memory(&self) -> usize {
        self.tally.memory()
    }
}

/// Rows of distinct words that wait to be sorted.
#[pyclass(module = "textmill_engine")]
struct Heap {
    rows: Rows,
    longest: usize,
    /// Words for which room is made with the first ones.
    expected: usize,
}

#[pymethods]
impl Heap {
    #[new]
    #[pyo3(signature = (words = 0))]
    fn new(words: usize) -> Self {
        Self { rows: Rows::default(), longest: 0, expected: words }
    }

    /// Add rows.
    fn add(&mut self, words: &Bound<'_, PyAny>, counts: &Bound<'_, PyAny>) -> PyResult<()> {
        let columns = columns::to_columns(words, counts)?;
        if self.expected > 0 {
            self.rows.expect(
                std::mem::take(&mut self.expected),
                columns.0.value_data().len(),
                columns.0.value_offsets().len(),
            );
        }
        self.longest = self.longest.max(columns::add(&mut self.rows, &columns));
        Ok(())
    }

    /// Take all rows, by word, or by falling count; the heap is empty then.
    fn rows(&mut self, py: Python<'_>, by_count: bool) -> Sorted {
        let (rows, order) = (std::mem::take(&mut self.rows), order(by_count));
        self.longest = 0;
        Sorted { ordered: py.detach(|| Ordered::new(vec![rows.sorted(order)], order)) }
    }

    /// The bytes that the rows take, with what sorting them takes.
    #[getter]
    fn memory(&self) -> usize {
        self.rows.memory() + WRITING * self.longest
    }
}

/// Pieces of sorted rows, each a column of words and one of counts.
#[pyclass(module = "textmill_engine")]
struct Sorted {
    ordered: Ordered,
}

#[pymethods]
impl Sorted {
    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__(&mut self, py: Python<'_>) -> PyResult<Pair> {
        let ordered = &mut self.ordered;
        columns::pair(py.detach(|| ordered.piece()))
    }
}

/// Merges sorted runs that somebody else reads.
#[pyclass(module = "textmill_engine", name = "Merge")]
struct PyMerge {
    merge: Merge,
    /// The run that is asked for.
    asked: Option<usize>,
}

#[pymethods]
impl PyMerge {
    /// Make a merge of so many runs that are sorted by word, or by falling count.
    #[new]
    fn new(runs: usize, by_count: bool) -> Self {
        Self { merge: Merge::new(order(by_count), runs), asked: None }
    }

    /// Return the number of the run whose next piece is needed, or the next rows; None at the end of all.
    fn step<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let merge = &mut self.merge;
        match py.detach(|| merge.step()) {
            Step::Feed(run) => {
                self.asked = Some(run);
                Ok(run.into_pyobject(py)?.into_any())
            }
            Step::Rows(rows) => Ok(columns::pair(rows)?.into_pyobject(py)?.into_any()),
        }
    }

    /// Give the piece that was asked for.
    fn feed(&mut self, words: &Bound<'_, PyAny>, counts: &Bound<'_, PyAny>) -> PyResult<()> {
        let rows = columns::rows(&columns::to_columns(words, counts)?);
        let asked = self.asked.take().ok_or_else(|| PyValueError::new_err("no run was asked for"))?;
        self.merge.feed(asked, rows);
        Ok(())
    }

    /// Say that the run that was asked for has ended.
    fn end(&mut self) -> PyResult<()> {
        let asked = self.asked.take().ok_or_else(|| PyValueError::new_err("no run was asked for"))?;
        self.merge.feed(asked, Rows::default());
        Ok(())
    }
}

/// Reads one column of an Arrow file that comes in blocks.
#[pyclass(module = "textmill_engine", name = "Reader")]
struct PyReader {
    reader: Reader,
}

#[pymethods]
impl PyReader {
    /// Make a reader of the column of this name.
    #[new]
    fn new(column: String) -> Self {
        Self { reader: Reader::new(column) }
    }

    /// Give the next block.
    fn feed(&mut self, py: Python<'_>, block: &Bound<'_, PyBytes>) {
        let (bytes, reader) = (block.as_bytes(), &mut self.reader);
        py.detach(|| reader.feed(bytes));
    }

    /// Return the column of the next record batch; None where the next block is needed.
    fn batch(&mut self, py: Python<'_>) -> PyResult<Option<Column>> {
        let reader = &mut self.reader;
        Ok(py.detach(|| reader.batch()).map_err(columns::refused)?.map(columns::column))
    }

    /// Say that there is no more block.
    fn end(&self) -> PyResult<()> {
        if self.reader.has_ended() { Ok(()) } else { Err(PyValueError::new_err("it ends too early")) }
    }
}

/// Makes an Arrow file of ids, piece by piece.
#[pyclass(module = "textmill_engine", name = "Writer")]
struct PyWriter {
    writer: Writer,
}

#[pymethods]
impl PyWriter {
    /// Make a writer of a column of this name.
    #[new]
    fn new(column: &str) -> Self {
        Self { writer: Writer::new(column) }
    }

    /// Return what the file begins with.
    fn begin<'py>(&mut self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.writer.begin())
    }

    /// Return a record batch of ids.
    fn batch<'py>(&mut self, py: Python<'py>, ids: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
        let ids = columns::to_ids(ids)?;
        let writer = &mut self.writer;
        let batch = py.detach(|| writer.batch(ids.values()));
        let (head, size) = (batch.head.len(), batch.head.len() + batch.frame.len());
        PyBytes::new_with(py, size + batch.fill, |room| {
            room[..head].copy_from_slice(&batch.head);
            room[head..size].copy_from_slice(batch.frame);
            Ok(())
        })
    }

    /// Return what the file ends with.
    fn end<'py>(&mut self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.writer.end())
    }
}

/// Makes an Arrow file of words, alone or with their counts, piece by piece.
#[pyclass(module = "textmill_engine", name = "TableWriter")]
struct PyTableWriter {
    writer: TableWriter,
}

#[pymethods]
impl PyTableWriter {
    /// Make a writer of columns of these names.
    #[new]
    #[pyo3(signature = (words, counts = None))]
    fn new(words: &str, counts: Option<&str>) -> PyResult<Self> {
        Ok(Self { writer: TableWriter::new(words, counts).map_err(columns::refused)? })
    }

    /// Return what the file begins with.
    fn begin<'py>(&mut self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.writer.begin())
    }

    /// Return a record batch.
    #[pyo3(signature = (words, counts = None))]
    fn batch<'py>(
        &mut self,
        py: Python<'py>,
        words: &Bound<'py, PyAny>,
        counts: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let given =
            [Some(words), counts].into_iter().flatten().map(columns::imported).collect::<PyResult<Vec<_>>>()?;
        let writer = &mut self.writer;
        let batch = py.detach(|| writer.batch(given)).map_err(columns::refused)?;
        Ok(PyBytes::new(py, &batch))
    }

    /// Return what the file ends with.
    fn end<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.writer.end().map_err(columns::refused)?))
    }
}

/// Return rows as lines of CSV, and the sum of their counts.
#[pyfunction(name = "csv")]
fn lines<'py>(
    py: Python<'py>,
    words: &Bound<'py, PyAny>,
    counts: &Bound<'py, PyAny>,
) -> PyResult<(Bound<'py, PyBytes>, u64)> {
    let (words, counts) = columns::to_columns(words, counts)?;
    let (lines, (size, sum)) = py.detach(|| {
        let lines = Lines::new(words.value_data(), words.value_offsets(), counts.values());
        let measured = lines.measure();
        (lines, measured)
    });
    let text = PyBytes::new_with(py, size, |room| {
        py.detach(|| lines.write(room));
        Ok(())
    })?;
    Ok((text, sum))
}

/// Return how many bytes of a block are whole characters, or -1 where it is not valid UTF-8.
#[pyfunction]
fn whole_characters(py: Python<'_>, block: &Bound<'_, PyBytes>) -> i64 {
    let bytes = block.as_bytes();
    py.detach(|| stream::whole(bytes).map_or(-1, |whole| i64::try_from(whole).unwrap_or(-1)))
}

fn order(by_count: bool) -> Order {
    if by_count { Order::Count } else { Order::Word }
}

fn error(py: Python<'_>, refused: Refused, block: &[u8]) -> PyErr {
    match refused {
        Refused::NotUtf8(at) => {
            match PyUnicodeDecodeError::new(py, c"utf-8", block, at..at + 1, c"the block is no UTF-8") {
                Ok(problem) => PyErr::from_value(problem.into_any()),
                Err(problem) => problem,
            }
        }
        Refused::Unfinished => PyValueError::new_err("the text ends within a character"),
        Refused::TooLong(size) => WordTooLong::new_err(size),
    }
}

/// Exact Unicode words at the machine's speed.
#[pymodule]
fn textmill_engine(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Words>()?;
    module.add_class::<PyBins>()?;
    module.add_class::<PyTally>()?;
    module.add_class::<Heap>()?;
    module.add_class::<Sorted>()?;
    module.add_class::<PyMerge>()?;
    module.add_class::<PyReader>()?;
    module.add_class::<PyWriter>()?;
    module.add_class::<PyTableWriter>()?;
    module.add_class::<Column>()?;
    module.add_function(wrap_pyfunction!(lines, module)?)?;
    module.add_function(wrap_pyfunction!(whole_characters, module)?)?;
    module.add("WordTooLong", module.py().get_type::<WordTooLong>())?;
    module.add("INTERFACE", 5)?; // as worker/engines.py asks for it
    module.add("UNICODE", tables::UNICODE)
}
