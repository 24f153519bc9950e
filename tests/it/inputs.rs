//! Inputs between the links of a chain: replaced, touched, moved; begun anew.

use std::fs::{self, File, FileTimes, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use alpsckpt::campaign::controller::Controller;
use alpsckpt::campaign::inputs::Inputs;
use alpsckpt::campaign::spec;
use alpsckpt::checkpoint::{
    CampaignDir, ChainDir, ChainId, ExitClass, LinkEnd, LinkNumber, LinkResume, Phase,
};
use alpsckpt::clusters::ClusterChoice;
use alpsckpt::durable::sealed;
use alpsckpt::engine::NUMERICS;
use alpsckpt::engine::crs::Crs;
use alpsckpt::engine::grid::Placement;
use alpsckpt::job::{Origin, Outcome, Progress, RunOptions, Stop, run_chain};

use crate::scene::{SKY, Scene, assert_same_maps, height, names_in, placement, sky, wait_for};

/// Makes the campaign of a file in the scene and runs one link of a chain, asked to stop when it has `tiles` tiles.
fn link(scene: &Scene, file: &str, month: u8, tiles: Option<u64>) -> Outcome {
    link_meanwhile(scene, file, month, &|done, stop| {
        if Some(done) == tiles {
            stop.asked.store(true, Ordering::Relaxed);
        }
    })
}

/// As [`link`], with something done after each tile.
fn link_meanwhile(scene: &Scene, file: &str, month: u8, each: &(dyn Fn(u64, &Stop) + Sync)) -> Outcome {
    link_reporting(scene, file, month, &|progress, stop| {
        if progress.phase == Phase::Computing {
            each(progress.tiles, stop);
        }
    })
}

/// As [`link`], with something done at each report.
fn link_reporting(scene: &Scene, file: &str, month: u8, each: &(dyn Fn(&Progress, &Stop) + Sync)) -> Outcome {
    let loaded = spec::load(&scene.path(file)).unwrap();
    let cluster = ClusterChoice::embedded(&scene.path("state/cluster"));
    let controller = Controller::create(&loaded, &cluster).unwrap();
    let options = RunOptions {
        spec: controller.spec().clone(),
        spec_hash: controller.spec_hash().to_owned(),
        chain: controller.spec().chain_of(&[month]),
        job_id: "local".to_owned(),
        node: "n".to_owned(),
        threads: 1,
        stop: Stop::default(),
        origin: Origin::default(),
    };
    drop(controller);
    run_chain(&loaded.spec.output, &options, &|progress| each(progress, &options.stop))
}

/// One link of January's chain that is stopped in its midst; how many tiles are sealed then.
fn begun(scene: &Scene, file: &str, tiles: u64) -> u64 {
    let outcome = link(scene, file, 1, Some(tiles));
    assert_eq!(outcome.class, ExitClass::Checkpointed, "{}", outcome.message);
    let chain = chain(&spec::load(&scene.path(file)).unwrap().spec.output);
    let end: LinkEnd = sealed::read(&chain.link_end(outcome.link.unwrap())).unwrap();
    assert!(end.tiles >= tiles, "{}", outcome.message);
    end.tiles
}

fn chain(output: &Path) -> ChainDir {
    CampaignDir::new(output).chain(&ChainId::of_months(&[1]))
}

fn resumed(output: &Path, link: u32) -> LinkResume {
    sealed::read(&chain(output).link_resume(LinkNumber(link))).unwrap()
}

fn log(output: &Path, link: u32) -> String {
    fs::read_to_string(chain(output).log(LinkNumber(link))).unwrap()
}

/// The same bytes under the same name in another file, as `cp` leaves them.
fn copy_back(from: &Path, to: &Path) {
    let beside = to.with_extension("new");
    fs::copy(from, &beside).unwrap();
    fs::rename(beside, to).unwrap();
}

#[test]
fn each_replacement_between_two_links_is_named_and_nothing_is_thrown_away() {
    let (n, scene) = (64, Scene::new(64));
    let terrain = |scene: &Scene, place: &Placement, raised: f64| {
        scene.write("dem.tif", place, |x, y| height(x, y) + raised);
    };
    let usual = placement(n, 25.0, 0.0);
    scene.campaign("whole.ron", "whole", &SKY);
    scene.campaign("my.ron", "out", &SKY);
    scene.ask(&["run", "whole.ron"]).good();
    let tiles = begun(&scene, "my.ron", 5);
    fs::copy(scene.path("dem.tif"), scene.path("kept.tif")).unwrap();
    let place = |change: &dyn Fn(&mut Placement)| {
        let mut place = usual.clone();
        change(&mut place);
        place
    };
    let replacements = [
        ("heights", usual.clone(), 300.0),
        ("arrangement", place(&|p| (p.width, p.height) = (2 * n, n / 2)), 0.0),
        ("place", place(&|p| p.west += 100_000.0), 0.0),
        ("cell", place(&|p| (p.cell_x, p.cell_y) = (30.0, 30.0)), 0.0),
        ("crs", place(&|p| p.crs = Crs::of_epsg(32633).unwrap()), 0.0),
        ("crop", place(&|p| (p.width, p.height) = (n - 4, n - 4)), 0.0),
        ("larger", place(&|p| (p.width, p.height) = (n + 16, n + 16)), 0.0),
    ];
    let left = |folder: PathBuf| names_in(&folder, &[]);
    let generations = || left(chain(&scene.path("out")).generations());
    let parts = || left(chain(&scene.path("out")).parts());
    let before = (generations(), parts());
    for (name, place, raised) in replacements {
        terrain(&scene, &place, raised);
        // By the command, which looks before it opens anything, and by a link, which may be a batch job.
        let words =
            ["dem.tif", "`dem` is not the file", "by link 1", "put the file back", "resubmit m01 --anew"];
        scene.ask(&["run", "my.ron"]).failed(76, &words);
        let outcome = link(&scene, "my.ron", 1, None);
        assert_eq!(outcome.class, ExitClass::Foreign, "{name}: {}", outcome.message);
        assert!(words.iter().all(|word| outcome.message.contains(word)), "{name}: {}", outcome.message);
        assert_eq!((generations(), parts()), before, "{name}");
    }
    copy_back(&scene.path("kept.tif"), &scene.path("dem.tif"));
    scene.ask(&["run", "my.ron"]).good();
    assert_eq!(resumed(&scene.path("out"), 9).tiles, tiles);
    assert_same_maps(&scene.maps("out"), &scene.maps("whole"));
}

#[test]
fn begun_anew_as_printed_a_chain_is_computed_from_the_new_file_alone() {
    let scene = Scene::new(64);
    scene.campaign("my.ron", "out", &SKY);
    scene.campaign("whole.ron", "whole", &SKY);
    begun(&scene, "my.ron", 5);
    let of_old = Inputs::newest(&chain(&scene.path("out"))).unwrap().short();
    scene.write("dem.tif", &placement(64, 25.0, 0.0), |x, y| height(x, y) + 200.0 * (3.0 * x).sin());
    scene.ask(&["run", "whole.ron"]).good();
    let refused = link(&scene, "my.ron", 1, None);
    assert_eq!(refused.class, ExitClass::Foreign, "{}", refused.message);
    let refused = scene.ask(&["run", "my.ron"]);
    refused.failed(76, &["to begin anew: alpsckpt run my.ron --months 1 --anew"]);
    let printed = refused.stderr.split("to begin anew: alpsckpt ").nth(1).unwrap().lines().next().unwrap();
    scene.ask(&printed.split(' ').collect::<Vec<_>>()).good();
    assert_same_maps(&scene.maps("out"), &scene.maps("whole"));
    let status = scene.status("out");
    let links = status["chains"][0]["links"].as_array().unwrap();
    assert_eq!(links.len(), 3, "{status}");
    let told = |at: usize| links[at]["inputs"].as_str().map(str::to_owned);
    assert_eq!((told(0), told(1)), (Some(of_old.clone()), None));
    assert!(told(2).is_some_and(|inputs| inputs.len() == 12 && inputs != of_old), "{status}");
    assert!(links.iter().all(|l| l["numerics"] == NUMERICS && l["program"] == env!("CARGO_PKG_VERSION")));
    assert_eq!(resumed(&scene.path("out"), 3).tiles, 0);
    assert!(status["history"].to_string().contains("begins anew, as asked"), "{status}");
    // A complete chain is left as it is.
    scene.ask(&["run", "my.ron", "--anew"]).good();
    assert!(!chain(&scene.path("out")).link_start(LinkNumber(4)).exists());
}

#[test]
fn a_complete_chain_that_lost_a_map_begins_anew_as_printed() {
    let scene = Scene::new(64);
    scene.campaign("my.ron", "out", &SKY);
    scene.campaign("whole.ron", "whole", &SKY);
    scene.ask(&["run", "my.ron"]).good();
    scene.write("dem.tif", &placement(64, 25.0, 0.0), |x, y| height(x, y) + 200.0 * (3.0 * x).sin());
    scene.ask(&["run", "whole.ron"]).good();
    // With all its maps it stays what it is.
    let before = scene.maps("out");
    scene.ask(&["run", "my.ron", "--anew"]).good();
    assert_same_maps(&scene.maps("out"), &before);
    fs::rename(scene.path("out/maps/svf.tif"), scene.path("lost.tif")).unwrap();
    for _ in 0..2 {
        let refused = scene.ask(&["run", "my.ron"]);
        let told = ["`alpsckpt run FILE --months 1 --anew`", "alpsckpt run my.ron --months 1 --anew"];
        refused.failed(76, &told);
        assert!(!refused.stderr.contains("resubmit"), "{refused}");
    }
    scene.ask(&["run", "my.ron", "--months", "1", "--anew"]).good();
    assert_same_maps(&scene.maps("out"), &scene.maps("whole"));
    // A job does it as well.
    fs::remove_file(scene.path("out/maps/svf.tif")).unwrap();
    scene.ask(&["resubmit", "m01", "--anew", "-c", "my.ron"]).good();
    wait_for("the month to be complete again", || {
        let state = scene.status("out")["chains"][0]["state"].clone();
        assert_ne!(state, "Failed");
        (state == "Complete").then_some(())
    });
    assert_same_maps(&scene.maps("out"), &scene.maps("whole"));
    scene.ask(&["run", "my.ron"]).good();
    scene.ask(&["verify", "my.ron"]).good();
}

#[test]
fn what_a_later_program_wrote_keeps_a_chain_from_beginning_anew() {
    let scene = Scene::new(64);
    scene.campaign("my.ron", "out", &SKY);
    let tiles = begun(&scene, "my.ron", 5);
    let dir = chain(&scene.path("out"));
    let generation = alpsckpt::checkpoint::fence::generations(&dir).unwrap().pop().unwrap();
    for path in [dir.link_start(LinkNumber(1)), dir.generation(generation)] {
        let kept = fs::read(&path).unwrap();
        let text = String::from_utf8(kept.clone()).unwrap();
        let present = format!("form: {},", alpsckpt::checkpoint::form::FORM);
        let body = text.split("// crc32").next().unwrap().replacen(&present, "form: 3000,", 1);
        assert!(body.contains("form: 3000,"), "{body}");
        let crc = crc32fast::hash(body.as_bytes());
        fs::write(&path, format!("{body}// crc32 {crc:08x}\n")).unwrap();
        let first = fs::read(dir.inputs()).unwrap();
        let journal = fs::read(CampaignDir::new(&scene.path("out")).journal()).unwrap();
        for arguments in [
            &["run", "my.ron"][..],
            &["run", "my.ron", "--anew"],
            &["run", "my.ron", "--months", "1", "--anew"],
            &["resubmit", "m01", "--anew", "-c", "my.ron"],
        ] {
            let refused = scene.ask(arguments);
            refused.failed(76, &["form 3000", "Nothing was changed here"]);
            assert!(!refused.stderr.contains("--anew"), "{refused}");
            assert_eq!(fs::read(dir.inputs()).unwrap(), first, "{arguments:?}");
        }
        assert_eq!(fs::read(CampaignDir::new(&scene.path("out")).journal()).unwrap(), journal);
        fs::write(&path, kept).unwrap();
    }
    scene.ask(&["run", "my.ron"]).good();
    assert_eq!(resumed(&scene.path("out"), 2).tiles, tiles);
}

#[test]
fn beginning_a_chain_anew_names_the_chains_that_stay_on_the_former_file() {
    let scene = Scene::new(32);
    scene.campaign("my.ron", "out", &["products: [Solar],"]);
    for month in [1, 6] {
        assert_eq!(link(&scene, "my.ron", month, Some(1)).class, ExitClass::Checkpointed);
    }
    scene.write("dem.tif", &placement(32, 25.0, 0.0), |x, y| height(x, y) + 9.0);
    let answer = scene.ask(&["run", "my.ron", "--months", "1", "--anew"]);
    answer.good();
    let told = answer.stderr.contains("warning: m06: computed from") && answer.stderr.contains("dem.tif");
    assert!(told, "{answer}");
    // The last one stays on nothing.
    let answer = scene.ask(&["run", "my.ron", "--months", "6", "--anew"]);
    assert!(!answer.good().stderr.contains("computed from"), "{answer}");
}

#[test]
fn what_was_touched_copied_or_renamed_is_the_same_file() {
    let scene = Scene::new(64);
    scene.campaign("whole.ron", "whole", &SKY);
    scene.campaign("my.ron", "out", &SKY);
    scene.ask(&["run", "whole.ron"]).good();
    let mut tiles = vec![begun(&scene, "my.ron", 3)];
    let now = FileTimes::new().set_modified(std::time::SystemTime::now());
    File::options().append(true).open(scene.path("dem.tif")).unwrap().set_times(now).unwrap();
    tiles.push(begun(&scene, "my.ron", tiles[0] + 2));
    assert!(
        log(&scene.path("out"), 2).contains("touched, copied or moved"),
        "{}",
        log(&scene.path("out"), 2)
    );
    // Another path in the campaign file, the same file there.
    fs::rename(scene.path("dem.tif"), scene.path("renamed.tif")).unwrap();
    scene.campaign("my.ron", "out", &sky(&["dem: \"renamed.tif\","]));
    tiles.push(begun(&scene, "my.ron", tiles[1] + 2));
    copy_back(&scene.path("renamed.tif"), &scene.path("renamed.tif.copy"));
    copy_back(&scene.path("renamed.tif.copy"), &scene.path("renamed.tif"));
    scene.ask(&["run", "my.ron"]).good();
    assert_eq!([2, 3, 4].map(|n| resumed(&scene.path("out"), n).tiles).to_vec(), tiles);
    assert_same_maps(&scene.maps("out"), &scene.maps("whole"));
    // Another file under another path is another campaign; so is another year.
    fs::remove_file(chain(&scene.path("out")).complete()).unwrap();
    scene.write("other.tif", &placement(64, 25.0, 0.0), |x, y| height(x, y) + 1.0);
    scene.campaign("my.ron", "out", &sky(&["dem: \"other.tif\","]));
    scene.ask(&["run", "my.ron"]).failed(76, &["other.tif", "`dem` is not the file"]);
    scene.campaign("my.ron", "out", &sky(&["dem: \"renamed.tif\",", "year: 2019,"]));
    scene.ask(&["run", "my.ron"]).failed(76, &["another `year`", "new `output`"]);
}

#[test]
fn a_campaign_goes_on_after_its_whole_folder_was_moved() {
    let scene = Scene::new(64);
    fs::create_dir(scene.path("here")).unwrap();
    scene.campaign("whole.ron", "whole", &SKY);
    scene.campaign("here/my.ron", "out", &SKY);
    scene.ask(&["run", "whole.ron"]).good();
    fs::rename(scene.path("dem.tif"), scene.path("here/dem.tif")).unwrap();
    let tiles = begun(&scene, "here/my.ron", 5);
    fs::rename(scene.path("here"), scene.path("there")).unwrap();
    scene.ask(&["run", "there/my.ron"]).good();
    let output = scene.path("there/out");
    assert_eq!(resumed(&output, 2).tiles, tiles);
    assert_same_maps(&scene.maps("there/out"), &scene.maps("whole"));
    // Back again, complete: nothing is computed, nothing is refused.
    fs::rename(scene.path("there"), scene.path("here")).unwrap();
    scene.ask(&["run", "here/my.ron"]).good();
    scene.ask(&["verify", "here/my.ron"]).good();
    assert!(!chain(&scene.path("here/out")).link_start(LinkNumber(3)).exists());
}

#[test]
fn a_chain_answers_only_for_files_that_it_reads() {
    let scene = Scene::new(32);
    scene.campaign("my.ron", "out", &["products: [Solar],"]);
    for month in [1, 6] {
        assert_eq!(link(&scene, "my.ron", month, Some(1)).class, ExitClass::Checkpointed);
    }
    scene.write("cloud_06.tif", &placement(8, 1000.0, 4000.0), |x, _| 3000.0 + x);
    let outcome = link(&scene, "my.ron", 1, None);
    assert_eq!(outcome.class, ExitClass::Complete, "{}", outcome.message);
    let outcome = link(&scene, "my.ron", 6, None);
    assert_eq!(outcome.class, ExitClass::Foreign, "{}", outcome.message);
    assert!(outcome.message.contains("cloud_06.tif: `cloud 06`"), "{}", outcome.message);
    // What a chain without tiles reads may be put right, but not what others were computed from.
    scene.campaign("two.ron", "two", &["products: [Solar],"]);
    assert_eq!(link(&scene, "two.ron", 1, Some(1)).class, ExitClass::Checkpointed);
    scene.write("cloud_06.tif", &placement(8, 1000.0, 4000.0), |x, _| 3500.0 + x);
    assert_eq!(link(&scene, "two.ron", 6, Some(1)).class, ExitClass::Checkpointed);
    scene.campaign("three.ron", "three", &["products: [Solar],"]);
    assert_eq!(link(&scene, "three.ron", 1, Some(1)).class, ExitClass::Checkpointed);
    scene.write("dem.tif", &placement(32, 25.0, 0.0), |x, y| height(x, y) + 9.0);
    let outcome = link(&scene, "three.ron", 6, None);
    assert_eq!(outcome.class, ExitClass::Foreign, "{}", outcome.message);
    assert!(outcome.message.contains("other chains of this campaign"), "{}", outcome.message);
}

#[test]
fn a_terrain_that_is_cut_short_when_every_tile_is_done_is_told_as_changed_and_nothing_is_lost() {
    let scene = Scene::new(64);
    scene.campaign("my.ron", "out", &SKY);
    let dem = scene.path("dem.tif");
    let whole = fs::read(&dem).unwrap();
    let outcome = link_reporting(&scene, "my.ron", 1, &|progress, _| {
        if progress.phase == Phase::Finishing {
            OpenOptions::new().write(true).open(&dem).unwrap().set_len(whole.len() as u64 / 2).unwrap();
        }
    });
    assert_eq!(outcome.class, ExitClass::Foreign, "{}", outcome.message);
    assert!(outcome.message.contains("dem.tif"), "{}", outcome.message);
    fs::write(&dem, whole).unwrap();
    let outcome =
        link_meanwhile(&scene, "my.ron", 1, &|tiles, _| assert_eq!(tiles, 16, "a tile is computed again"));
    assert_eq!(outcome.class, ExitClass::Complete, "{}", outcome.message);
    scene.ask(&["verify", "my.ron"]).good();
}

#[test]
fn tiles_sealed_before_the_jobs_were_changed_count_after_it() {
    const PRODUCTS: &str = "products: [SkyView, Total],";
    let scene = Scene::new(64);
    scene.campaign("whole.ron", "whole", &["months: [1, 6],", PRODUCTS]);
    scene.ask(&["run", "whole.ron"]).good();
    scene.campaign("my.ron", "out", &["months: [6],", PRODUCTS]);
    assert_eq!(link(&scene, "my.ron", 6, Some(5)).class, ExitClass::Checkpointed);
    // Another walltime, and a month before the one with the sky view.
    scene.campaign("my.ron", "out", &["months: [1, 6],", PRODUCTS, "walltime: \"47:00:00\","]);
    let looked = scene.ask(&["verify", "my.ron"]);
    let edits = [
        "my.ron was edited",
        "`months` [6] → [1,6]",
        "\"48:00:00\" → \"47:00:00\"",
        "alpsckpt submit my.ron",
    ];
    looked.failed(65, &edits);
    let run = scene.ask(&["run", "my.ron"]);
    assert!(run.good().stderr.contains("`walltime` \"48:00:00\" → \"47:00:00\""), "{run}");
    let june = CampaignDir::new(&scene.path("out")).chain(&ChainId::of_months(&[6]));
    let resumed: LinkResume = sealed::read(&june.link_resume(LinkNumber(2))).unwrap();
    assert!(resumed.tiles >= 5, "{resumed:?}");
    assert_same_maps(&scene.maps("out"), &scene.maps("whole"));
    // What is complete stays so by another name.
    scene.campaign("my.ron", "out", &["months: [1, 6],", PRODUCTS, "name: \"another\","]);
    scene.ask(&["run", "my.ron"]).good();
    assert!(!june.link_start(LinkNumber(3)).exists());
}

/// An uncompressed terrain of one strip, 16384 x 16384 cells of 25 m: 1 GiB of zeros that takes no room on the disk.
fn large_terrain(path: &Path) -> u64 {
    const EDGE: u32 = 16_384;
    const CELLS: u64 = 4096;
    let doubles = |values: &[f64]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
    let scale = doubles(&[25.0, 25.0, 0.0]);
    let tie = doubles(&[0.0, 0.0, 0.0, 300_000.0, 5_300_000.0, 0.0]);
    let keys: Vec<u8> = [1_u16, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, 32632]
        .iter()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    let entries: [(u16, u16, u32, u32); 13] = [
        (256, 4, 1, EDGE),
        (257, 4, 1, EDGE),
        (258, 3, 1, 32),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (273, 4, 1, CELLS as u32),
        (277, 3, 1, 1),
        (278, 4, 1, EDGE),
        (279, 4, 1, EDGE * EDGE * 4),
        (339, 3, 1, 3),
        (33550, 12, 3, 1024),
        (33922, 12, 6, 1056),
        (34735, 3, 16, 1120),
    ];
    let mut bytes = b"II*\0\x08\0\0\0".to_vec();
    bytes.extend((entries.len() as u16).to_le_bytes());
    for (tag, kind, count, value) in entries {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        bytes.extend(count.to_le_bytes());
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend(0_u32.to_le_bytes());
    let file = File::create(path).unwrap();
    for (offset, part) in [(0, &bytes), (1024, &scale), (1056, &tie), (1120, &keys)] {
        file.write_all_at(part, offset).unwrap();
    }
    file.set_len(CELLS + u64::from(EDGE) * u64::from(EDGE) * 4).unwrap();
    // The cell in the middle, which the region lies around.
    CELLS + 4 * (u64::from(EDGE) * u64::from(EDGE / 2) + u64::from(EDGE / 2))
}

fn region_in_the_middle() -> String {
    let (x, y) = (300_000.0 + 8192.0 * 25.0, 5_300_000.0 - 8192.0 * 25.0);
    let (east, south) = (x + 32.0 * 25.0, y - 32.0 * 25.0);
    format!("region: Box(crs: \"EPSG:32632\", xmin: {x}, ymin: {south}, xmax: {east}, ymax: {y}),")
}

#[test]
fn one_cell_changed_in_a_large_terrain_is_found_although_its_time_was_restored() {
    let scene = Scene::new(16);
    let middle = large_terrain(&scene.path("large.tif"));
    let region = region_in_the_middle();
    scene.campaign("my.ron", "out", &sky(&["dem: \"large.tif\",", &region]));
    let tiles = begun(&scene, "my.ron", 2);
    let file = OpenOptions::new().read(true).write(true).open(scene.path("large.tif")).unwrap();
    let written = file.metadata().unwrap().modified().unwrap();
    let set = |height: f32| {
        file.write_all_at(&height.to_le_bytes(), middle).unwrap();
        file.set_times(FileTimes::new().set_modified(written)).unwrap();
    };
    set(1000.0);
    let outcome = link(&scene, "my.ron", 1, None);
    assert_eq!(outcome.class, ExitClass::Foreign, "{}", outcome.message);
    assert!(
        outcome.message.contains("is not what link 1 of") && outcome.message.contains("large.tif"),
        "{}",
        outcome.message
    );
    set(0.0);
    let outcome = link(&scene, "my.ron", 1, None);
    assert_eq!(outcome.class, ExitClass::Complete, "{}", outcome.message);
    assert_eq!(resumed(&scene.path("out"), 3).tiles, tiles);
}

#[test]
fn a_terrain_written_to_while_a_link_reads_it_seals_nothing() {
    let scene = Scene::new(16);
    let middle = large_terrain(&scene.path("large.tif"));
    scene.campaign("my.ron", "out", &sky(&["dem: \"large.tif\",", &region_in_the_middle()]));
    let file = OpenOptions::new().write(true).open(scene.path("large.tif")).unwrap();
    let outcome = link_meanwhile(&scene, "my.ron", 1, &|tiles, _| {
        if tiles == 2 {
            file.write_all_at(&1000.0_f32.to_le_bytes(), middle).unwrap();
        }
    });
    assert_eq!(outcome.class, ExitClass::Foreign, "{}", outcome.message);
    assert!(outcome.message.contains("not what this process itself read"), "{}", outcome.message);
    assert_eq!(outcome.sealed, None);
    assert!(scene.maps("out").is_empty());
}
