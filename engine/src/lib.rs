//! Exact words of a text that comes in blocks, numbered in order of first occurrence.
//!
//! A word is a segment of UAX #29 that holds an Alphabetic character or a number, in full lower case. README.md tells
//! how it works; `python` holds the bindings, and the rest knows nothing of Python.

pub mod bins;
pub mod classes;
#[cfg(feature = "python")]
mod columns;
pub mod counter;
pub mod csv;
pub mod lower;
pub mod lz4;
pub mod masks;
pub mod merge;
pub mod ordered;
#[cfg(feature = "python")]
mod python;
#[cfg(feature = "python")]
mod reading;
pub mod rows;
pub mod segment;
mod slots;
pub mod stream;
#[cfg(feature = "python")]
mod table;
#[allow(clippy::unreadable_literal, reason = "generated, and read by no person")]
pub mod tables;
pub mod tally;
#[cfg(any(test, feature = "python"))]
mod unlz4;
pub mod vocabulary;
#[cfg(feature = "python")]
mod writing;
