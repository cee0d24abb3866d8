//! Words, alone or with their counts, as an Arrow file, piece by piece: it is `arrow-ipc`'s business, as it is arro3's, but
//! arro3 holds Python's lock meanwhile, and three threads make a table.

use std::io::Write;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{FileWriter, IpcWriteOptions};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};

/// Makes the pieces of one file, which go into it one behind the other.
pub struct TableWriter {
    schema: SchemaRef,
    writer: FileWriter<Piece>,
}

/// Bytes with no more memory than they take: a word may be most of what there is.
#[derive(Default)]
struct Piece(Vec<u8>);

impl Write for Piece {
    fn write(&mut self, more: &[u8]) -> std::io::Result<usize> {
        self.0.reserve_exact(more.len());
        self.0.extend_from_slice(more);
        Ok(more.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl TableWriter {
    /// Make a writer of columns of these names: words alone are not compressed, with counts they are.
    ///
    /// # Errors
    /// Where `arrow-ipc` is without its compression.
    pub fn new(words: &str, counts: Option<&str>) -> Result<Self, ArrowError> {
        let counts = counts.map(|name| Field::new(name, DataType::UInt64, false));
        let compression = counts.is_some().then_some(CompressionType::LZ4_FRAME);
        let fields: Vec<Field> = [Field::new(words, DataType::Utf8, false)].into_iter().chain(counts).collect();
        let schema = Arc::new(Schema::new(fields));
        let options = IpcWriteOptions::default().try_with_compression(compression)?;
        let writer = FileWriter::try_new_with_options(Piece::default(), &schema, options)?;
        Ok(Self { schema, writer })
    }

    /// Return what the file begins with.
    pub fn begin(&mut self) -> Vec<u8> {
        std::mem::take(self.writer.get_mut()).0
    }

    /// Return a record batch of these rows.
    ///
    /// # Errors
    /// Where these are not the file's columns, or not as long as each other.
    pub fn batch(&mut self, columns: Vec<ArrayRef>) -> Result<Vec<u8>, ArrowError> {
        let batch = RecordBatch::try_new(self.schema.clone(), columns)?;
        self.writer.write(&batch)?;
        Ok(std::mem::take(self.writer.get_mut()).0)
    }

    /// Return what the file ends with.
    ///
    /// # Errors
    /// Where it was returned already.
    pub fn end(&mut self) -> Result<Vec<u8>, ArrowError> {
        self.writer.finish()?;
        Ok(std::mem::take(self.writer.get_mut()).0)
    }
}
