//! Blocks: what the log stores. A block holds consecutive records of one partition, compressed together.
//!
//! ```text
//! version (1)  appended_at in microseconds (8)  count (4)  raw size (4)  LZ4 of { length (4) x count, payloads }
//! ```
//!
//! Numbers are little-endian. A reader trusts none of them before it has checked it: a damaged block is an error, never a
//! panic or an allocation of what it claims.

use jiff::Timestamp;
use thiserror::Error;

use crate::record::{Delivered, Offset, Partition};

/// A block is closed when its records reach this size, so that a reader of a few records decodes no more than that.
pub(super) const TARGET_BYTES: usize = 256 * 1024;

/// More than a block of the largest permitted record can hold uncompressed.
const MAX_RAW_BYTES: usize = 32 * 1024 * 1024;

const VERSION: u8 = 1;
const HEADER_BYTES: usize = 1 + 8 + 4 + 4;

/// A stored block that cannot be read.
#[derive(Debug, Error, PartialEq, Eq)]
pub(super) enum BlockError {
    #[error("a block of records is cut short")]
    Short,
    #[error("a block of records has the unknown version {0}")]
    Version(u8),
    #[error("a block of records does not decompress to what its header says")]
    Content,
}

/// The block of `payloads`, all appended at `appended_at`.
pub(super) fn encode(appended_at: Timestamp, payloads: &[&[u8]]) -> Vec<u8> {
    let size = |length: usize| u32::try_from(length).expect("records have at most 16 MiB, blocks little more");
    let mut raw = Vec::with_capacity(payloads.iter().map(|payload| payload.len() + 4).sum());
    for payload in payloads {
        raw.extend_from_slice(&size(payload.len()).to_le_bytes());
    }
    for payload in payloads {
        raw.extend_from_slice(payload);
    }
    let mut block = vec![0; HEADER_BYTES + lz4_flex::block::get_maximum_output_size(raw.len())];
    block[0] = VERSION;
    block[1..9].copy_from_slice(&appended_at.as_microsecond().to_le_bytes());
    block[9..13].copy_from_slice(&size(payloads.len()).to_le_bytes());
    block[13..17].copy_from_slice(&size(raw.len()).to_le_bytes());
    let compressed = lz4_flex::block::compress_into(&raw, &mut block[HEADER_BYTES..])
        .expect("the buffer has the maximum size of the output");
    block.truncate(HEADER_BYTES + compressed);
    block
}

/// The records of a block of `partition` that begins at `first`.
pub(super) fn decode(partition: Partition, first: Offset, block: &[u8]) -> Result<Vec<Delivered>, BlockError> {
    let (header, compressed) = block.split_at_checked(HEADER_BYTES).ok_or(BlockError::Short)?;
    if header[0] != VERSION {
        return Err(BlockError::Version(header[0]));
    }
    let microseconds = i64::from_le_bytes(header[1..9].try_into().expect("8 bytes"));
    let appended_at = Timestamp::from_microsecond(microseconds).map_err(|_| BlockError::Content)?;
    let count = length(&header[9..13]);
    let raw_size = length(&header[13..17]);
    // LZ4 shortens at most 255 times, so that a larger claim is a lie that would only cost memory.
    if raw_size > MAX_RAW_BYTES.min(compressed.len().saturating_mul(255)) {
        return Err(BlockError::Content);
    }
    let raw = lz4_flex::block::decompress(compressed, raw_size).map_err(|_| BlockError::Content)?;
    if raw.len() != raw_size {
        return Err(BlockError::Content);
    }
    let (lengths, mut rest) = raw.split_at_checked(count.saturating_mul(4)).ok_or(BlockError::Content)?;
    let mut records = Vec::with_capacity(count);
    for (offset, bytes) in (first..).zip(lengths.chunks_exact(4)) {
        let (payload, after) = rest.split_at_checked(length(bytes)).ok_or(BlockError::Content)?;
        records.push(Delivered { partition, offset, appended_at, payload: payload.to_vec() });
        rest = after;
    }
    Ok(records)
}

fn length(bytes: &[u8]) -> usize {
    let number = u32::from_le_bytes(bytes.try_into().expect("4 bytes"));
    usize::try_from(number).expect("usize has at least 32 bits on every supported machine")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_block_gives_back_its_records(payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..20)) {
            let at = Timestamp::from_microsecond(1_700_000_000_123_456).unwrap();
            let slices: Vec<&[u8]> = payloads.iter().map(Vec::as_slice).collect();
            let records = decode(2, 40, &encode(at, &slices)).unwrap();
            prop_assert!(records.iter().all(|record| record.partition == 2 && record.appended_at == at));
            prop_assert!(records.iter().map(|record| record.offset).eq((40..).take(payloads.len())));
            prop_assert!(records.into_iter().map(|record| record.payload).eq(payloads));
        }

        #[test]
        fn damaged_bytes_are_an_error_or_records_but_never_a_panic(
            mut block in prop::collection::vec(any::<u8>(), 0..200), valid in any::<bool>(), at in 0_usize..100, with in any::<u8>(),
        ) {
            if valid {
                block = encode(Timestamp::UNIX_EPOCH, &[&block, b"", &block]);
            }
            if let Some(byte) = block.get_mut(at) {
                *byte = with;
            }
            let _ = decode(0, 0, &block);
        }
    }

    #[test]
    fn a_block_that_claims_gigabytes_is_refused_before_they_are_allocated() {
        let mut block = encode(Timestamp::UNIX_EPOCH, &[b"text"]);
        block[13..17].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(decode(0, 0, &block), Err(BlockError::Content));
    }
}
