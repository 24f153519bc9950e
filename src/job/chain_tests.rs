//! Chains of one month that differ by year and scenario: nothing of one takes the place of something of another.

use std::collections::BTreeSet;
use std::path::Path;

use super::run::run_chain;
use super::terms::{RunOptions, Stop};
use super::verify::verify_chain;
use super::{Origin, request};
use crate::campaign::controller::{Controller, Reach};
use crate::campaign::identity::Identity;
use crate::campaign::snapshot::ChainState;
use crate::campaign::spec;
use crate::checkpoint::{Chain, ExitClass};
use crate::clusters::ClusterChoice;
use crate::durable::beneath;

#[test]
fn chains_of_one_month_share_no_file_no_map_no_token_and_no_row() {
    let folder = tempfile::tempdir().unwrap();
    let dem = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/forms/dem.tif");
    let text = format!(
        "(version: 1, name: \"two years\", output: \"out\", dem: {dem:?}, months: [7], year: 2018, tile: 64, threads: Some(1),
            step_minutes: 60, products: [SkyView, Total, TotalFlat], walltime: \"02:00:00\", margin: \"00:10:00\")"
    );
    let loaded = spec::parse(&folder.path().join("my.ron"), &text).unwrap();
    let cluster = ClusterChoice::Embedded { directory: folder.path().join("cluster") };
    let reach = Reach { program: Some("/bin/true".into()), ..Reach::default() };
    let controller = Controller::create_with(&loaded, &cluster, reach).unwrap();
    let (campaign, spec) = (controller.campaign().clone(), controller.spec().clone());
    let spec_hash = controller.spec_hash().to_owned();

    let plain = spec.chain_of(&[7]);
    let products = plain.products[1..].to_vec();
    let of_year = |year| {
        Chain { products: products.clone(), ..plain.clone() }.in_year(Some(year), Some("rcp85")).unwrap()
    };
    let chains = [plain.clone(), of_year(2031), of_year(2055)];
    let mut folders = BTreeSet::new();
    for chain in &chains {
        chain.write(&campaign.chain(&chain.id)).unwrap();
        assert_eq!(request::of_chain(&spec, chain).year, chain.year.unwrap_or(2018));
        folders.insert(campaign.chain(&chain.id).job_script());
        let options = RunOptions {
            spec: spec.clone(),
            spec_hash: spec_hash.clone(),
            chain: chain.clone(),
            job_id: "local".to_owned(),
            node: "node-1".to_owned(),
            threads: 1,
            stop: Stop::default(),
            origin: Origin::default(),
        };
        let outcome = run_chain(campaign.output(), &options, &|_| ());
        assert_eq!(outcome.class, ExitClass::Complete, "{}", outcome.message);
    }
    assert_eq!(folders.len(), 3);
    let maps: Vec<String> = ["", "_2031-rcp85", "_2055-rcp85"]
        .iter()
        .flat_map(|tag| [format!("total_m07{tag}.tif"), format!("total_m07_flat{tag}.tif")])
        .chain(["svf.tif".to_owned()])
        .collect();
    let made = beneath::names(&campaign.maps()).unwrap();
    let made: BTreeSet<String> = made.iter().map(|name| name.to_string_lossy().into_owned()).collect();
    assert_eq!(made, maps.into_iter().collect());
    assert_eq!(beneath::names(&campaign.pictures()).unwrap().len(), made.len());
    for chain in &chains {
        // Also those that were finished before the others.
        let maps = verify_chain(&campaign, &chain.id, &spec.dem).unwrap();
        assert!(maps.len() >= 2 && maps.iter().all(|map| map.problems.is_empty()), "{maps:?}");
    }

    let identity = Identity::read(&campaign).unwrap();
    let tokens: BTreeSet<String> = chains.iter().map(|chain| identity.token(&chain.id, 1).0).collect();
    let of_chain =
        |chain: &Chain| tokens.iter().filter(|token| token.contains(&format!(".{}.1.", chain.id))).count();
    assert_eq!(chains.each_ref().map(of_chain), [1, 1, 1], "{tokens:?}");

    let snapshot = controller.with_chains(chains.to_vec()).refresh().unwrap();
    let rows: Vec<(&str, ChainState)> =
        snapshot.chains.iter().map(|row| (row.label.as_str(), row.state)).collect();
    let complete = ChainState::Complete;
    assert_eq!(rows, [("m07", complete), ("m07-2031-rcp85", complete), ("m07-2055-rcp85", complete)]);
    let shown: BTreeSet<_> =
        snapshot.chains.iter().flat_map(|row| &row.maps).map(|map| map.path.clone()).collect();
    assert_eq!(shown.len(), made.len());
}
