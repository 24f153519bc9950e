use super::*;
use crate::engine::model::LINKE_OF_THE_ALPS;

/// The forms of the format's definition, all in one file.
const FULL: &str = r#"(version: 1, name: "Parc des Écrins", output: "out", dem: "dem.tif",
 region: Box(crs: "EPSG:3035", xmin: 4014000, ymin: 2415000, xmax: 4034000.5, ymax: 2435000),
 months: [1, 6], year: 2018, months_per_chain: Auto,
 temperature: {"mean": (file: "t_{month}.tif", unit: Celsius), "max": (file: "/abs/x_{month}.tif", unit: DeciKelvin)},
 reference_height: "zref.tif",
 lapse: PerMonth([0.003, 0.004, 0.005, 0.0055, 0.006, 0.0065, 0.0065, 0.0065, 0.006, 0.005, 0.004, 0.003]),
 cloud: None,
 mode: AsSaga, walltime: "48:00:00", margin: "00:30:00", threads: 8, pace: Some("40 tiles/min"),
 workload: Engine, site: "grenoble",
)"#;

const SHORT: &str = r#"(
    version: 1,
    name: "a",
    output: "out",
    dem: "dem.tif",
    months: [1],
    year: 2018,
    walltime: "01:00:00",
    margin: "00:10:00",
)"#;

pub(super) fn parsed(text: &str) -> Result<Loaded, Vec<SpecError>> {
    parse(Path::new("/data/my.ron"), text)
}

pub(super) fn errors(text: &str) -> Vec<SpecError> {
    parsed(text).expect_err("the file is faulty")
}

/// `SHORT` with a field added or another's line replaced.
fn with(line: &str) -> String {
    let name = line.split(':').next().unwrap().trim();
    let mut lines: Vec<&str> = SHORT.lines().filter(|l| !l.trim().starts_with(&format!("{name}:"))).collect();
    lines.insert(lines.len() - 1, line);
    lines.join("\n")
}

/// The one error of a file.
pub(super) fn only(text: &str) -> SpecError {
    let errors = errors(text);
    assert_eq!(errors.len(), 1, "{errors:#?}");
    errors.into_iter().next().unwrap()
}

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
    assert_eq!((spec.cloud, spec.mode, spec.workload), (Cloud::None, Mode::AsSaga, Workload::Engine));
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
fn an_unknown_field_is_named_with_its_line_and_the_nearest_known_name() {
    let error = only(&with("    wall_time: \"02:00:00\","));
    assert_eq!(error.line, Some(10));
    assert!(error.what.contains("`wall_time`") && error.cure.contains("`walltime`"), "{error}");
    let error = only(&FULL.replace("unit: Celsius", "unti: Celsius"));
    assert_eq!(error.line, Some(4));
    assert!(error.what.contains("`unti`") && error.cure.contains("`unit`"), "{error}");
    let error = only(&FULL.replace("xmin:", "xmni:"));
    assert_eq!(error.line, Some(2));
    assert!(error.cure.contains("`xmin`"), "{error}");
}

#[test]
fn an_unknown_word_is_named_with_the_words_there_are() {
    let error = only(&with("    mode: AsSga,"));
    assert_eq!((error.line, error.cure.as_str()), (Some(10), "did you mean `AsSaga`?"));
    let error = only(&FULL.replace("unit: Celsius", "unit: Fahrenheit"));
    assert_eq!(error.line, Some(4));
    assert!(error.cure.contains("DeciCelsius"), "{error}");
}

#[test]
fn all_faults_are_told_at_once_in_the_order_of_the_file() {
    let text = r#"(
    version: 0,
    name: "",
    otput: "out",
    dem: 7,
    months: [1, 13, 1],
    year: 2018,
    lapse: Constant(-0.0065),
    walltime: "00:05:00",
    margin: "00:10:00",
    tile: 100,
    walltme: "x",
)"#;
    let found: Vec<(Option<usize>, String)> = errors(text).into_iter().map(|e| (e.line, e.what)).collect();
    let lines: Vec<Option<usize>> = found.iter().map(|(line, _)| *line).collect();
    let expected = [0, 2, 3, 4, 5, 6, 6, 8, 9, 11, 12];
    assert_eq!(lines, expected.map(|l| (l > 0).then_some(l)), "{found:#?}");
    assert!(found[0].1.contains("`output` is missing"), "{found:#?}");
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
fn impossible_values_are_told_with_field_line_and_cure() {
    let cases = [
        ("    walltime: \"00:05:00\",", "walltime 00:05:00 is shorter than the margin 00:10:00", "lengthen"),
        ("    walltime: \"00:10:30\",", "lie 60 s or less", "lengthen"),
        ("    margin: \"30s\",", "margin 00:00:30 is too short", "at least 60 s"),
        ("    margin: \"soon\",", "\"soon\" is no span of time", ""),
        ("    months: [],", "`months` is empty", "at least one"),
        ("    months: [0],", "no month 0", "1 (January) to 12"),
        ("    months: [2, 2],", "month 2 stands there more than once", "once"),
        ("    months: [300],", "months", ""),
        ("    lapse: Constant(-0.006),", "`lapse` -0.006 is negative", "change the sign"),
        ("    lapse: Constant(6.5),", "more than 0.1 K/m", "6.5 K/km is 0.0065"),
        ("    lapse: PerMonth([1.0]),", "12 values", ""),
        ("    site: \"projet=alps\",", "no key `projet`", "project"),
        ("    threads: 0,", "`threads` is 0", "at least 1"),
        ("    threads: 4097,", "`threads` 4097 is more than 4096", "as many as a job has cores"),
        (
            "    checkpoint_every: \"41667d\",",
            "\"41667d\" is too long a span of time: 999999:59:59 at most",
            "",
        ),
        ("    walltime: \"1000000:00:00\",", "too long a span", ""),
        ("    walltime: \"99999999999999999999999d\",", "too long a span", ""),
        ("    margin: \"h\",", "\"h\" is no span of time", ""),
        ("    solar_constant: 1e30,", "`solar_constant` 1e30 is not between 0 and 2000 W/m2", "1367"),
        ("    solar_constant: 2000,", "`solar_constant` 2000 is not", "1367"),
        ("    lai_max: inf,", "`lai_max` inf is not above 0", "8"),
        (
            "    products: [Temperature],",
            "`products` asks for Temperature alone, and `temperature`",
            "temperature: {",
        ),
        ("    name: \"two\\nlines\",", "`name`: \"two\\nlines\" is more than one line", "one line"),
        ("    name: \"a\\u{1b}[2J\",", "characters that a terminal obeys", "one line"),
        ("    tile: 500,", "multiple of 16", "leave it out"),
        ("    tile: 8192,", "between 16 and 4096", "leave it out"),
        ("    step_minutes: 7,", "5, 10, 15, 30 or 60", "30"),
        ("    transmittance: 1.7,", "between 0 and 1", "0.7"),
        ("    atmosphere: Esra(linke: Constant(0.5)),", "`linke` 0.5 is not between 1 and 10", "2 to 4"),
        ("    atmosphere: Esra(linke: Constant(NaN)),", "`linke` NaN is not between 1 and 10", "2 to 4"),
        (
            "    atmosphere: Esra(linke: PerMonth([3, 3])),",
            "needs 12 values, January to December, and has 2",
            "",
        ),
        ("    atmosphere: Esra(turbidity: Constant(3)),", "no field `turbidity` in `Esra`", "linke"),
        ("    atmosphere: Esra,", "`atmosphere`", ""),
        ("    atmosphere: Esar(),", "`Esar` is no value for `atmosphere`", "did you mean `Esra`?"),
        ("    diffuse: HayDavis,", "`HayDavis` is no value for `diffuse`", "did you mean `HayDavies`?"),
        ("    albedo: 1.2,", "`albedo` 1.2 is not between 0 and 1", "0.2 for bare ground"),
        ("    albedo: -0.1,", "`albedo` -0.1 is not between 0 and 1", "0 for none"),
        ("    lai: 9,", "`lai` 9 is not between", "0.01"),
        ("    months_per_chain: 13,", "13 is neither", ""),
        ("    months_per_chain: Many,", "Many is neither", ""),
        ("    pace: Some(\"fast\"),", "\"fast\" is no pace", ""),
        ("    max_links: 0,", "`max_links` is 0", "at least 1"),
        (
            "    region: Box(crs: \"3035\", xmin: 0, ymin: 0, xmax: 1, ymax: 1),",
            "no coordinate system",
            "EPSG:3035",
        ),
        (
            "    region: Box(crs: \"EPSG:3035\", xmin: 2, ymin: 0, xmax: 1, ymax: 1),",
            "xmin 2 is not below",
            "swap",
        ),
        ("    temperature: {\"mean\": (file: \"t.tif\", unit: Kelvin)},", "needs `reference_height`", "add"),
    ];
    for (line, what, cure) in cases {
        let error = only(&with(line));
        assert!(error.what.contains(what) && error.cure.contains(cure), "{line}: {error}");
        let expected = with(line).lines().position(|l| l == line).map(|n| n + 1);
        assert_eq!(error.line, expected, "{line}: {error}");
    }
}

#[test]
fn a_negative_lapse_of_one_month_is_named_by_its_month() {
    let error = only(&FULL.replace("0.0055", "-0.0055"));
    assert_eq!(error.line, Some(6));
    assert!(error.what.contains("month 4: -0.0055 is negative") && error.cure.contains("sign"), "{error}");
}

#[test]
fn the_atmosphere_takes_every_form_and_its_grid_counts_from_the_file() {
    let linke = |text: &str| match parsed(&with(&format!("    atmosphere: {text},"))).unwrap().spec.atmosphere
    {
        Atmosphere::Esra { linke } => linke,
        other => panic!("{other:?}"),
    };
    assert_eq!(linke("Esra(linke: Constant(3))"), Monthly::Constant(3.0));
    let twelve = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 1.5, 2.5];
    assert_eq!(
        linke("Esra(linke: PerMonth([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1.5, 2.5]))"),
        Monthly::PerMonth(twelve)
    );
    assert_eq!(linke("Esra(linke: Grid(\"tl_{month}.tif\"))"), Monthly::Grid("/data/tl_{month}.tif".into()));
    assert_eq!(linke("Esra()"), Monthly::PerMonth(LINKE_OF_THE_ALPS));
    let spec =
        parsed(&with("    atmosphere: Lumped,\n    diffuse: HayDavies,\n    albedo: 0.3,")).unwrap().spec;
    assert_eq!(
        (spec.atmosphere, spec.diffuse, spec.albedo),
        (Atmosphere::Lumped, DiffuseModel::HayDavies, 0.3)
    );
    let spec = parsed(SHORT).unwrap().spec;
    assert_eq!(
        (spec.atmosphere, spec.diffuse, spec.albedo),
        (Atmosphere::Saga, DiffuseModel::Isotropic, 0.0)
    );
}

#[test]
fn a_turbidity_of_one_month_is_named_by_its_month_and_a_grid_for_several_by_its_file() {
    let per_month =
        "    atmosphere: Esra(\n        linke: PerMonth([3, 3, 3, 12, 3, 3, 3, 3, 3, 3, 3, 3]),\n    ),";
    let error = only(&with(per_month));
    assert!(error.what.contains("month 4: 12 is not between 1 and 10"), "{error}");
    assert_eq!(error.line, Some(11), "{error}");
    let grid = "    months: [1, 2],\n    atmosphere: Esra(linke: Grid(\"tl.tif\")),";
    let error = only(&with(grid));
    assert!(error.what.contains("tl.tif") && error.cure.contains("{month}"), "{error}");
}

#[test]
fn a_spec_without_the_younger_fields_is_frozen_as_before_there_were_any() {
    let spec = parsed(SHORT).unwrap().spec;
    let text = freeze(&spec).unwrap().text;
    assert!(["atmosphere", "diffuse", "albedo"].iter().all(|field| !text.contains(field)), "{text}");
    let chosen = Spec {
        atmosphere: Atmosphere::Esra { linke: Monthly::PerMonth(LINKE_OF_THE_ALPS) },
        albedo: 0.2,
        ..spec.clone()
    };
    let text = freeze(&chosen).unwrap().text;
    assert_eq!(ron::from_str::<Spec>(&text).unwrap(), chosen);
    assert_eq!(kinds(&spec, &chosen), [("atmosphere", Change::Science), ("albedo", Change::Science)]);
}

#[test]
fn a_monthly_grid_without_month_in_its_name_is_named() {
    let error = only(&FULL.replace("t_{month}.tif", "t_01.tif"));
    assert_eq!(error.line, Some(4));
    assert!(error.what.contains("temperature.mean.file") && error.cure.contains("{month}"), "{error}");
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
fn a_frozen_spec_reads_back_the_same_with_the_same_hash() {
    let spec = parsed(FULL).unwrap().spec;
    let frozen_form = freeze(&spec).unwrap();
    assert_eq!(frozen_form.hash.len(), 12);
    let again: Spec = ron::from_str(&frozen_form.text).unwrap();
    assert_eq!(again, spec);
    assert_eq!(freeze(&again).unwrap(), frozen_form);
    let folder = tempfile::tempdir().unwrap();
    let campaign = crate::checkpoint::CampaignDir::new(folder.path());
    std::fs::create_dir_all(campaign.state()).unwrap();
    crate::durable::sealed::replace(&campaign.spec(&frozen_form.hash), &spec).unwrap();
    assert_eq!(frozen(&campaign, &frozen_form.hash).unwrap(), spec);
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
fn kinds(one: &Spec, other: &Spec) -> Vec<(&'static str, Change)> {
    changes(one, other).into_iter().map(|changed| (changed.field, changed.change)).collect()
}

#[test]
fn how_jobs_run_and_which_there_are_is_no_science() {
    let text = |line: &str| with(line).replace("months: [1],", "months: [1, 6],");
    let one = parsed(&text("    year: 2018,")).unwrap().spec;
    for line in [
        "    name: \"Another\",",
        "    terrain_note: \"of cardboard\",",
        "    months: [1, 6, 7],",
        "    months_per_chain: 2,",
        "    walltime: \"03:00:00\",",
        "    margin: \"00:12:00\",",
        "    checkpoint_every: \"5min\",",
        "    threads: 3,",
        "    pace: \"9 tiles/min\",",
        "    site: \"queue=other\",",
        "    setup: [\"true\"],",
        "    max_links: 7,",
    ] {
        let other = parsed(&text(line)).unwrap_or_else(|e| panic!("{line}: {e:?}")).spec;
        let field = line.trim().split(':').next().unwrap();
        assert_eq!(kinds(&one, &other), [(field, Change::Job)], "{line}");
    }
    for line in [
        "    tile: 64,",
        "    storage: Float32,",
        "    products: [Total],",
        "    region: Box(crs: \"EPSG:3035\", xmin: 0, ymin: 0, xmax: 1, ymax: 1),",
    ] {
        let other = parsed(&text(line)).unwrap_or_else(|e| panic!("{line}: {e:?}")).spec;
        let field = line.trim().split(':').next().unwrap();
        assert_eq!(kinds(&one, &other), [(field, Change::Science)], "{line}");
    }
}

#[test]
fn months_that_are_added_leave_the_sky_view_where_it_was() {
    let of = |months: &str| parsed(&with(&format!("    months: [{months}],"))).unwrap().spec;
    let begun = of("6, 7");
    assert!(begun.products_of(&[6]).contains(&Product::SkyView));
    let same = of("7, 6, 8").settled_as(&begun);
    assert_eq!(same.sky_view_month, None, "the first month is what it was: nothing is to be said");
    let earlier = of("1, 6, 7").settled_as(&begun);
    assert_eq!(earlier.sky_view_month, Some(6));
    assert!(earlier.products_of(&[6]).contains(&Product::SkyView));
    assert!(!earlier.products_of(&[1]).contains(&Product::SkyView));
    assert_eq!(kinds(&begun, &earlier), [("months", Change::Job), ("sky_view_month", Change::Job)]);
    // It stays there from then on, and goes back to the first month where its own is taken out.
    assert_eq!(of("1, 2, 6").settled_as(&earlier).sky_view_month, Some(6));
    assert_eq!(of("1, 2").settled_as(&earlier).sky_view_month, None);
    let error = only(&with("    sky_view_month: 3,"));
    assert!(error.what.contains("`sky_view_month` 3 is not one of `months`"), "{error}");
}

#[test]
fn changed_fields_are_named_with_what_they_mean() {
    let one = parsed(FULL).unwrap().spec;
    let mut other = one.clone();
    other.year = 2019;
    other.lai = 0.5;
    assert_eq!(kinds(&one, &other), [("year", Change::Science), ("lai", Change::Science)]);
    assert!(changes(&one, &one).is_empty());
    assert_eq!(changes(&one, &other)[0].to_string(), "`year` 2018 → 2019");
    // The same files in another place; another unit is another campaign whatever its place.
    let mut moved = one.clone();
    moved.output = "/elsewhere/out".into();
    moved.dem = "/elsewhere/dem.tif".into();
    moved.temperature.values_mut().for_each(|t| t.file = "/elsewhere/t_{month}.tif".into());
    let place = |name| (name, Change::Place);
    assert_eq!(kinds(&one, &moved), [place("output"), place("dem"), place("temperature")]);
    moved.temperature.values_mut().for_each(|t| t.unit = TemperatureUnit::DeciKelvin);
    assert_eq!(kinds(&one, &moved), [place("output"), place("dem"), ("temperature", Change::Science)]);
}

#[test]
fn the_sites_lines_are_pairs_and_a_bare_name_is_a_label() {
    let site = with("    site: \"project=alps; properties=cluster='dahu' AND mem=192\",");
    let spec = parsed(&site).unwrap().spec;
    let lines: Vec<(String, String)> = spec.site_lines().into_iter().collect();
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let own = [pair("project", "alps"), pair("properties", "cluster='dahu' AND mem=192")];
    assert_eq!(lines, [&own[..], &[pair("resources", "/nodes=1")]].concat());
    // A job gets the cores that it computes with, named or not.
    let lines = |spec: Spec| spec.site_lines().into_iter().collect::<Vec<_>>();
    let two = Spec { threads: Some(2), ..spec };
    assert_eq!(lines(two.clone())[2], pair("resources", "/nodes=1/core=2"));
    assert_eq!(lines(Spec { site: None, ..two }), [pair("resources", "/nodes=1/core=2")]);
    assert_eq!(lines(parsed(FULL).unwrap().spec), [pair("resources", "/nodes=1/core=8")]);
}

#[test]
fn a_known_sites_lines_stand_where_the_file_says_nothing_else() {
    let lines = |site: &str| {
        let spec = parsed(&with(&format!("    site: \"{site}\","))).unwrap().spec;
        (spec.site_lines().into_iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>(), spec)
    };
    let (dahu, spec) = lines("dahu; project=alps");
    assert_eq!(dahu, ["project=alps", "resources=/nodes=1"]);
    assert_eq!(Spec { threads: Some(8), ..spec.clone() }.site_lines()["resources"], "/nodes=1/core=8");
    let own = Spec { setup: vec!["ulimit -c 0".to_owned()], ..spec };
    assert_eq!(own.setup_lines(), ["source /applis/site/nix.sh", "ulimit -c 0"]);
    let (own, _) = lines("generic; resources=/nodes=2/core=4; queue=besteffort");
    assert_eq!(own, ["queue=besteffort", "resources=/nodes=2/core=4"]);
}

#[test]
fn what_a_site_refuses_is_refused_before() {
    let good = with("    site: \"dahu; project=alps\",");
    assert!(parsed(&good).is_ok());
    for (text, what, cure) in [
        (with("    site: \"dahu\","), "without a project", "dahu; project=NAME"),
        (good.replace("01:00:00", "96:00:00"), "longer than", "72:00:00"),
        (good.replace("    margin", "    threads: 33,\n    margin"), "more than a node", "32 at most"),
        (good.replace("dahu", "dahuu"), "nothing is known of", "dahu"),
        (
            with("    site: \"project=alps; resources=/nodes=1/core=2\",\n    threads: 8,"),
            "2 of a node's cores, `threads` is 8",
            "a job asks for 8 cores of one node",
        ),
        (with("    setup: [\"a\\nb\"],"), "more than one line", "each line"),
        (with("    setup: [\"#OAR -l /nodes=9\"],"), "a request of its own", "`site`"),
    ] {
        let error = only(&text);
        assert!(error.what.contains(what) && error.cure.contains(cure), "{text}: {error}");
    }
}

#[test]
fn chains_follow_the_split() {
    let mut spec = parsed(SHORT).unwrap().spec;
    spec.months = vec![1, 2, 3];
    let names = |spec: &Spec| spec.chains().iter().map(|chain| chain.id.to_string()).collect::<Vec<_>>();
    assert_eq!(names(&spec), ["m01", "m02", "m03"]);
    spec.months_per_chain = MonthsPerChain::Count(2);
    assert_eq!(names(&spec), ["m01-m02", "m03"]);
}

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

#[test]
fn doubts_that_are_settled_are_no_part_of_a_campaign() {
    let plain = parsed(SHORT).unwrap().spec;
    let settled = parsed(&with("    accept: [Zeros, Steps],")).unwrap().spec;
    assert_eq!(settled.accept, [InputDoubt::Zeros, InputDoubt::Steps]);
    assert_eq!(freeze(&settled).unwrap(), freeze(&plain).unwrap());
    assert!(changes(&settled, &plain).is_empty());
    let error = only(&with("    accept: [Zeros, Step],"));
    assert_eq!((error.line, error.cure.as_str()), (Some(10), "did you mean `Steps`?"));
    assert!(only(&with("    accept: [Anything],")).cure.contains("known: Zeros, Constants, Steps"));
}

#[test]
fn a_month_of_which_nothing_can_be_made_has_no_chain() {
    let spec = parsed(
        &with("    months: [1, 6],").replace("    year", "    products: [SkyView, Temperature],\n    year"),
    );
    assert_eq!(spec.unwrap().spec.chains().len(), 1, "the sky view goes with January");
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
