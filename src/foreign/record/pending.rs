//! Files of a program that are to be brought to the disk after it has gone on.

use std::fs::File;
use std::io;

use super::content::to_disk;

/// So many files are held open at most; others are brought to the disk at once.
const MOST: usize = 200;

/// Files that are held open since the program stood: it may have given them other names since, or none.
#[derive(Debug, Default)]
pub struct Pending(Vec<File>);

impl Pending {
    /// One more. A file that is gone needs nothing.
    ///
    /// # Errors
    /// When it could not be opened, or not be brought to the disk.
    pub(in crate::foreign) fn add(&mut self, opened: io::Result<File>) -> io::Result<()> {
        match opened {
            Err(e) if is_gone(&e) => Ok(()),
            Err(e) => Err(e),
            Ok(file) if self.0.len() < MOST => {
                self.0.push(file);
                Ok(())
            }
            Ok(file) => to_disk(&file),
        }
    }

    /// Brings them to the disk, whatever their names are by now.
    ///
    /// # Errors
    /// When one cannot be brought there.
    pub fn sync(self) -> io::Result<()> {
        self.0.iter().try_for_each(to_disk)
    }
}

/// There is no such file any more.
pub(in crate::foreign) fn is_gone(e: &io::Error) -> bool {
    matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
