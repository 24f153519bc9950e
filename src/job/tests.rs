use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::entry::JobEnvironment;
use super::failure::LinkFailure;
use super::request::request;
use super::tiles::look::{Sampling, shown_layer};
use crate::campaign::chains::ChainError;
use crate::campaign::spec::{
    Atmosphere, Mode, Monthly, MonthsPerChain, Region, Spec, TemperatureUnit, of_month,
};
use crate::checkpoint::form::FORM;
use crate::checkpoint::{CampaignDir, ChainId, Complete, ExitClass, LinkNumber, Place};
use crate::durable::{DurableError, atomic, sealed};
use crate::engine::model::LINKE_OF_THE_ALPS;
use crate::engine::{self, CoarseField, DiffuseModel, Layer, Physics, Piece, Product, Tiling};
use crate::quantity::bytes;

fn spec() -> Spec {
    let text = r#"(version: 1, name: "t", output: "/o", dem: "/d.tif", months: [6, 1, 7, 1], year: 2018,
        temperature: {"mean": (file: "/t_{month}.tif", unit: Kelvin)}, walltime: "01:00:00", margin: "00:10:00")"#;
    ron::from_str(text).unwrap()
}

fn names(spec: &Spec) -> Vec<String> {
    spec.chains().iter().map(|chain| chain.id.to_string()).collect()
}

#[test]
fn chains_follow_the_sorted_months() {
    let mut spec = spec();
    assert_eq!(names(&spec), ["m01", "m06", "m07"]);
    spec.months_per_chain = MonthsPerChain::Count(2);
    assert_eq!(names(&spec), ["m01-m06", "m07"]);
    // Without a readable DEM nothing is promised about fitting a walltime.
    spec.months_per_chain = MonthsPerChain::Auto;
    assert_eq!(names(&spec), ["m01", "m06", "m07"]);
    spec.products = vec![Product::SkyView];
    assert_eq!(names(&spec), ["m01"]);
}

#[test]
fn the_sky_view_goes_with_the_first_month_only() {
    let spec = spec();
    let has = |month| request(&spec, &[month]).products.contains(&Product::SkyView);
    assert!(has(1) && !has(6) && !has(7));
}

#[test]
fn a_request_has_the_months_files_units_and_constants() {
    let mut spec = spec();
    spec.mode = Mode::AsSaga;
    spec.lai = 2.5;
    spec.tile = Some(128);
    spec.region = Region::Box { crs: " epsg:2154 ".to_owned(), xmin: 1.0, ymin: 2.0, xmax: 3.0, ymax: 4.0 };
    let request_6 = request(&spec, &[6]);
    assert_eq!(request_6.block, 128);
    assert_eq!(request_6.region.unwrap().epsg, 2154);
    assert_eq!(request_6.model, Physics { lai: 2.5, ..Physics::as_saga() });
    assert_eq!(request_6.months[0].linke, None);
    let temperature = &request_6.months[0].temperatures[0];
    assert_eq!((temperature.path.as_path(), temperature.name.as_str()), (Path::new("/t_06.tif"), "mean"));
    for (unit, raw, celsius) in [
        (TemperatureUnit::Celsius, 10.0, 10.0),
        (TemperatureUnit::DeciCelsius, 100.0, 10.0),
        (TemperatureUnit::DeciKelvin, 2831.5, 10.0),
        (TemperatureUnit::Kelvin, 283.15, 10.0),
    ] {
        spec.temperature.get_mut("mean").unwrap().unit = unit;
        let t = &request(&spec, &[1]).months[0].temperatures[0];
        assert!((raw * t.scale + t.offset - celsius).abs() < 1e-9, "{unit:?}");
    }
    assert_eq!(of_month(Path::new("/a/{month}/b_{month}"), 3), PathBuf::from("/a/03/b_03"));
}

#[test]
fn the_choices_of_air_sky_and_ground_reach_the_request() {
    let mut spec = spec();
    spec.atmosphere = Atmosphere::Esra { linke: Monthly::Grid("/tl_{month}.tif".into()) };
    spec.diffuse = DiffuseModel::HayDavies;
    spec.albedo = 0.4;
    let june = request(&spec, &[6]);
    let expected = Physics {
        atmosphere: engine::AtmosphereModel::Esra,
        diffuse: DiffuseModel::HayDavies,
        albedo: 0.4,
        ..Physics::default()
    };
    assert_eq!(june.model, expected);
    assert_eq!(june.months[0].linke, Some(CoarseField::Grid("/tl_06.tif".into())));
    spec.atmosphere = Atmosphere::Esra { linke: Monthly::PerMonth(LINKE_OF_THE_ALPS) };
    assert_eq!(request(&spec, &[6]).months[0].linke, Some(CoarseField::Constant(4.0)));
}

#[test]
fn the_environment_of_the_batch_system_sets_node_walltime_and_scale() {
    let folder = tempfile::tempdir().unwrap();
    let node_file = folder.path().join("nodes");
    std::fs::write(&node_file, "\nnode-7\nnode-7\n").unwrap();
    let found = JobEnvironment::read(&|name| match name {
        "OAR_JOB_ID" => Some("4711".to_owned()),
        "OAR_NODEFILE" => Some(node_file.display().to_string()),
        "OAR_JOB_WALLTIME_SECONDS" => Some("7200".to_owned()),
        "ALPSCKPT_TIME_SCALE" => Some("60".to_owned()),
        "OAR_JOB_NAME" => Some("abc.m01.1.def".to_owned()),
        "OAR_ARRAY_ID" => Some("4700".to_owned()),
        _ => None,
    });
    assert_eq!(
        found,
        JobEnvironment {
            job_id: "4711".to_owned(),
            node: "node-7".to_owned(),
            walltime: Some(7200),
            time_scale: 60.0,
            counted_after: Some(62.0),
            go_on_by: None,
            job_name: "abc.m01.1.def".to_owned(),
            array: "4700".to_owned(),
        }
    );
    let start = Instant::now();
    let stop = found.stop(&spec(), start);
    // Two hours less ten minutes, 30 s for a late signal, and 62 s, at sixty scheduler seconds a second.
    assert_eq!(stop.deadline, Some(start + Duration::from_millis(110_500)));
    assert_eq!(stop.not_before, start.checked_add(Duration::from_secs_f64(62.0 / 60.0)));
}

#[test]
fn an_environment_that_says_nothing_or_nonsense_falls_back_to_the_spec() {
    for nonsense in [None, Some("0"), Some("-3"), Some("NaN"), Some("x"), Some("inf")] {
        let found = JobEnvironment::read(&|name| {
            nonsense.filter(|_| name == "ALPSCKPT_TIME_SCALE").map(str::to_owned)
        });
        assert_eq!((found.job_id.as_str(), found.walltime, found.time_scale), ("local", None, 1.0));
        assert!(!found.node.is_empty());
        let start = Instant::now();
        let stop = found.stop(&spec(), start);
        assert_eq!((stop.deadline, stop.not_before), (Some(start + Duration::from_secs(50 * 60 + 30)), None));
    }
}

#[test]
fn a_full_disk_is_told_with_file_system_room_and_cure() {
    let full = std::io::Error::from_raw_os_error(nix::errno::Errno::ENOSPC as i32);
    let failure = LinkFailure::from(DurableError::io(Path::new("/not/there/yet"), "append", full));
    assert_eq!(failure.class(), ExitClass::DiskFull);
    let said = failure.message(Some(5_000_000_000));
    for part in ["/not/there/yet", "file system /:", " free, about 5.0 GB still needed", "raise the quota"] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn a_file_that_may_not_grow_is_told_with_its_limit() {
    let limited = std::io::Error::from_raw_os_error(nix::errno::Errno::EFBIG as i32);
    let failure = LinkFailure::from(DurableError::io(Path::new("/o/part"), "append", limited));
    assert_eq!(failure.class(), ExitClass::DiskFull);
    let said = failure.message(None);
    assert!(said.contains("/o/part") && said.contains("no file may become larger"), "{said}");
}

#[test]
fn bytes_are_written_for_people() {
    let cases = [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (34_200_000, "34 MB"), (999_999, "1.0 MB")];
    for (count, text) in cases {
        assert_eq!(bytes(count), text);
    }
}

#[test]
fn every_pixel_of_the_picture_belongs_to_exactly_one_tile() {
    for (width, height, tile) in
        [(70, 50, 32), (1000, 300, 256), (257, 1, 16), (5000, 4999, 512), (256, 256, 512)]
    {
        let tiling = Tiling { width, height, tile, block: 16 };
        let sampling = Sampling::of(tiling);
        let layer = layer("total_m01");
        let mut picture = sampling.blank(&layer);
        assert!(picture.width <= 256 && picture.height <= 256);
        picture.values.fill(0.0);
        for tile in (0..tiling.count()).filter_map(|n| tiling.tile(n)) {
            let mut samples = vec![f32::NAN; sampling.count(tile)];
            // In pieces of a quarter.
            let (half_width, half_height) = (tile.width.div_ceil(2), tile.height.div_ceil(2));
            for (x, y) in [(0, 0), (half_width, 0), (0, half_height), (half_width, half_height)] {
                let (width, height) = (half_width.min(tile.width - x), half_height.min(tile.height - y));
                let piece = Piece { x: tile.x + x, y: tile.y + y, width, height, layers: Vec::new() };
                sampling.take(tile, &piece, &vec![1.0; width as usize * height as usize], &mut samples);
            }
            let before = picture.values.iter().filter(|v| **v > 0.0).count();
            sampling.paint(&mut picture, tile, &samples);
            let after = picture.values.iter().filter(|v| **v > 0.0).count();
            assert_eq!(after - before, samples.len(), "no tile paints over another");
        }
        assert!(picture.values.iter().all(|v| *v > 0.0), "{width} x {height}");
    }
}

fn layer(name: &str) -> Layer {
    Layer {
        name: name.to_owned(),
        month: None,
        unit: "",
        description: String::new(),
        range: (0.0, 1.0),
        steps: None,
    }
}

#[test]
fn the_picture_shows_the_most_telling_layer() {
    let pick = |names: &[&str]| shown_layer(&names.iter().map(|n| layer(n)).collect::<Vec<_>>());
    assert_eq!(pick(&["svf", "total_m01", "solar_m01", "quotient_m01"]), 3);
    assert_eq!(pick(&["svf", "total_m01_flat", "total_m01"]), 2);
    assert_eq!(pick(&["svf", "lst_mean_m01"]), 0);
}

#[test]
fn the_end_of_a_chain_in_a_later_form_is_no_list_of_maps_to_copy() {
    let folder = tempfile::tempdir().unwrap();
    let campaign = CampaignDir::new(folder.path());
    let dir = campaign.chain(&ChainId::of_months(&[1]));
    atomic::create_folder(dir.path()).unwrap();
    let mut end = Complete {
        form: FORM,
        written_by: "9.0.0".to_owned(),
        link: LinkNumber(1),
        spec: String::new(),
        tiles: 0,
        maps: Vec::new(),
        blocks: Vec::new(),
        valid: 0,
        place: Place::Maps,
    };
    let mut finished = || {
        sealed::replace(&dir.complete(), &end).unwrap();
        end.form += 1;
        super::copies::finished(&campaign, &spec())
    };
    assert!(finished().unwrap().is_empty());
    assert!(matches!(finished().unwrap_err(), ChainError::File(DurableError::UnknownForm { .. })));
}
