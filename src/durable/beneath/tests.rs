use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use super::resolve::tests::on_both_kernels;
use super::*;
use crate::durable::atomic;

/// An output folder that is reached through a link, with a chain's folder; and a stranger's secret beside it.
struct Lab {
    folder: tempfile::TempDir,
}

impl Lab {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("disk/out/.alpsckpt/chains/m01/links")).unwrap();
        fs::create_dir_all(folder.path().join("disk/out/maps")).unwrap();
        symlink("disk", folder.path().join("scratch")).unwrap();
        fs::write(folder.path().join("secret"), "secret").unwrap();
        fs::create_dir(folder.path().join("elsewhere")).unwrap();
        Self { folder }
    }

    fn output(&self) -> PathBuf {
        self.folder.path().join("scratch/out")
    }

    fn links(&self) -> PathBuf {
        self.output().join(".alpsckpt/chains/m01/links")
    }

    fn secret(&self) -> PathBuf {
        self.folder.path().join("secret")
    }

    fn is_whole(&self) -> bool {
        fs::read(self.secret()).unwrap() == b"secret"
            && fs::read_dir(self.folder.path().join("elsewhere")).unwrap().next().is_none()
    }
}

#[test]
fn links_above_an_output_are_followed() {
    on_both_kernels(|| {
        let lab = Lab::new();
        let path = lab.links().join("0001.ron");
        atomic::replace(&path, b"one").unwrap();
        assert!(!atomic::create_exclusive(&path, b"two").unwrap());
        assert_eq!(read(&path).unwrap(), b"one");
        assert_eq!(read_head(&path, 2).unwrap(), b"on");
        assert_eq!(facts(&path).unwrap().len(), 3);
        assert_eq!(names(&lab.links()).unwrap(), ["0001.ron"]);
        atomic::create_folder(&lab.output().join(".alpsckpt/chains/m02/parts")).unwrap();
        atomic::create_folder_within(&lab.output().join(".alpsckpt/chains/m02/parts")).unwrap();
        assert!(atomic::create_folder_within(&lab.output().join(".alpsckpt/chains/m03/parts")).is_err());
        rename(&path, &lab.links().join("0002.ron")).unwrap();
        remove(&lab.links().join("0002.ron")).unwrap();
        assert!(!exists(&path));
    });
}

#[test]
fn a_link_in_the_place_of_a_file_leads_nowhere() {
    on_both_kernels(|| {
        let lab = Lab::new();
        for name in [lab.links().join("0001.ron"), lab.output().join("maps/svf.tif")] {
            symlink(lab.secret(), &name).unwrap();
            let refused = read(&name).unwrap_err().to_string();
            assert!(refused.contains("is a symbolic link"), "{refused}");
            assert!(open_to_write(&name).is_err() && append(&name).is_err() && create_new(&name).is_err());
            assert!(facts(&name).unwrap().is_symlink());
            assert!(!atomic::create_exclusive(&name, b"ours").unwrap());
            assert!(lab.is_whole());
            // What puts a whole file in place needs no old one.
            atomic::replace(&name, b"ours").unwrap();
            assert_eq!(fs::read(&name).unwrap(), b"ours");
            assert!(lab.is_whole());
        }
    });
}

#[test]
fn a_link_in_the_place_of_a_folder_leads_nowhere() {
    on_both_kernels(|| {
        for place in
            [".alpsckpt", ".alpsckpt/chains", ".alpsckpt/chains/m01", ".alpsckpt/chains/m01/links", "maps"]
        {
            let lab = Lab::new();
            let place = lab.output().join(place);
            fs::remove_dir_all(&place).unwrap();
            symlink(lab.folder.path().join("elsewhere"), &place).unwrap();
            let file =
                if place.ends_with("maps") { place.join("svf.tif") } else { lab.links().join("0001.ron") };
            let refused = atomic::replace(&file, b"ours").unwrap_err().to_string();
            assert!(refused.contains("is a symbolic link"), "{refused}");
            assert!(atomic::create_exclusive(&file, b"ours").is_err());
            assert!(append(&file).is_err() && create_new(&file).is_err() && read(&file).is_err());
            if !place.ends_with("maps") {
                assert!(atomic::create_folder(&lab.links()).is_err() && names(&lab.links()).is_err());
            }
            assert!(lab.is_whole());
        }
    });
}

#[test]
fn a_file_with_a_second_name_is_read_but_never_written_to() {
    let lab = Lab::new();
    let path = lab.links().join("0001.log");
    fs::hard_link(lab.secret(), &path).unwrap();
    assert_eq!(read(&path).unwrap(), b"secret");
    for refused in [append(&path), open_to_write(&path)] {
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains("2 names"), "{refused}");
    }
    fs::remove_file(&path).unwrap();
    let mut file = append(&path).unwrap();
    std::io::Write::write_all(&mut file, b"first ").unwrap();
    std::io::Write::write_all(&mut append(&path).unwrap(), b"second").unwrap();
    assert_eq!(read(&path).unwrap(), b"first second");
    assert!(lab.is_whole());
}

#[test]
fn nobody_waits_for_a_pipe() {
    let lab = Lab::new();
    let path = lab.links().join("0001.log");
    nix::unistd::mkfifo(&path, Mode::from_bits_truncate(0o666)).unwrap();
    for refused in [open(&path), open_to_write(&path), append(&path)] {
        assert!(refused.is_err());
    }
    assert!(read(&path).unwrap_err().to_string().contains("not a regular file"));
}

#[test]
fn a_folder_that_is_held_stays_the_one_that_was_opened() {
    let lab = Lab::new();
    let (held, name) = Folder::of(&lab.links().join("0001.ron")).unwrap();
    let aside = lab.links().with_file_name("aside");
    fs::rename(lab.links(), &aside).unwrap();
    symlink(lab.folder.path().join("elsewhere"), lab.links()).unwrap();
    held.create_new(&name).unwrap();
    held.rename(&name, "0002.ron".as_ref()).unwrap();
    assert!(aside.join("0002.ron").exists());
    assert!(lab.is_whole());
}

/// What a path outside any campaign leads to is the user's own choice.
#[test]
fn the_users_own_files_are_reached_through_links() {
    let lab = Lab::new();
    let name = lab.folder.path().join("campaigns.ron");
    symlink("secret", &name).unwrap();
    assert_eq!(read(&name).unwrap(), b"secret");
    assert!(append(&name).is_ok());
}

/// The folders of a campaign are reached through this module alone: new code that is not is found here.
#[test]
fn nothing_below_an_output_is_reached_by_its_path_alone() {
    /// With the reason why it may.
    const MAY: &[(&str, &str)] = &[
        ("campaign/spec/load.rs", "reads the user's campaign file"),
        ("campaign/controller/install.rs", "reads the program that runs, and the user's"),
        ("campaign/controller/log.rs", "keeps a log in the user's state"),
        ("campaign/controller/act.rs", "compares two output folders"),
        ("job/setup.rs", "reads its own error stream"),
        ("job/failure.rs", "asks for the room of a disk"),
        ("job/tiles/outputs.rs", "examines inputs wherever their paths lead"),
        ("job/surroundings.rs", "tries what a disk can do, in a folder of its own"),
    ];
    let banned = [
        "fs::read",
        "fs::write",
        "fs::copy",
        "fs::rename",
        "fs::hard_link",
        "fs::remove",
        "fs::create_dir",
        "fs::metadata",
        "fs::symlink_metadata",
        "fs::set_permissions",
        "fs::canonicalize",
        "File::open",
        "File::create",
        "File::options",
        "OpenOptions",
        "DirBuilder",
        "nix::fcntl",
        ".exists()",
        ".is_file()",
        ".is_dir()",
        ".read_dir()",
    ];
    let source = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut scanned = 0;
    for part in ["checkpoint", "job", "campaign"] {
        let mut folders = vec![source.join(part)];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
                let path = entry.path();
                let name = path.strip_prefix(&source).unwrap().to_str().unwrap().to_owned();
                if path.is_dir() {
                    folders.push(path);
                } else if !name.ends_with("tests.rs") && !name.contains("/tests/") {
                    let text = fs::read_to_string(&path).unwrap();
                    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
                    let used = banned.iter().find(|banned| code.contains(**banned));
                    let may = MAY.iter().any(|(file, _)| *file == name);
                    assert!(
                        used.is_none() || may,
                        "{name} uses {}: go through durable::beneath",
                        used.unwrap()
                    );
                    assert!(used.is_some() || !may, "{name} needs no exception any more");
                    scanned += 1;
                }
            }
        }
    }
    assert!(scanned > 40, "{scanned} files");
}
