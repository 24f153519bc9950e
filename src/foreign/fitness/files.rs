//! Files of a record against those of this node.

use std::path::Path;

use crate::foreign::copies;
use crate::foreign::misfit::Unfit;
use crate::foreign::misfit::files::{
    is_of_the_system, other_content, other_size, other_time, same_kind_and_mode, unreachable,
};
use crate::foreign::record::{self, Checksum, Opening, Recorded};

pub(super) fn unfit(file: &Recorded, copies: &Path) -> Option<Unfit> {
    if file.is_written() || file.copy.is_some() {
        return copies::action(file, copies).err();
    }
    read_only(file).err()
}

fn read_only(file: &Recorded) -> Result<(), Unfit> {
    let facts = std::fs::metadata(&file.path).map_err(|e| unreachable(file, &e))?;
    same_kind_and_mode(file, &facts)?;
    if !file.has_content() {
        return Ok(());
    }
    if facts.len() != file.size {
        return Err(other_size(file, facts.len()));
    }
    let content = match record::open_here(&file.path) {
        Ok(content) => Some(content),
        // What may be run need not be readable.
        Err(_) if file.openings.contains(&Opening::Executable) => None,
        Err(e) => return Err(unreachable(file, &e)),
    };
    let now = content.and_then(|content| record::sum(&content, file.size).ok());
    if let (Some(former), Some(now)) = (file.sum, now)
        && former != now
    {
        return Err(other_content(file));
    }
    let known = match (file.sum, now) {
        (Some(Checksum::Whole(_)), Some(_)) => true,
        // A program's or a library's first bytes tell its build. What belongs to them (names of places, of time zones) is installed at
        // other times on other nodes, and is never changed in its middle.
        (Some(Checksum::Edges(_)), Some(_)) => is_software(file),
        _ => false,
    };
    if !known && record::modified(&facts) != file.modified {
        return Err(other_time(file, record::modified(&facts)));
    }
    Ok(())
}

fn is_software(file: &Recorded) -> bool {
    file.openings.contains(&Opening::Executable) || is_of_the_system(file)
}
