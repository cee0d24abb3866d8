//! Frames of LZ4 as the worker's files have them, into room that is there already.
//!
//! The blocks are `lz4_flex`'s business. Its own reader of frames makes new memory for each of them, fills it with zeros,
//! and copies out of it.

use crate::lz4::{HEAD, PLAIN};

/// What the descriptor says beside its version.
const ALONE: u8 = 1 << 5;
const WITH_SIZE: u8 = 1 << 3;
const VERSION: u8 = 1 << 6;

/// Decompress a frame that fills the room exactly; None where it does not, is broken, or has what no frame of the
/// worker's has: blocks that need others, checksums, a dictionary.
pub fn frame(frame: &[u8], room: &mut [u8]) -> Option<()> {
    let (magic, rest) = frame.split_first_chunk::<4>()?;
    let (&told, rest) = rest.split_first()?;
    if magic[..] != HEAD[..4] || told & !WITH_SIZE != VERSION | ALONE {
        return None;
    }
    let mut rest = rest.get(if told & WITH_SIZE == 0 { 2 } else { 10 }..)?;
    let mut at = 0;
    loop {
        let (size, blocks) = rest.split_first_chunk::<4>()?;
        let size = u32::from_le_bytes(*size);
        if size == 0 {
            return (blocks.is_empty() && at == room.len()).then_some(());
        }
        let (block, behind) = blocks.split_at_checked((size & !PLAIN) as usize)?;
        if size & PLAIN == 0 {
            at += lz4_flex::block::decompress_into(block, &mut room[at..]).ok()?;
        } else {
            room.get_mut(at..at + block.len())?.copy_from_slice(block);
            at += block.len();
        }
        rest = behind;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lz4::Encoder;

    fn read(made: &[u8], ids: usize) -> Option<Vec<u32>> {
        let mut room = vec![0; 4 * ids];
        frame(made, &mut room)?;
        Some(room.as_chunks().0.iter().map(|one| u32::from_le_bytes(*one)).collect())
    }

    #[test]
    fn frames_are_read_and_nothing_that_is_cut_or_does_not_fit() {
        let ids: Vec<u32> = (0..999).map(|one| one * one % 7).collect();
        let mut encoder = Encoder::default();
        let made = encoder.frame(&ids);
        assert_eq!(read(made, ids.len()).as_ref(), Some(&ids));
        assert_eq!(read(made, ids.len() - 1), None);
        assert_eq!(read(made, ids.len() + 1), None);
        for end in 0..made.len() {
            assert_eq!(read(&made[..end], ids.len()), None, "{end} bytes");
        }
        assert_eq!(read(&[made, &[0]].concat(), ids.len()), None);
        for unusual in [0, 0x20, 0x40, 0x61, 0x64, 0x70] {
            let mut told = made.to_vec();
            told[4] = unusual;
            assert_eq!(read(&told, ids.len()), None, "{unusual:x}");
        }
    }

    #[test]
    fn size_in_the_head_is_passed_over() {
        let mut encoder = Encoder::default();
        let made = encoder.frame(&[1, 2, 3]);
        let told = [&HEAD[..4], &[0x68, 0x60], &12_u64.to_le_bytes(), &[0], &made[HEAD.len()..]].concat();
        assert_eq!(read(&told, 3), Some(vec![1, 2, 3]));
    }
}
