//! An output never overwrites an input, nor a file that the campaign did not make.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Once};

use alpsckpt::checkpoint::{ExitClass, GenerationNumber, Phase};

use crate::scene::{PROGRAM, apart};
use crate::toy::{Site, Toy, options, undisturbed};

/// A folder with a terrain of 96 x 96 cells where a campaign file says that it is.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The terrain under this name.
    fn terrain(&self, name: &str) -> Vec<u8> {
        let bytes = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/forms/dem.tif")).unwrap();
        self.put(name, &bytes);
        bytes
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), bytes).unwrap();
    }

    fn run(&self, command: &str, dem: &str) -> Output {
        let text = format!(
            "(version: 1, name: \"a\", output: \"out\", dem: \"{dem}\", months: [1], year: 2018, tile: 64, threads: Some(1),
             products: [SkyView, Total], walltime: \"01:00:00\", margin: \"00:10:00\")"
        );
        fs::write(self.path("my.ron"), text).unwrap();
        apart(&mut Command::new(PROGRAM), self.0.path()).args([command, "my.ron"]).output().unwrap()
    }

    /// All three commands refuse, name the file and the way out, and leave everything as it is.
    fn refused(&self, dem: &str, named: &str, says: &str) {
        for command in ["check", "submit", "run"] {
            let output = self.run(command, dem);
            let text = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(65), "{command}: {text}");
            assert!(text.contains(named) && text.contains(says), "{command}: {text}");
            assert!(text.contains("name another `output`"), "{command}: {text}");
            assert!(!self.path("out/.alpsckpt/campaign.ron").exists(), "{command} made a campaign");
        }
    }
}

#[test]
fn an_input_where_an_output_goes_is_refused_whatever_way_it_is_named() {
    let says = "this input lies where an output goes";
    for (map, other) in [("out/maps/svf.tif", "dem.tif"), ("out/pictures/total_m01.png", "deep/dem.tif")] {
        let desk = Desk::new();
        let terrain = desk.terrain(map);
        desk.refused(map, map, says);
        // A symbolic link from either side, a hard link.
        fs::create_dir_all(desk.path(other).parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(desk.path(map), desk.path(other)).unwrap();
        desk.refused(other, other, says);
        fs::remove_file(desk.path(other)).unwrap();
        fs::hard_link(desk.path(map), desk.path(other)).unwrap();
        desk.refused(other, other, says);
        fs::remove_file(desk.path(map)).unwrap();
        std::os::unix::fs::symlink(desk.path(other), desk.path(map)).unwrap();
        desk.refused(other, other, says);
        assert_eq!(fs::read(desk.path(other)).unwrap(), terrain);
        // The way out goes on.
        fs::remove_file(desk.path(map)).unwrap();
        assert_eq!(desk.run("check", other).status.code(), Some(0));
    }
}

#[test]
fn a_file_that_the_campaign_did_not_make_is_refused_and_what_it_made_is_made_anew() {
    for name in ["out/maps/total_m01.tif", "out/pictures/svf.png"] {
        let desk = Desk::new();
        desk.terrain("dem.tif");
        desk.put(name, b"\x89PNG\r\n\x1a\n my own");
        desk.refused("dem.tif", name, "this campaign did not make it");
        assert_eq!(fs::read(desk.path(name)).unwrap(), b"\x89PNG\r\n\x1a\n my own");
        fs::rename(desk.path(name), desk.path("mine")).unwrap();
        let output = desk.run("run", "dem.tif");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        // Maps and pictures of its own, damaged, are no strangers.
        let whole = fs::read(desk.path(name)).unwrap();
        for at in ["out/maps/total_m01.tif", "out/maps/svf.tif"] {
            let mut bytes = fs::read(desk.path(at)).unwrap();
            let last = bytes.len() - 1;
            bytes[last] ^= 1;
            fs::write(desk.path(at), bytes).unwrap();
        }
        let output = desk.run("run", "dem.tif");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(fs::read(desk.path(name)).unwrap(), whole);
    }
}

#[test]
fn a_file_put_in_the_place_of_a_finished_map_is_not_overwritten() {
    let desk = Desk::new();
    desk.terrain("dem.tif");
    let good =
        |output: &Output| assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    good(&desk.run("run", "dem.tif"));
    let map = desk.path("out/maps/svf.tif");
    let whole = fs::read(&map).unwrap();
    fs::rename(&map, desk.path("elsewhere.tif")).unwrap();
    fs::write(&map, "mine").unwrap();
    for command in ["check", "run"] {
        let output = desk.run(command, "dem.tif");
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(65), "{command}: {text}");
        assert!(text.contains("svf.tif") && text.contains("did not make it"), "{command}: {text}");
        assert_eq!(fs::read(&map).unwrap(), b"mine");
    }
    // The way out, as told: moved away, the map is made anew.
    fs::rename(&map, desk.path("mine")).unwrap();
    good(&desk.run("run", "dem.tif"));
    assert_eq!(fs::read(&map).unwrap(), whole);
    // A copy of the map in another file is the campaign's own.
    fs::remove_file(&map).unwrap();
    fs::copy(desk.path("elsewhere.tif"), &map).unwrap();
    good(&desk.run("run", "dem.tif"));
}

#[test]
fn a_file_that_comes_while_a_link_runs_stays_and_nothing_computed_is_lost() {
    let site = Site::new();
    let own = site.campaign().maps().join("total_m01.tif");
    let put = Once::new();
    let outcome = site.run_telling(&Toy::new(), &options(), &|progress| {
        if progress.phase == Phase::Finishing {
            put.call_once(|| {
                fs::create_dir_all(own.parent().unwrap()).unwrap();
                fs::write(&own, "mine").unwrap();
            });
        }
    });
    assert_eq!(outcome.class, ExitClass::Input, "{}", outcome.message);
    assert!(outcome.message.contains("total_m01.tif") && outcome.message.contains("did not make it"));
    assert_eq!(fs::read(&own).unwrap(), b"mine");
    // The next link says so before it computes anything.
    let computed = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&computed);
    let toy = Toy::with(move |_, _| {
        counted.fetch_add(1, Ordering::Relaxed);
    });
    assert_eq!(site.run(&toy, &options()).class, ExitClass::Input);
    fs::remove_file(&own).unwrap();
    let outcome = site.run(&toy, &options());
    assert_eq!(outcome.class, ExitClass::Complete, "{}", outcome.message);
    assert_eq!((computed.load(Ordering::Relaxed), site.maps()), (0, undisturbed()));
}

#[test]
fn a_map_that_got_its_name_just_before_the_link_was_killed_is_known_again() {
    let site = Site::new();
    assert_eq!(site.run(&Toy::new(), &options()).class, ExitClass::Complete);
    let dir = site.chain();
    // As if no generation had come to tell of the maps; and the campaign's folder was copied since, so that files have other
    // numbers.
    fs::remove_file(dir.complete()).unwrap();
    for name in site.generations() {
        fs::remove_file(dir.generations().join(name)).unwrap();
    }
    let copy = Site::new();
    crate::support::copy_all(&site.output(), &copy.output());
    for site in [site, copy] {
        let outcome = site.run(&Toy::new(), &options());
        assert_eq!(outcome.class, ExitClass::Complete, "{}", outcome.message);
        assert!(outcome.sealed > Some(GenerationNumber(0)));
        assert_eq!(site.maps(), undisturbed());
    }
}
