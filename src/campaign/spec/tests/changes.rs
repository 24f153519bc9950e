//! What a campaign is frozen as, and what its changes mean.

use super::*;

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
