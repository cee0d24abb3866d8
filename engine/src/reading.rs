//! One column of an Arrow file that comes in blocks: arro3 holds Python's lock while it decompresses, so two shards would
//! wait for each other.
//!
//! An Arrow file is a stream of Arrow's between a mark and an index. The stream says all that is in the index, and how
//! long each batch is, so a file is read from front to back; it must have been written so, as the worker does.

use arrow_array::ArrayRef;
use arrow_buffer::Buffer;
use arrow_ipc::reader::StreamDecoder;
use arrow_schema::ArrowError;

/// What a file begins with; zeros fill it up to the alignment that its writer likes, and the stream begins with none.
const MARK: &[u8] = b"ARROW1";

/// Reads one column, batch by batch: a block may hold more batches than there is memory for at once.
pub struct Reader {
    column: String,
    /// The mark as far as it was read.
    mark: Vec<u8>,
    decoder: StreamDecoder,
    begun: bool,
    block: Buffer,
    ended: bool,
}

impl Reader {
    /// Make a reader of the column of this name.
    #[must_use]
    pub fn new(column: String) -> Self {
        let block = Buffer::from_vec(Vec::<u8>::new());
        Self { column, mark: Vec::new(), decoder: StreamDecoder::new(), begun: false, block, ended: false }
    }

    /// Give the next block, once `batch` has returned None.
    pub fn feed(&mut self, block: &[u8]) {
        let (mark, rest) = block.split_at(block.len().min(MARK.len() - self.mark.len()));
        self.mark.extend_from_slice(mark);
        let zeros = if self.begun { 0 } else { rest.iter().take_while(|&&one| one == 0).count() };
        self.begun |= zeros < rest.len();
        self.block = Buffer::from(&rest[zeros..]);
    }

    /// Return the column of the next record batch; None where the next block is needed.
    ///
    /// # Errors
    /// What does not fit Arrow's format, or has no such column.
    pub fn batch(&mut self) -> Result<Option<ArrayRef>, ArrowError> {
        if !MARK.starts_with(&self.mark) {
            return Err(ArrowError::IpcError("it does not begin as an Arrow file".to_owned()));
        }
        if self.ended {
            return Ok(None); // what comes behind the stream is the index
        }
        let batch = match self.decoder.decode(&mut self.block) {
            // The decoder refuses to go on behind the stream's end; nothing else goes wrong where it could end.
            Err(_) if self.decoder.finish().is_ok() => {
                self.ended = true;
                None
            }
            found => found?,
        };
        let missing = || ArrowError::SchemaError(format!("there is no column {}", self.column));
        batch.map(|batch| batch.column_by_name(&self.column).cloned().ok_or_else(missing)).transpose()
    }

    /// Tell whether all batches have been read.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.ended
    }
}
