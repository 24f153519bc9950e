//! Images of programs: folders of files that are written whole, checked whole, and trusted only where this user wrote them.
//!
//! A restored program has the rights of who restores it. So an image counts only if its folder and all of its files belong to
//! this user and nobody else may write to them, and if each file has the checksum that the generation's record has, which must
//! be this user's as well: others who may write beside it can take it away, but put nothing in its place.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use super::fence;
use super::form;
use super::generation::{Generation, Image, ImageFile};
use super::layout::ChainDir;
use super::link::LinkNumber;
use crate::durable::{DurableError, beneath, checksum};

/// The folder, in that of an image, of the files of whatever dumped it.
pub const FILES: &str = "files";

/// How a packed file of an image is called beside its own name.
pub const PACKED: &str = ".zst";

/// A new, empty folder for an image of this link, under a temporary name, for nobody else.
///
/// # Errors
/// When it cannot be made.
pub fn begin(dir: &ChainDir, link: LinkNumber, number: u32) -> Result<PathBuf, DurableError> {
    let images = dir.images();
    // Closed to all others: in it nobody else can rename what lies there.
    match beneath::create_private_folder(&images) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => {
            return Err(DurableError::io(&images, "create the folder", e));
        }
        _ => {}
    }
    let path = images.join(temporary(&name(link, number)));
    beneath::create_private_folder(&path).map_err(|e| DurableError::io(&path, "create the folder", e))?;
    Ok(path)
}

/// What the `number`-th image of a link is called.
#[must_use]
pub fn name(link: LinkNumber, number: u32) -> String {
    format!("{link}-{number}")
}

fn temporary(name: &str) -> String {
    format!(".{name}.part")
}

/// Makes the files of a folder durable and takes their checksums.
///
/// # Errors
/// When one cannot be read or synced.
pub fn seal(folder: &Path) -> Result<Vec<ImageFile>, DurableError> {
    let names = names(folder)?;
    let files: Vec<ImageFile> =
        names.iter().map(|name| seal_file(folder, name)).collect::<Result<_, DurableError>>()?;
    let folders =
        files.iter().filter_map(|file| Path::new(&file.name).parent()).map(|inner| folder.join(inner));
    for folder in folders.collect::<BTreeSet<_>>().iter().map(PathBuf::as_path).chain([folder]) {
        beneath::sync_folder(folder).map_err(|e| DurableError::io(folder, "sync", e))?;
    }
    Ok(files)
}

/// Makes one file of a folder durable and takes its checksum.
///
/// # Errors
/// When it cannot be read or synced.
pub fn seal_file(folder: &Path, name: &str) -> Result<ImageFile, DurableError> {
    let path = folder.join(name);
    let file = beneath::open(&path).map_err(|e| DurableError::io(&path, "read", e))?;
    // The disk writes what is in memory while that is read.
    let (synced, sum) = rayon::join(|| file.sync_all(), || checksum::of_file(&file, &|| false));
    let sum = synced.and(sum).and_then(to_its_end);
    let (bytes, crc) = sum.map_err(|e| DurableError::io(&path, "sync", e))?;
    Ok(ImageFile { name: name.to_owned(), bytes, crc })
}

/// Gives a sealed folder its name.
///
/// # Errors
/// When something has the name, or the system refuses.
pub fn publish(folder: &Path, name: &str) -> Result<PathBuf, DurableError> {
    let to = folder.with_file_name(name);
    beneath::rename_new(folder, &to).map_err(|e| DurableError::io(&to, "put in place", e))?;
    Ok(to)
}

/// An image that was verified, held open: what is reached by its way is what was verified, whatever gets its name meanwhile.
#[derive(Debug)]
pub struct Held {
    folder: OwnedFd,
}

impl Held {
    /// The way to it, for this process alone and as long as it is held.
    #[must_use]
    pub fn way(&self) -> PathBuf {
        format!("/proc/self/fd/{}", self.folder.as_raw_fd()).into()
    }
}

/// Why an image does not count; `None`: it is what was written, by this user.
///
/// # Errors
/// On `stop`.
pub fn damage(
    dir: &ChainDir,
    image: &Image,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Option<String>, io::ErrorKind> {
    hold(dir, image, stop).map(Result::err)
}

/// Opens an image and verifies it through what was opened; or why it does not count.
///
/// # Errors
/// On `stop`.
pub fn hold(
    dir: &ChainDir,
    image: &Image,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Result<Held, String>, io::ErrorKind> {
    let named = dir.images().join(&image.folder);
    let of = |path: &Path, what: &str| Ok(Err(format!("{}: {what}", path.display())));
    let held = match beneath::open_folder(&named) {
        Ok(folder) => Held { folder },
        Err(e) => return of(&named, &e.to_string()),
    };
    match strange(&held, image) {
        Ok(None) => {}
        Ok(Some((name, why))) => return of(&named.join(name), &why),
        Err(e) => return of(&named, &e.to_string()),
    }
    for file in &image.files {
        if stop() {
            return Err(io::ErrorKind::Interrupted);
        }
        match checked(&held.way().join(&file.name), file, stop) {
            Ok(None) => {}
            Ok(Some(why)) => return of(&named.join(&file.name), &why),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => return Err(e.kind()),
            Err(e) => return of(&named.join(&file.name), &e.to_string()),
        }
    }
    Ok(Ok(held))
}

/// What in an image, also beside the files that its record knows, may have been written by somebody else; with why.
fn strange(held: &Held, image: &Image) -> io::Result<Option<(PathBuf, String)>> {
    let inner = image.files.iter().filter_map(|file| Path::new(&file.name).parent());
    for folder in inner.chain([Path::new("")]).collect::<BTreeSet<_>>() {
        let way = held.way().join(folder);
        let (facts, names) =
            match beneath::facts(&way.join(".")).and_then(|facts| Ok((facts, beneath::names(&way)?))) {
                // What is missing is told by its name later.
                Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
                found => found?,
            };
        if let Some(why) = beneath::not_ours(&facts) {
            return Ok(Some((folder.to_path_buf(), why)));
        }
        for name in names {
            if let Some(why) = beneath::not_ours(&beneath::facts(&way.join(&name))?) {
                return Ok(Some((folder.join(name), why)));
            }
        }
    }
    Ok(None)
}

/// What is wrong with one file.
fn checked(path: &Path, file: &ImageFile, stop: &(dyn Fn() -> bool + Sync)) -> io::Result<Option<String>> {
    let (opened, packed) = match beneath::open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => (beneath::open(&packed(path)).map_err(|_| e)?, true),
        opened => (opened?, false),
    };
    let facts = opened.metadata()?;
    if let Some(why) = beneath::not_ours(&facts) {
        return Ok(Some(why));
    }
    let found = if packed {
        checksum::of_stream(&mut zstd::Decoder::new(opened)?, stop)
    } else {
        checksum::of_file(&opened, stop)
    };
    let found = found.and_then(to_its_end)?;
    Ok((found != (file.bytes, file.crc)).then(|| {
        format!("not what was written: {} bytes instead of {}, or other content", found.0, file.bytes)
    }))
}

/// What was read, if nothing stopped it.
fn to_its_end<T>(read: Option<T>) -> io::Result<T> {
    read.ok_or_else(|| io::ErrorKind::Interrupted.into())
}

/// The name of the packed form of a file.
#[must_use]
pub fn packed(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(PACKED);
    name.into()
}

/// The names of all files, those in folders of the folder too, in order.
fn names(folder: &Path) -> Result<Vec<String>, DurableError> {
    let list = |folder: &Path| beneath::names(folder).map_err(|e| DurableError::io(folder, "list", e));
    let is_folder = |path: &Path| {
        beneath::facts(path)
            .map(|facts| beneath::is_folder(&facts))
            .map_err(|e| DurableError::io(path, "examine", e))
    };
    let mut names = Vec::new();
    for name in list(folder)? {
        let path = folder.join(&name);
        let mut inner = vec![name.clone()];
        if is_folder(&path)? {
            inner = list(&path)?.into_iter().map(|inner| Path::new(&name).join(inner).into()).collect();
        }
        for name in inner {
            let name = name.into_string();
            names.push(
                name.map_err(|name| DurableError::damaged(&folder.join(name), "no name of an image's file"))?,
            );
        }
    }
    names.sort();
    Ok(names)
}

/// Bytes that an image takes on the disk as it is now.
#[must_use]
pub fn on_disk(dir: &ChainDir, image: &Image) -> u64 {
    let folder = dir.images().join(&image.folder);
    let length = |file: &ImageFile| {
        let path = folder.join(&file.name);
        beneath::facts(&path).or_else(|_| beneath::facts(&packed(&path))).map_or(0, |facts| facts.len())
    };
    image.files.iter().map(length).sum()
}

/// Packs the files of an image that are larger than `least` bytes; bytes before and after. Each is replaced only when its packed
/// form is durable and reads back.
///
/// # Errors
/// When one cannot be packed; the image is then as good as before.
pub fn compact(dir: &ChainDir, image: &Image, level: i32, least: u64) -> Result<(u64, u64), DurableError> {
    let folder = dir.images().join(&image.folder);
    let (mut before, mut after) = (0, 0);
    for file in &image.files {
        let path = folder.join(&file.name);
        let to = packed(&path);
        before += file.bytes;
        if beneath::exists(&path) && file.bytes > least {
            pack(&path, &to, file, level)?;
        }
        let there = beneath::facts(&path).or_else(|_| beneath::facts(&to));
        after += there.map_err(|e| DurableError::io(&path, "examine", e))?.len();
    }
    Ok((before, after))
}

fn pack(path: &Path, to: &Path, file: &ImageFile, level: i32) -> Result<(), DurableError> {
    let part =
        to.with_file_name(format!(".{}.part", to.file_name().map_or("", |n| n.to_str().unwrap_or(""))));
    let _ = beneath::remove(&part);
    let write = || -> io::Result<()> {
        let mut from = beneath::open(path)?;
        let mut packed: File = beneath::create_new(&part)?;
        zstd::stream::copy_encode(&mut from, &mut packed, level)?;
        packed.sync_all()?;
        let read = checksum::of_stream(&mut zstd::Decoder::new(beneath::open(&part)?)?, &|| false)?;
        if read != Some((file.bytes, file.crc)) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "not what was written"));
        }
        beneath::rename(&part, to)?;
        beneath::sync_folder(to.parent().unwrap_or(Path::new(".")))?;
        beneath::remove(path)
    };
    write().map_err(|e| {
        let _ = beneath::remove(&part);
        DurableError::io(path, "pack", e)
    })
}

/// What is not whole yet.
fn part_of(path: &Path) -> PathBuf {
    path.with_file_name(temporary(&path.file_name().unwrap_or_default().to_string_lossy()))
}

/// Unpacks what is packed of an image, before a restore.
///
/// # Errors
/// When a file cannot be written; the image is then as good as before.
pub fn unpack(held: &Held, image: &Image) -> Result<(), DurableError> {
    let folder = held.way();
    for file in &image.files {
        let path = folder.join(&file.name);
        let from = packed(&path);
        if beneath::exists(&path) || !beneath::exists(&from) {
            continue;
        }
        let part = part_of(&path);
        let _ = beneath::remove(&part);
        let write = || -> io::Result<()> {
            let mut to = beneath::create_new(&part)?;
            zstd::stream::copy_decode(beneath::open(&from)?, &mut to)?;
            to.sync_all()?;
            beneath::rename(&part, &path)?;
            beneath::remove(&from)
        };
        write().map_err(|e| {
            let _ = beneath::remove(&part);
            DurableError::io(&path, "unpack", e)
        })?;
    }
    Ok(())
}

/// The images that the generations on disk name, as far as their records can be read.
///
/// # Errors
/// When the folder of the generations cannot be listed.
pub fn named(dir: &ChainDir) -> Result<Vec<Image>, DurableError> {
    let read = |number| form::read::<Generation>(&dir.generation(number)).ok()?.image;
    Ok(fence::generations(dir)?.into_iter().filter_map(read).collect())
}

/// Removes the images that are not among `kept`, and what killed links left of theirs; `before` is told of each folder.
///
/// # Errors
/// When the folder cannot be listed; what cannot be removed is left.
pub fn let_go(
    dir: &ChainDir,
    kept: &dyn Fn(&OsStr) -> bool,
    before: &dyn Fn(&Path),
) -> Result<(), DurableError> {
    let images = dir.images();
    for name in beneath::names_if_any(&images)? {
        if !kept(&name) {
            before(&images.join(&name));
            let _ = beneath::remove_folder(&images.join(&name));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::checkpoint::{CampaignDir, ChainId, Dumper};

    /// A folder of this campaign's with an image of two files.
    fn sealed(output: &Path) -> (ChainDir, Image) {
        let dir = CampaignDir::new(output).chain(&ChainId::of_months(&[1]));
        fs::create_dir_all(dir.path()).unwrap();
        let folder = begin(&dir, LinkNumber(3), 1).unwrap();
        fs::create_dir(folder.join("criu")).unwrap();
        fs::write(folder.join("criu/pages-1.img"), vec![7; 100_000]).unwrap();
        fs::write(folder.join("record.ron"), "()").unwrap();
        let files = seal(&folder).unwrap();
        let name = name(LinkNumber(3), 1);
        publish(&folder, &name).unwrap();
        (dir, Image { started: LinkNumber(3), by: Dumper::Criu, folder: name, files })
    }

    fn found(dir: &ChainDir, image: &Image) -> Option<String> {
        damage(dir, image, &|| false).unwrap()
    }

    #[test]
    fn an_image_counts_as_it_was_written_packed_or_not() {
        let output = tempfile::tempdir().unwrap();
        let (dir, image) = sealed(output.path());
        assert_eq!(image.files.iter().map(|f| f.bytes).collect::<Vec<_>>(), [100_000, 2]);
        assert_eq!(found(&dir, &image), None);
        let (before, after) = compact(&dir, &image, 1, 1000).unwrap();
        assert!(before == 100_002 && after < 10_000, "{before} {after}");
        assert_eq!(found(&dir, &image), None);
        unpack(&hold(&dir, &image, &|| false).unwrap().unwrap(), &image).unwrap();
        let pages = dir.images().join("0003-1/criu/pages-1.img");
        assert!(pages.exists() && !packed(&pages).exists());
        assert_eq!(found(&dir, &image), None);
    }

    #[test]
    fn one_flipped_bit_is_found_and_named() {
        let output = tempfile::tempdir().unwrap();
        let (dir, image) = sealed(output.path());
        let pages = dir.images().join("0003-1/criu/pages-1.img");
        let mut bytes = fs::read(&pages).unwrap();
        bytes[50_000] ^= 4;
        fs::write(&pages, bytes).unwrap();
        let why = found(&dir, &image).unwrap();
        assert!(why.contains("pages-1.img: not what was written"), "{why}");
        compact(&dir, &image, 1, 1000).unwrap_err();
        assert!(pages.exists(), "what does not read back is not packed");
        fs::remove_file(&pages).unwrap();
        assert!(found(&dir, &image).unwrap().contains("pages-1.img"));
    }

    #[test]
    fn what_somebody_else_may_have_written_does_not_count() {
        let output = tempfile::tempdir().unwrap();
        let (dir, image) = sealed(output.path());
        let folder = dir.images().join("0003-1");
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
        let pages = folder.join("criu/pages-1.img");
        fs::set_permissions(&pages, fs::Permissions::from_mode(0o666)).unwrap();
        assert!(found(&dir, &image).unwrap().contains("others may write to it"));
        fs::set_permissions(&pages, fs::Permissions::from_mode(0o600)).unwrap();
        fs::hard_link(&pages, output.path().join("second")).unwrap();
        assert!(found(&dir, &image).unwrap().contains("2 names"));
        fs::remove_file(output.path().join("second")).unwrap();
        // A file that the record does not know would be read all the same.
        let planted = folder.join("criu/planted.img");
        fs::write(&planted, "").unwrap();
        fs::set_permissions(&planted, fs::Permissions::from_mode(0o622)).unwrap();
        assert!(found(&dir, &image).unwrap().contains("planted.img: others may write to it"));
        fs::remove_file(planted).unwrap();
        fs::set_permissions(folder.join("criu"), fs::Permissions::from_mode(0o777)).unwrap();
        assert!(found(&dir, &image).unwrap().contains("criu: others may write to it"));
        fs::set_permissions(folder.join("criu"), fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(found(&dir, &image), None);
        // The folder moved away, and a link to it in its place.
        fs::rename(&folder, output.path().join("elsewhere")).unwrap();
        std::os::unix::fs::symlink(output.path().join("elsewhere"), &folder).unwrap();
        assert!(found(&dir, &image).unwrap().contains("0003-1"));
    }

    #[test]
    fn what_was_verified_is_what_is_reached_whatever_gets_its_name() {
        let output = tempfile::tempdir().unwrap();
        let (dir, image) = sealed(output.path());
        let images = fs::metadata(dir.images()).unwrap();
        assert_eq!(images.permissions().mode() & 0o777, 0o700);
        let held = hold(&dir, &image, &|| false).unwrap().unwrap();
        let folder = dir.images().join("0003-1");
        fs::rename(&folder, output.path().join("aside")).unwrap();
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("record.ron"), "another's").unwrap();
        assert_eq!(beneath::read(&held.way().join("record.ron")).unwrap(), b"()");
        assert!(found(&dir, &image).is_some());
    }

    #[test]
    fn only_what_is_needed_stays() {
        let output = tempfile::tempdir().unwrap();
        let (dir, image) = sealed(output.path());
        begin(&dir, LinkNumber(4), 1).unwrap();
        let_go(&dir, &|name| name == "0003-1", &|_| ()).unwrap();
        assert_eq!(fs::read_dir(dir.images()).unwrap().count(), 1);
        assert_eq!(found(&dir, &image), None);
    }
}
