//! A column of ids as an Arrow file, piece by piece: somebody else writes the pieces, one behind the other.
//!
//! It is the file that arro3 writes of the same ids but for the compressor, which is `lz4`'s own.

#![allow(clippy::cast_possible_wrap, reason = "memory ends before sizes do")]

use arrow_ipc::convert::IpcSchemaEncoder;
use arrow_ipc::{
    Block, BodyCompression, BodyCompressionArgs, Buffer, FieldNode, Footer, FooterArgs, Message, MessageArgs,
    MessageHeader, MetadataVersion, RecordBatch, RecordBatchArgs,
};
use arrow_schema::{DataType, Field, Schema};
use flatbuffers::{FlatBufferBuilder, UnionWIPOffset, WIPOffset};

use crate::lz4::Encoder;

/// What a file begins and, but for the last two, ends with.
const MARK: [u8; 8] = *b"ARROW1\0\0";
/// What every message begins with, and the stream of them ends with.
const GOES_ON: [u8; 4] = [0xff; 4];
/// To which each part is filled up.
const ALIGNED: usize = 8;

/// Makes the pieces of one file.
pub struct Writer {
    schema: Schema,
    encoder: Encoder,
    builder: FlatBufferBuilder<'static>,
    /// Where the record batches lie, as the file's index tells.
    batches: Vec<Block>,
    size: usize,
}

/// A record batch: what comes before the frame, the frame, and how many zeros follow.
pub struct Batch<'a> {
    /// The message, and the size of the ids.
    pub head: Vec<u8>,
    /// The ids.
    pub frame: &'a [u8],
    /// Zeros.
    pub fill: usize,
}

impl Writer {
    /// Make a writer of a column of this name.
    #[must_use]
    pub fn new(column: &str) -> Self {
        let schema = Schema::new(vec![Field::new(column, DataType::UInt32, false)]);
        let builder = FlatBufferBuilder::new();
        Self { schema, encoder: Encoder::default(), builder, batches: Vec::new(), size: 0 }
    }

    /// Return what the file begins with.
    pub fn begin(&mut self) -> Vec<u8> {
        self.builder.reset();
        let schema = IpcSchemaEncoder::new().schema_to_fb_offset(&mut self.builder, &self.schema);
        let mut found = MARK.to_vec();
        found.extend(message(&mut self.builder, MessageHeader::Schema, schema.as_union_value(), 0));
        self.size = found.len();
        found
    }

    /// Return a record batch of these ids.
    pub fn batch(&mut self, ids: &[u32]) -> Batch<'_> {
        let frame = if ids.is_empty() { &[] } else { self.encoder.frame(ids) };
        let told = if ids.is_empty() { 0 } else { size_of::<i64>() };
        let length = told + frame.len();
        let fill = length.next_multiple_of(ALIGNED) - length;
        let builder = &mut self.builder;
        builder.reset();
        let nodes = Some(builder.create_vector(&[FieldNode::new(ids.len() as i64, 0)]));
        let buffers = Some(builder.create_vector(&[Buffer::new(0, 0), Buffer::new(0, length as i64)]));
        let compression = Some(BodyCompression::create(builder, &BodyCompressionArgs::default())); // LZ4
        let told_of =
            RecordBatchArgs { length: ids.len() as i64, nodes, buffers, compression, variadicBufferCounts: None };
        let batch = RecordBatch::create(builder, &told_of).as_union_value();
        let mut head = message(builder, MessageHeader::RecordBatch, batch, length + fill);
        self.batches.push(Block::new(self.size as i64, head.len() as i32, (length + fill) as i64));
        self.size += head.len() + length + fill;
        head.extend_from_slice(&(4 * ids.len() as i64).to_le_bytes()[..told]);
        Batch { head, frame, fill }
    }

    /// Return what the file ends with.
    pub fn end(&mut self) -> Vec<u8> {
        let builder = &mut self.builder;
        builder.reset();
        let schema = Some(IpcSchemaEncoder::new().schema_to_fb_offset(builder, &self.schema));
        let batches = Some(builder.create_vector(&self.batches));
        let (version, dictionaries) = (MetadataVersion::V5, Some(builder.create_vector::<Block>(&[])));
        let told = FooterArgs { version, schema, dictionaries, recordBatches: batches, custom_metadata: None };
        let footer = Footer::create(builder, &told);
        builder.finish(footer, None);
        let index = builder.finished_data();
        let length = (index.len() as u32).to_le_bytes();
        [&GOES_ON, &[0; 4], index, &length, &MARK[..6]].concat()
    }
}

/// Return a message of Arrow's, without what its header says will follow.
fn message(
    builder: &mut FlatBufferBuilder<'static>,
    header_type: MessageHeader,
    header: WIPOffset<UnionWIPOffset>,
    follows: usize,
) -> Vec<u8> {
    let version = MetadataVersion::V5;
    let told =
        MessageArgs { version, header_type, header: Some(header), bodyLength: follows as i64, custom_metadata: None };
    let root = Message::create(builder, &told);
    builder.finish(root, None);
    let told = builder.finished_data();
    let size = told.len().next_multiple_of(ALIGNED);
    let mut found = [&GOES_ON, &(size as u32).to_le_bytes()[..], told].concat();
    found.resize(GOES_ON.len() + 4 + size, 0);
    found
}
