//! Bytes of a file as they were read.

/// Bytes of a file as they were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReadBlock {
    /// Where they begin.
    pub offset: u64,
    /// How many they are.
    pub bytes: u64,
    /// Their checksum (CRC-32).
    pub crc: u32,
}

/// Stands for the offset of what a file's numbers mean and where it lies, which may come from files beside it.
pub(super) const MEANING: u64 = u64::MAX;

impl ReadBlock {
    /// These are bytes of the file itself.
    #[must_use]
    pub fn is_stored(&self) -> bool {
        self.offset != MEANING
    }
}
