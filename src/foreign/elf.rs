//! What a program's file says of how it is started.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use object::Endianness;
use object::elf::FileHeader64;
use object::read::ReadCache;
use object::read::elf::{FileHeader, ProgramHeader};

/// How a program is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum StartMethod {
    /// By this dynamic loader.
    Loader(PathBuf),
    /// By nothing: it is linked statically.
    Static,
    /// By the interpreter in its first line.
    Script(PathBuf),
}

/// How a file is started.
///
/// # Errors
/// When it cannot be read, or is no program of 64 bits.
pub(super) fn start(program: &Path) -> io::Result<StartMethod> {
    let no_program = |why: &str| io::Error::new(io::ErrorKind::InvalidData, why.to_owned());
    if let Some(interpreter) = first_line(program)? {
        return Ok(StartMethod::Script(interpreter));
    }
    let file = ReadCache::new(File::open(program)?);
    let header = FileHeader64::<Endianness>::parse(&file).map_err(|_| no_program("no program of 64 bits"))?;
    let read = || {
        let endian = header.endian()?;
        for part in header.program_headers(endian, &file)? {
            if let Some(loader) = part.interpreter(endian, &file)? {
                return Ok(StartMethod::Loader(PathBuf::from(OsStr::from_bytes(loader))));
            }
        }
        Ok(StartMethod::Static)
    };
    read().map_err(|e: object::read::Error| no_program(&e.to_string()))
}

/// The interpreter of a script.
fn first_line(program: &Path) -> io::Result<Option<PathBuf>> {
    use std::io::Read;
    let mut head = Vec::new();
    File::open(program)?.take(256).read_to_end(&mut head)?;
    let Some(rest) = head.strip_prefix(b"#!") else { return Ok(None) };
    let line = rest.split(|b| *b == b'\n').next().unwrap_or_default().trim_ascii_start();
    let interpreter = line.split(u8::is_ascii_whitespace).next().unwrap_or_default();
    Ok(Some(PathBuf::from(OsStr::from_bytes(interpreter))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_and_scripts_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("script");
        std::fs::write(&script, "#! /usr/bin/env -S python3\n").unwrap();
        assert_eq!(start(&script).unwrap(), StartMethod::Script(PathBuf::from("/usr/bin/env")));
        let StartMethod::Loader(loader) = start(Path::new("/bin/sh")).unwrap() else {
            panic!("a shell is dynamic")
        };
        assert!(loader.is_absolute() && loader.to_string_lossy().contains("ld-"), "{loader:?}");
        std::fs::write(&script, "words\n").unwrap();
        assert_eq!(start(&script).unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert_eq!(start(&folder.path().join("none")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_program_without_a_loader_is_static() {
        // The smallest such: a header, and no parts at all.
        let mut header = b"\x7fELF\x02\x01\x01".to_vec();
        header.resize(64, 0);
        for (at, value) in [(16, 2), (18, 62), (20, 1), (52, 64), (54, 56)] {
            header[at] = value;
        }
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("static");
        std::fs::write(&program, header).unwrap();
        assert_eq!(start(&program).unwrap(), StartMethod::Static);
    }
}
