//! The bytes of a chunk, decompressed.

use std::io::Read;

use super::lent;
use super::sample::Codec;

/// Decompresses a chunk of so many columns and rows of cells of `size` bytes.
///
/// Memory grows only with what really comes out, whatever a damaged file claims. Errors are in words.
pub(super) fn decompress(
    codec: Codec,
    jpeg_tables: &[u8],
    mut raw: Vec<u8>,
    [columns, rows]: [usize; 2],
    size: usize,
) -> Result<Vec<u8>, String> {
    let expected = columns.saturating_mul(rows).saturating_mul(size);
    let room = expected.min(raw.len().saturating_mul(16));
    let bytes = match codec {
        Codec::None => {
            raw.truncate(expected);
            Ok(raw)
        }
        Codec::Deflate => first_of(flate2::read::ZlibDecoder::new(raw.as_slice()), expected, room),
        Codec::Zstd => zstd::stream::read::Decoder::with_buffer(raw.as_slice())
            .and_then(|decoder| first_of(decoder, expected, room)),
        Codec::Lzw => lzw(&raw, expected, room),
        Codec::PackBits => return lent::packbits(raw, columns * size, rows),
        Codec::Jpeg => return lent::jpeg(jpeg_tables, raw, columns, rows),
    };
    match bytes {
        Ok(bytes) if bytes.len() == expected => Ok(bytes),
        Ok(bytes) => Err(format!("it holds {} bytes instead of {expected}", bytes.len())),
        Err(e) => Err(e.to_string()),
    }
}

/// At most the first `expected` bytes of a stream.
fn first_of(stream: impl Read, expected: usize, room: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(room);
    stream.take(expected as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn lzw(raw: &[u8], expected: usize, room: usize) -> std::io::Result<Vec<u8>> {
    const STEP: usize = 1 << 16;
    let mut decoder = weezl::decode::Configuration::with_tiff_size_switch(weezl::BitOrder::Msb, 8)
        .with_yield_on_full_buffer(true)
        .build();
    let mut bytes = Vec::with_capacity(room);
    let mut rest = raw;
    while bytes.len() < expected {
        let done = bytes.len();
        bytes.resize(expected.min(done + STEP), 0);
        let result = decoder.decode_bytes(rest, bytes.get_mut(done..).unwrap_or_default());
        bytes.truncate(done + result.consumed_out);
        rest = rest.get(result.consumed_in..).unwrap_or_default();
        match result.status {
            Err(e) => return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, e)),
            // A stream without an end code is common; one that stops too early is told by its length.
            Ok(weezl::LzwStatus::Done | weezl::LzwStatus::NoProgress) => break,
            Ok(weezl::LzwStatus::Ok) if result.consumed_out == 0 && rest.is_empty() => break,
            Ok(weezl::LzwStatus::Ok) => {}
        }
    }
    Ok(bytes)
}
