//! What a chunk holds: the type of its cells, what was done to them before compression, and how they are compressed.

/// The type of a file's cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SampleType {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    F16,
    F32,
    F64,
}

impl SampleType {
    /// Bytes of a cell.
    pub(super) fn size(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 | Self::F16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }
}

/// How chunks are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Codec {
    None,
    Lzw,
    Deflate,
    Zstd,
    PackBits,
    Jpeg,
}

/// What was done to the cells before compression, by its number in TIFF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Predictor {
    None = 1,
    /// Differences of neighbours, as integers of the cell's size (TIFF 6.0 §14).
    Horizontal = 2,
    /// Bytes sorted by significance, then differences (Adobe Photoshop TIFF Technical Note 3).
    FloatingPoint = 3,
}
