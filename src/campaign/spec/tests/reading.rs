//! How a campaign file is read, and what is told of its faults.

use super::*;

#[test]
fn every_form_of_version_1_is_read() {
    let spec = parsed(FULL).unwrap().spec;
    assert_eq!(spec.name, "Parc des Écrins");
    assert_eq!(
        spec.region,
        Region::Box {
            crs: "EPSG:3035".to_owned(),
            xmin: 4_014_000.0,
            ymin: 2_415_000.0,
            xmax: 4_034_000.5,
            ymax: 2_435_000.0
        }
    );
    assert_eq!((spec.months.as_slice(), spec.year), (&[1, 6][..], 2018));
    assert_eq!(spec.months_per_chain, MonthsPerChain::Auto);
    assert_eq!(spec.temperature["mean"].unit, TemperatureUnit::Celsius);
    assert_eq!(spec.temperature["max"].unit, TemperatureUnit::DeciKelvin);
    let lapses = [0.003, 0.004, 0.005, 0.0055, 0.006, 0.0065, 0.0065, 0.0065, 0.006, 0.005, 0.004, 0.003];
    assert_eq!(spec.lapse, Monthly::PerMonth(lapses));
    assert_eq!((spec.cloud, spec.mode, spec.workload), (Cloud::None, Mode::AsSaga, Computing::Engine));
    assert_eq!((spec.walltime.seconds(), spec.margin.seconds()), (172_800, 1800));
    assert_eq!(spec.pace, Some(Pace { tiles_per_minute: 40.0 }));
    assert_eq!((spec.threads, spec.site.as_deref()), (Some(8), Some("grenoble")));
}

#[test]
fn optional_fields_take_a_bare_value_some_and_none() {
    for (line, threads) in
        [("threads: 4,", Some(4)), ("threads: Some(4),", Some(4)), ("threads: None,", None)]
    {
        assert_eq!(parsed(&with(line)).unwrap().spec.threads, threads, "{line}");
    }
    assert!(only(&with("threads: many,")).what.contains("`threads`"));
}

#[test]
fn defaults_are_those_of_the_original_chain() {
    let spec = parsed(SHORT).unwrap().spec;
    assert_eq!(
        (spec.region, spec.months_per_chain, spec.lapse),
        (Region::All, MonthsPerChain::Count(1), Monthly::Constant(0.0065))
    );
    assert_eq!((spec.c, spec.lai, spec.lai_max, spec.transmittance), (1.0, 0.01, 8.0, 0.7));
    assert_eq!((spec.step_minutes, spec.tile, spec.solar_constant), (30, None, 1367.0));
    assert_eq!((spec.pace, spec.threads, spec.checkpoint_every.seconds()), (None, None, 900));
}

#[test]
fn relative_paths_count_from_the_file_and_absolute_ones_stay() {
    let spec = parsed(FULL).unwrap().spec;
    assert_eq!(spec.output, Path::new("/data/out"));
    assert_eq!(spec.dem, Path::new("/data/dem.tif"));
    assert_eq!(spec.reference_height.as_deref(), Some(Path::new("/data/zref.tif")));
    assert_eq!(spec.temperature["mean"].file, Path::new("/data/t_{month}.tif"));
    assert_eq!(spec.temperature["max"].file, Path::new("/abs/x_{month}.tif"));
}

#[test]
fn a_file_of_a_later_version_is_not_judged_by_our_fields() {
    for text in [
        "version: 2, quota: \"10 GB\", months: All,",
        "version: 4294967295",
        "name: [\"x\"], version: 17 , year: 1",
    ] {
        let error = only(&format!("(\n    {text}\n)"));
        assert_eq!(error.line, Some(2), "{error}");
        assert!(
            error.what.contains("of the campaign file is newer than 1") && error.cure.contains("newer one"),
            "{error}"
        );
    }
}

#[test]
fn a_syntax_error_names_line_column_and_source() {
    let text = SHORT.replace("name: \"a\",", "name: \"a\"");
    let error = &errors(&text)[0];
    assert!(matches!(error.line, Some(3 | 4)), "{error}");
    assert!(error.what.contains("column") && error.what.contains("output: \"out\""), "{error}");
    assert!(!errors("").is_empty() && !errors("(").is_empty() && !errors("[[[").is_empty());
    assert!(!errors(&SHORT.replace("\"out\"", "\"out")).is_empty());
}

#[test]
fn a_field_that_stands_twice_is_named_with_both_lines() {
    let error = only(&SHORT.replace("year: 2018,", "year: 2018,\n    year: 2019,"));
    assert_eq!(error.line, Some(8));
    assert!(error.what.contains("`year`") && error.what.contains("line 7"), "{error}");
}

#[test]
fn a_missing_file_is_named() {
    let error = &load(Path::new("/nowhere/my.ron")).unwrap_err()[0];
    assert!(error.to_string().starts_with("/nowhere/my.ron: cannot be read"), "{error}");
}

#[test]
fn the_template_loads_as_it_is_and_has_no_pace() {
    let spec = parsed(template()).unwrap().spec;
    assert_eq!(spec.months.len(), 12);
    assert_eq!(spec.pace, None);
    assert!(!template().contains("pace"));
}

#[test]
fn every_field_has_an_example_and_each_example_is_read() {
    let unknown = ron::from_str::<Spec>("(nothing: 1)").unwrap_err();
    let ron::Error::NoSuchStructField { expected, .. } = unknown.code else { panic!("{unknown}") };
    for field in expected {
        let line = words::example(field).unwrap_or_else(|| panic!("{field} has no example"));
        let text = with(&format!("    {line},"));
        let text = if *field == "temperature" {
            text.replace("year", "reference_height: \"z.tif\", year")
        } else {
            text
        };
        parsed(&text).unwrap_or_else(|e| panic!("{line}: {e:?}"));
    }
}

#[test]
fn a_value_written_wrongly_is_told_in_plain_words_with_the_way_it_is_written() {
    for (line, place, cure) in [
        (
            "    temperature: {\"mean\": (file: \"t.tif\", unit: \"Celsius\")},",
            "`temperature.mean.unit`: a word without quotes",
            "`unit: Celsius`",
        ),
        (
            "    site: project=climat,",
            "`site`: a text in quotes is expected, not project",
            "`site: \"project=alps\"`",
        ),
        ("    name: a,", "`name`: a text in quotes", "`name: \"My mountains\"`"),
        ("    months: 6,", "`months`: a list in [ ]", "`months: [1, 6]`"),
        ("    months: [\"6\"],", "`months`: a whole number", "`months: [1, 6]`"),
        ("    threads: \"4\",", "`threads`: a whole number is expected, not \"4\"", "`threads: 8`"),
        (
            "    region: Box(crs: 3035, xmin: 0, ymin: 0, xmax: 1, ymax: 1),",
            "`region.crs`: a text",
            "`crs: \"EPSG:3035\"`",
        ),
        ("    walltime: 48:00:00,", "`walltime`: a text in quotes", "`walltime: \"48:00:00\"`"),
        ("    walltime: \"two days\",", "`walltime`: \"two days\" is no span", "`walltime: \"48:00:00\"`"),
        ("    lapse: 0.0065,", "`lapse`: a word without quotes", "`lapse: Constant(0.0065)`"),
        ("    setup: \"x\",", "`setup`: a list in [ ]", "`setup: [\""),
        ("    tile: 12.5,", "`tile`: more stands here than is expected, not 12.5", "`tile: 1024`"),
        ("    max_links: -1,", "`max_links`: the number is too small", "`max_links: 50`"),
        ("    mode: \"AsSaga\",", "`mode`: a word without quotes", "`mode: Default`"),
    ] {
        let error = only(&with(line));
        assert!(error.what.starts_with(place) && error.cure.contains(cure), "{line}: {error}");
        assert!(error.line.is_some(), "{line}: {error}");
    }
    let missing = only(&SHORT.replace("    walltime: \"01:00:00\",\n", ""));
    assert_eq!(missing.cure, "add `walltime: \"48:00:00\",`");
    for text in ["hello", "[1, 2]", "version: 1"] {
        let error = errors(text).remove(0);
        assert!(error.what.contains("begins with `(`") && !error.cure.is_empty(), "{text}: {error}");
    }
}

#[test]
fn a_mistyped_path_is_told_with_the_file_that_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("alps.ron"), SHORT).unwrap();
    for mistyped in ["alsp.ron", "alps", "Alps.ron", "alp.ron"] {
        let error = load(&path(mistyped)).expect_err("it is not there").remove(0);
        assert!(error.cure.contains(&format!("did you mean {}?", path("alps.ron").display())), "{error}");
    }
    let error = load(&path("pyrenees.ron")).expect_err("it is not there").remove(0);
    assert!(error.cure.contains("alpsckpt new"), "{error}");
}

/// The fields in which two specs differ, with what that means.
#[test]
fn a_bracket_too_many_is_an_error() {
    let text = format!("{}({}", &FULL[..199], &FULL[199..]);
    assert!(!errors(&text).is_empty());
}

#[test]
fn a_byte_order_mark_and_the_line_ends_of_windows_are_skipped() {
    let text = format!("\u{feff}{}", FULL.replace('\n', "\r\n"));
    assert_eq!(parsed(&text).unwrap().spec, parsed(FULL).unwrap().spec);
    let error = only(&format!("\u{feff}{}", with("    yeer: 2018,")));
    assert_eq!(error.line, Some(10), "{error}");
}

#[test]
fn an_empty_file_is_named_as_such() {
    for text in ["", "\u{feff}", " \r\n\n"] {
        let error = only(text);
        assert!(error.what == "is empty" && error.cure.contains("alpsckpt new"), "{error}");
    }
}

#[test]
fn only_texts_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let text: Vec<u8> = SHORT.encode_utf16().flat_map(u16::to_le_bytes).collect();
    std::fs::write(path("utf-16"), [vec![0xff, 0xfe], text].concat()).unwrap();
    std::fs::write(path("latin-1"), b"(name: \"\xc9crins\")").unwrap();
    std::fs::write(path("long"), vec![b' '; 2 << 20]).unwrap();
    nix::unistd::mkfifo(&path("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    for (file, told) in [
        (path("utf-16"), "UTF-16"),
        (path("latin-1"), "no text in UTF-8"),
        (path("long"), "too long"),
        (path("pipe"), "not a regular file"),
        ("/dev/zero".into(), "not a regular file"),
        (path(""), "a folder"),
    ] {
        let errors = load(&file).unwrap_err();
        assert!(errors[0].what.contains(told) && !errors[0].cure.is_empty(), "{file:?}: {errors:?}");
    }
}

#[test]
fn a_path_from_the_home_folder_is_told_with_the_path_in_full() {
    let home = std::env::var("HOME").unwrap();
    for (line, field) in [
        ("    dem: \"~/dem.tif\",", "`dem`"),
        ("    output: \"~/dem.tif\",", "`output`"),
        ("    cloud: Grid(\"~/dem.tif\"),", "`cloud`"),
        ("    lapse: Grid(\"~/dem.tif\"),", "`lapse`"),
        ("    reference_height: \"~/dem.tif\",", "`reference_height`"),
    ] {
        let error = only(&with(line));
        assert!(error.what.contains(field) && error.what.contains("~ is not expanded"), "{error}");
        assert!(error.cure.contains(&format!("\"{home}/dem.tif\"")) && error.line.is_some(), "{error}");
        // What is advised is taken.
        assert!(parsed(&with(&line.replace('~', &home))).is_ok(), "{line}");
    }
    assert!(parsed(&with("    dem: \"a~/dem.tif\",")).is_ok());
}

proptest::proptest! {
    #[test]
    fn any_span_that_is_taken_is_written_so_that_it_is_taken_again(
        number in proptest::prelude::any::<u64>(), small in 0u64..2_000_000, unit in "s|min|m|h|d| h",
    ) {
        for number in [number, small] {
            let text = format!("{number}{unit}");
            if let Ok(span) = text.parse::<Duration>() {
                proptest::prop_assert_eq!(span.to_string().parse(), Ok(span), "{}", text);
            }
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(cut in 0usize..1200, put in "[\\(\\)\\[\\]\\{\\}:,\"/*a-z0-9é\n ]{0,12}") {
        let at = (0..=cut.min(FULL.len())).rev().find(|n| FULL.is_char_boundary(*n)).unwrap_or(0);
        let text = format!("{}{put}{}", &FULL[..at], &FULL[at..]);
        if let Err(errors) = parsed(&text) {
            proptest::prop_assert!(!errors.is_empty());
            for error in errors {
                proptest::prop_assert!(error.line.is_none_or(|l| l <= text.lines().count() + 1), "{}", error);
            }
        }
        let _ = parsed(&FULL[..at]);
    }
}
