//! The files that a map goes through before it has its name.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::io::{BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::durable::beneath::Folder;
use crate::durable::{DurableError, atomic, patience};

/// Bytes of a map between two syncs.
const SYNC_EVERY: usize = 128 << 20;

/// A map that is being written under its temporary name, which goes away unless it is published.
pub(super) struct Draft {
    folder: Folder,
    name: OsString,
    path: PathBuf,
    file: BufWriter<File>,
    crc: crc32fast::Hasher,
    /// Bytes so far.
    pub(super) bytes: u64,
    /// Bytes since the last sync: kept few, so that the last one does not outlast the time a stop allows.
    unsynced: usize,
    published: bool,
}

impl Draft {
    /// Begins one in a folder; its temporary name begins with `.<stem>.`.
    pub(super) fn create(folder: &Path, stem: &str) -> Result<Self, DurableError> {
        let New { folder, name, path, file } = New::create(folder, stem)?;
        let file = BufWriter::with_capacity(1 << 20, file);
        let crc = crc32fast::Hasher::new();
        Ok(Self { folder, name, path, file, crc, bytes: 0, unsynced: 0, published: false })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), DurableError> {
        self.crc.update(bytes);
        self.bytes += bytes.len() as u64;
        self.file.write_all(bytes).map_err(|e| DurableError::io(&self.path, "write", e))?;
        self.unsynced += bytes.len();
        if self.unsynced < SYNC_EVERY { Ok(()) } else { self.sync() }
    }

    pub(super) fn sync(&mut self) -> Result<(), DurableError> {
        self.unsynced = 0;
        let synced = self.file.flush().and_then(|()| self.file.get_ref().sync_all());
        synced.map_err(|e| DurableError::io(&self.path, "write", e))
    }

    /// Its length and checksum.
    pub(super) fn sum(&self) -> (u64, u32) {
        (self.bytes, self.crc.clone().finalize())
    }

    /// What the system says of the file.
    pub(super) fn facts(&self) -> Result<Metadata, DurableError> {
        self.file.get_ref().metadata().map_err(|e| DurableError::io(&self.path, "examine", e))
    }

    /// Where it lies until it is published.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it its final name unless something has that name: then `false`, and the other stays.
    pub(super) fn publish_new(mut self, name: &OsStr) -> Result<bool, DurableError> {
        let named = atomic::name_new(&self.folder, &self.name, name);
        self.published = named.map_err(|e| DurableError::io(&self.final_path(name), "put in place", e))?;
        self.sync_folder()?;
        Ok(self.published)
    }

    /// Gives the map its final name; returns its length and checksum.
    pub(super) fn publish(mut self, name: &OsStr) -> Result<(u64, u32), DurableError> {
        let named = self.folder.rename(&self.name, name);
        named.map_err(|e| DurableError::io(&self.final_path(name), "put in place", e))?;
        self.published = true;
        self.sync_folder()?;
        Ok(self.sum())
    }

    fn final_path(&self, name: &OsStr) -> PathBuf {
        self.path.with_file_name(name)
    }

    fn sync_folder(&self) -> Result<(), DurableError> {
        let synced = match self.folder.sync() {
            // A stale handle is cured by opening anew.
            Err(e) if patience::is_passing(&e) => {
                patience::again(&self.path, || Folder::of(&self.path)?.0.sync())
            }
            synced => synced,
        };
        synced.map_err(|e| DurableError::io(self.folder.path(), "sync", e))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.published {
            let _ = self.folder.remove(&self.name);
        }
    }
}

/// A new file under a name that nobody can foresee.
struct New {
    folder: Folder,
    name: OsString,
    path: PathBuf,
    file: File,
}

impl New {
    fn create(folder: &Path, stem: &str) -> Result<Self, DurableError> {
        let path = folder.join(format!(".{stem}.{:016x}.part", atomic::random()));
        let create = || {
            let (folder, name) = Folder::of(&path)?;
            let file = folder.create_new(&name)?;
            Ok((folder, name, file))
        };
        let (folder, name, file) =
            patience::again(&path, create).map_err(|e| DurableError::io(&path, "create", e))?;
        Ok(Self { folder, name, path, file })
    }
}

/// The blocks of a map or its overviews while they are made, in a file without a name: what the process leaves goes with it.
pub(super) struct Spill {
    /// The name that it had for a moment.
    path: PathBuf,
    file: File,
    bytes: u64,
    /// Offset and length of the blocks of each level, the largest first.
    levels: Vec<Vec<(u64, u32)>>,
}

impl Spill {
    /// Begins one in a folder; its name for a moment begins with `.<stem>.`.
    pub(super) fn create(folder: &Path, stem: &str, levels: usize) -> Result<Self, DurableError> {
        let New { folder, name, path, file } = New::create(folder, stem)?;
        folder.remove(&name).map_err(|e| DurableError::io(&path, "remove", e))?;
        Ok(Self { path, file, bytes: 0, levels: vec![Vec::new(); levels] })
    }

    pub(super) fn push(&mut self, level: usize, block: &[u8]) -> Result<(), DurableError> {
        self.file.write_all(block).map_err(|e| DurableError::io(&self.path, "write", e))?;
        if let Some(level) = self.levels.get_mut(level) {
            level.push((self.bytes, block.len() as u32));
        }
        self.bytes += block.len() as u64;
        Ok(())
    }

    /// The lengths of the blocks of each level.
    pub(super) fn lengths(&self) -> impl Iterator<Item = Vec<u32>> {
        self.levels.iter().map(|level| level.iter().map(|(_, length)| *length).collect())
    }

    /// The stored blocks, those of the smallest level first.
    pub(super) fn blocks(&self) -> impl Iterator<Item = Result<Vec<u8>, DurableError>> {
        self.levels.iter().rev().flatten().filter(|(_, length)| *length > 0).map(|(offset, length)| {
            let mut bytes = vec![0; *length as usize];
            let read = self.file.read_exact_at(&mut bytes, *offset);
            read.map(|()| bytes).map_err(|e| DurableError::io(&self.path, "read", e))
        })
    }
}
