//! Blocks that the crate `tiff` decompresses: those of codecs of which it has its own.
//!
//! It decompresses images of files only. So each block becomes a file of one strip in memory, of bytes without a meaning.

use std::io::Cursor;

use tiff::TiffResult;
use tiff::decoder::Decoder;
use tiff::encoder::TiffEncoder;
use tiff::tags::{CompressionMethod, Tag};

/// A block of rows of `row` bytes that is compressed by `PackBits`. Errors are in words.
pub(super) fn packbits(raw: Vec<u8>, row: usize, rows: usize) -> Result<Vec<u8>, String> {
    // Two bytes make 128 at most: what a damaged file claims beyond takes no memory.
    let most = raw.len().saturating_mul(64);
    if row.saturating_mul(rows) > most {
        return Err(format!("it holds at most {most} bytes instead of {}", row.saturating_mul(rows)));
    }
    decoded(CompressionMethod::PackBits, &[], raw, row, rows).map_err(|e| e.to_string())
}

/// A block of cells of 8 bits that is compressed by JPEG; the tables are those of its file. Errors are in words.
pub(super) fn jpeg(tables: &[u8], raw: Vec<u8>, columns: usize, rows: usize) -> Result<Vec<u8>, String> {
    decoded(CompressionMethod::ModernJPEG, tables, raw, columns, rows).map_err(|e| e.to_string())
}

fn decoded(
    method: CompressionMethod,
    tables: &[u8],
    raw: Vec<u8>,
    columns: usize,
    rows: usize,
) -> TiffResult<Vec<u8>> {
    let mut file = Cursor::new(Vec::with_capacity(raw.len() + tables.len() + 256));
    let mut encoder = TiffEncoder::new_big(&mut file)?;
    let mut directory = encoder.image_directory()?;
    let offset = directory.write_data(raw.as_slice())?;
    directory.write_tag(Tag::ImageWidth, u32::try_from(columns)?)?;
    directory.write_tag(Tag::ImageLength, u32::try_from(rows)?)?;
    directory.write_tag(Tag::BitsPerSample, 8_u16)?;
    directory.write_tag(Tag::Compression, method.to_u16())?;
    directory.write_tag(Tag::PhotometricInterpretation, 1_u16)?;
    directory.write_tag(Tag::StripOffsets, offset)?;
    directory.write_tag(Tag::StripByteCounts, raw.len() as u64)?;
    if !tables.is_empty() {
        directory.write_tag(Tag::JPEGTables, tables)?;
    }
    directory.finish()?;
    drop(raw);
    // The crate begins to read where a file stands.
    file.set_position(0);
    let mut bytes = vec![0; columns.saturating_mul(rows)];
    Decoder::new(file)?.read_chunk_bytes(0, &mut bytes)?;
    Ok(bytes)
}
