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
    fs::create_dir_all(folder.join("criu/beside/inner")).unwrap();
    fs::write(folder.join("criu/beside/inner/list"), "1").unwrap();
    let files = seal(&folder).unwrap();
    let name = name(LinkNumber(3), 1);
    publish(&folder, &name).unwrap();
    let image =
        Image { started: LinkNumber(3), by: Dumper::Criu, folder: name, files, class: None, took_ms: 0 };
    (dir, image)
}

fn found(dir: &ChainDir, image: &Image) -> Option<String> {
    damage(dir, image, &|| false).unwrap()
}

#[test]
fn an_image_counts_as_it_was_written_packed_or_not() {
    let output = tempfile::tempdir().unwrap();
    let (dir, image) = sealed(output.path());
    assert_eq!(image.files.iter().map(|f| f.bytes).collect::<Vec<_>>(), [1, 100_000, 2]);
    assert_eq!(found(&dir, &image), None);
    let (before, after) = compact(&dir, &image, 1, 1000).unwrap();
    assert!(before == 100_003 && after < 10_000, "{before} {after}");
    assert_eq!(found(&dir, &image), None);
    unpack(&hold(&dir, &image, &|| false).unwrap().unwrap(), &image).unwrap();
    let pages = dir.images().join("0003-1/criu/pages-1.img");
    assert!(pages.exists() && !packed(&pages).exists());
    assert_eq!(found(&dir, &image), None);
}

#[test]
fn what_is_written_behind_is_looked_at_until_it_is_ended() {
    let output = tempfile::tempdir().unwrap();
    let mut behind = WriteBehind::of(output.path());
    for i in 0..3 {
        fs::write(output.path().join(format!("pages-{i}.img")), vec![i; 1 << 20]).unwrap();
        std::thread::sleep(BEHIND);
    }
    behind.end().unwrap();
    // Asked again it has nothing more to say; nor where there never was such a folder.
    behind.end().unwrap();
    WriteBehind::of(&output.path().join("absent")).end().unwrap();
    let files = seal(output.path()).unwrap();
    assert_eq!(files.iter().map(|file| file.bytes).collect::<Vec<_>>(), [1 << 20; 3]);
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
