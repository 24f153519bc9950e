//! Which values are possible, and what they mean.

use super::*;

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
fn a_monthly_grid_without_month_in_its_name_is_named() {
    let error = only(&FULL.replace("t_{month}.tif", "t_01.tif"));
    assert_eq!(error.line, Some(4));
    assert!(error.what.contains("temperature.mean.file") && error.cure.contains("{month}"), "{error}");
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
fn a_month_of_which_nothing_can_be_made_has_no_chain() {
    let spec = parsed(
        &with("    months: [1, 6],").replace("    year", "    products: [SkyView, Temperature],\n    year"),
    );
    assert_eq!(spec.unwrap().spec.chains().len(), 1, "the sky view goes with January");
}
