//! The header and the directories of a TIFF file as bytes (TIFF 6.0 §2; BigTIFF: libtiff's design page).

/// The two forms of a TIFF file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum TiffForm {
    Classic,
    Big,
}

/// One entry of the directory: tag, type, count and the values' bytes.
pub(super) struct TagEntry {
    tag: u16,
    kind: u16,
    count: u64,
    bytes: Vec<u8>,
}

impl TiffForm {
    pub(super) fn head_length(self) -> u64 {
        match self {
            Self::Classic => 8,
            Self::Big => 16,
        }
    }

    /// Bytes of a count or an offset.
    fn word(self) -> usize {
        match self {
            Self::Classic => 4,
            Self::Big => 8,
        }
    }

    fn push_word(self, bytes: &mut Vec<u8>, value: u64) {
        bytes.extend(value.to_le_bytes().into_iter().take(self.word()));
    }

    /// The header; the first directory follows at once.
    pub(super) fn head(self) -> Vec<u8> {
        let mut head = match self {
            Self::Classic => b"II\x2a\0".to_vec(),
            Self::Big => b"II\x2b\0\x08\0\0\0".to_vec(),
        };
        self.push_word(&mut head, self.head_length());
        head
    }

    /// The directory that stands at `start`, followed by the values that do not fit into its entries.
    ///
    /// Its length is a multiple of 8 and does not depend on the values; in it, another directory follows or none.
    pub(super) fn directory(self, start: u64, fields: &[TagEntry], followed: bool) -> Vec<u8> {
        let count = (fields.len() as u64).to_le_bytes();
        let mut table: Vec<u8> = count.into_iter().take(if self == Self::Big { 8 } else { 2 }).collect();
        let after = table.len() + fields.len() * (4 + 2 * self.word()) + self.word();
        let mut values: Vec<u8> = Vec::new();
        for field in fields {
            table.extend(field.tag.to_le_bytes());
            table.extend(field.kind.to_le_bytes());
            self.push_word(&mut table, field.count);
            if field.bytes.len() <= self.word() {
                table.extend(&field.bytes);
                table.resize(table.len() + self.word() - field.bytes.len(), 0);
            } else {
                values.resize(values.len().next_multiple_of(8), 0);
                self.push_word(&mut table, start + (after + values.len()) as u64);
                values.extend(&field.bytes);
            }
        }
        let end = (start as usize + after + values.len()).next_multiple_of(8);
        self.push_word(&mut table, if followed { end as u64 } else { 0 });
        table.extend(values);
        table.resize(end - start as usize, 0);
        table
    }
}

impl TagEntry {
    pub(super) fn short(tag: u16, value: u16) -> Self {
        Self { tag, kind: 3, count: 1, bytes: value.to_le_bytes().to_vec() }
    }

    pub(super) fn shorts(tag: u16, values: &[u16]) -> Self {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        Self { tag, kind: 3, count: values.len() as u64, bytes }
    }

    pub(super) fn longs(tag: u16, values: &[u32]) -> Self {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        Self { tag, kind: 4, count: values.len() as u64, bytes }
    }

    /// Places in the file.
    pub(super) fn offsets(form: TiffForm, tag: u16, places: &[u64]) -> Self {
        let mut bytes = Vec::with_capacity(places.len() * form.word());
        for place in places {
            form.push_word(&mut bytes, *place);
        }
        let kind = if form == TiffForm::Big { 16 } else { 4 };
        Self { tag, kind, count: places.len() as u64, bytes }
    }

    pub(super) fn doubles(tag: u16, values: &[f64]) -> Self {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        Self { tag, kind: 12, count: values.len() as u64, bytes }
    }

    pub(super) fn text(tag: u16, text: &str) -> Self {
        let bytes: Vec<u8> = text.bytes().filter(|b| *b != 0).chain([0]).collect();
        Self { tag, kind: 2, count: bytes.len() as u64, bytes }
    }
}
