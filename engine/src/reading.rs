//! One column of an Arrow file that comes in blocks: arro3 holds Python's lock while it decompresses, so two shards would
//! wait for each other.
//!
//! An Arrow file is a stream of Arrow's between a mark and an index. The stream says all that is in the index, and how
//! long each message is, so a file is read from front to back; it must have been written so, as the worker does. Ids as
//! the worker writes them are decompressed into memory that is used again; everything else is `arrow-ipc`'s business.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, UInt32Array};
use arrow_buffer::{Buffer, ScalarBuffer};
use arrow_ipc::convert::try_fb_to_schema;
use arrow_ipc::reader::read_record_batch;
use arrow_ipc::{CompressionType, Message, MessageHeader, RecordBatch, root_as_message};
use arrow_schema::{ArrowError, DataType, SchemaRef};

use crate::unlz4;
use crate::vocabulary::append;

/// What a file begins with; zeros fill it up to the alignment that its writer likes, and the stream begins with none.
const MARK: &[u8] = b"ARROW1";
/// What a message begins with.
const GOES_ON: [u8; 4] = [0xff; 4];
/// Bytes of a message's beginning, with how long its description is.
const HEAD: usize = 8;
/// Bytes that a byte of LZ4 can stand for, at the most.
const MOST: usize = 255;
/// Columns that were given and may be needed no more.
const GIVEN: usize = 4;

/// Reads one column, batch by batch: a block may hold more batches than there is memory for at once.
pub struct Reader {
    column: String,
    /// What was read, and how much of it is done with.
    read: Vec<u8>,
    done: usize,
    /// How much must be there before it is worth another look.
    needed: usize,
    at: At,
    schema: Option<SchemaRef>,
    given: Vec<Buffer>,
}

/// What comes next.
#[derive(PartialEq)]
enum At {
    Mark,
    Zeros,
    Message,
    Index,
}

impl Reader {
    /// Make a reader of the column of this name.
    #[must_use]
    pub fn new(column: String) -> Self {
        let (read, given) = (Vec::new(), Vec::new());
        Self { column, read, done: 0, needed: MARK.len(), at: At::Mark, schema: None, given }
    }

    /// Give the next block, once `batch` has returned None.
    pub fn feed(&mut self, block: &[u8]) {
        if !self.has_ended() {
            self.read.drain(..self.done);
            self.done = 0;
            append(&mut self.read, block);
        }
    }

    /// Return the column of the next record batch; None where the next block is needed.
    ///
    /// # Errors
    /// What does not fit Arrow's format, or has no such column.
    pub fn batch(&mut self) -> Result<Option<ArrayRef>, ArrowError> {
        // A column that is not compressed is a part of what was read, as a word may be most of the memory.
        let read = Buffer::from_vec(std::mem::take(&mut self.read));
        let found = self.next(&read);
        self.read = read.into_vec().unwrap_or_else(|read| read[std::mem::take(&mut self.done)..].to_vec());
        found
    }

    fn next(&mut self, read: &Buffer) -> Result<Option<ArrayRef>, ArrowError> {
        while self.at != At::Index && read.len() - self.done >= self.needed {
            match self.at {
                At::Mark if !read.starts_with(MARK) => return Err(refused("it does not begin as an Arrow file")),
                At::Mark => (self.at, self.done, self.needed) = (At::Zeros, MARK.len(), 1),
                At::Zeros => {
                    self.done += read[self.done..].iter().take_while(|&&one| one == 0).count();
                    if self.done < read.len() {
                        (self.at, self.needed) = (At::Message, HEAD);
                    }
                }
                At::Message => {
                    if let Some(column) = self.message(&read.slice(self.done))? {
                        return Ok(Some(column));
                    }
                }
                At::Index => {}
            }
        }
        Ok(None)
    }

    /// Take the next message, or find out how much more of it is needed; return its column.
    fn message(&mut self, read: &Buffer) -> Result<Option<ArrayRef>, ArrowError> {
        let (Some((&GOES_ON, after)), Some(length)) = (read.split_first_chunk(), length(read)) else {
            return Err(refused("there is no message where one should be"));
        };
        if length == 0 {
            self.at = At::Index; // the stream has ended
            return Ok(None);
        }
        let Some(told) = after.get(4..4 + length) else {
            self.needed = HEAD + length;
            return Ok(None);
        };
        let told = root_as_message(told).map_err(|error| refused(&format!("a message is broken: {error}")))?;
        let body = usize::try_from(told.bodyLength()).map_err(|_| refused("a message is shorter than nothing"))?;
        self.needed = (HEAD + length).saturating_add(body);
        if read.len() < self.needed {
            return Ok(None);
        }
        self.done += self.needed;
        self.needed = HEAD;
        self.content(&told, &read.slice_with_length(HEAD + length, body))
    }

    fn content(&mut self, told: &Message<'_>, body: &Buffer) -> Result<Option<ArrayRef>, ArrowError> {
        match (told.header_type(), self.schema.clone()) {
            (MessageHeader::Schema, None) => {
                let schema = told.header_as_schema().ok_or_else(|| refused("a schema is missing"))?;
                let schema = try_fb_to_schema(schema)?;
                schema.field_with_name(&self.column)?;
                self.schema = Some(Arc::new(schema));
                Ok(None)
            }
            (MessageHeader::RecordBatch, Some(schema)) => {
                let batch = told.header_as_record_batch().ok_or_else(|| refused("a batch is missing"))?;
                if !is_possible(&batch, body) {
                    return Err(refused("a batch tells of more bytes than can be in it"));
                }
                let is_ids = schema.fields().len() == 1 && *schema.field(0).data_type() == DataType::UInt32;
                let found = compressed(&batch, body).filter(|_| is_ids);
                if let Some(ids) = found.and_then(|(length, frame)| self.ids(length, frame)) {
                    return Ok(Some(Arc::new(ids)));
                }
                let columns = [schema.index_of(&self.column)?];
                let none = HashMap::new();
                let found = read_record_batch(body, batch, schema, &none, Some(&columns), &told.version())?;
                Ok(Some(found.column(0).clone()))
            }
            _ => Err(refused("a message is of a kind that has no place there")),
        }
    }

    /// Decompress ids; None where they are none, or their frame has what the worker's do not have.
    fn ids(&mut self, length: usize, frame: &[u8]) -> Option<UInt32Array> {
        let mut room = (0..self.given.len()).find_map(|_| match self.given.remove(0).into_mutable() {
            Ok(room) => Some(room),
            Err(used) => {
                self.given.push(used);
                None
            }
        });
        let mut room = room.take().unwrap_or_default();
        room.resize(4 * length, 0);
        unlz4::frame(frame, &mut room)?;
        let buffer = Buffer::from(room);
        if self.given.len() < GIVEN {
            self.given.push(buffer.clone());
        }
        Some(UInt32Array::new(ScalarBuffer::new(buffer, 0, length), None))
    }

    /// Tell whether all batches have been read.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.at == At::Index
    }
}

/// Tell whether all of a batch lies within its body, and can hold as many bytes as it tells, before memory is made for them.
fn is_possible(batch: &RecordBatch<'_>, body: &[u8]) -> bool {
    let is_compressed = batch.compression().is_some();
    batch.buffers().into_iter().flatten().all(|buffer| {
        let (offset, size) = (usize::try_from(buffer.offset()), usize::try_from(buffer.length()));
        let range = offset.ok().zip(size.ok()).and_then(|(offset, size)| Some(offset..offset.checked_add(size)?));
        range.and_then(|range| body.get(range)).is_some_and(|bytes| {
            let told = bytes.first_chunk().map_or(0, |told| i64::from_le_bytes(*told));
            !is_compressed || usize::try_from(told).map_or(true, |told| told / MOST <= bytes.len())
        })
    })
}

/// Return how many ids a batch has, and their frame; None where the worker has not written it so.
fn compressed<'a>(batch: &RecordBatch<'_>, body: &'a [u8]) -> Option<(usize, &'a [u8])> {
    let (nodes, buffers) = (batch.nodes()?, batch.buffers()?);
    let same = nodes.len() == 1 && buffers.len() == 2 && nodes.get(0).length() == batch.length();
    let lz4 = batch.compression()?.codec() == CompressionType::LZ4_FRAME;
    if !same || !lz4 || nodes.get(0).null_count() != 0 {
        return None;
    }
    let (offset, size) = (buffers.get(1).offset(), buffers.get(1).length());
    let (offset, size) = (usize::try_from(offset).ok()?, usize::try_from(size).ok()?);
    let (told, frame) = body.get(offset..offset.checked_add(size)?)?.split_first_chunk()?;
    let length = usize::try_from(batch.length()).ok()?;
    let bytes = length.checked_mul(4)?;
    let fits = i64::from_le_bytes(*told) == i64::try_from(bytes).ok()? && bytes / MOST <= frame.len();
    fits.then_some((length, frame))
}

/// Return how long the description of a message is.
fn length(message: &[u8]) -> Option<usize> {
    let (_, rest) = message.split_first_chunk::<4>()?;
    usize::try_from(i32::from_le_bytes(*rest.first_chunk()?)).ok()
}

fn refused(why: &str) -> ArrowError {
    ArrowError::IpcError(why.to_owned())
}
