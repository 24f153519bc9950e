//! Campaigns on a real OAR, both versions, by a session of the cluster that `tests/cluster` raises on this machine.
//!
//! Jobs wait for their walltimes and signals most of the time, so all scenarios run at once, each in a folder of its own, on the
//! cluster of each version; those that stop OAR's server or database come after the others, one after the other. A scenario
//! waits by looking at the campaign's files and the cluster's database: each of OAR's own commands costs half a second of the two
//! cores.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod asking;
mod carried;
mod cluster;
mod deaths;
mod demo;
mod disk;
mod foreign;
mod outages;
mod place;
mod refusals;
#[path = "../it/scene.rs"]
#[expect(dead_code, reason = "the embedded cluster is not needed here")]
mod scene;
mod site;
mod submissions;
#[path = "../it/support.rs"]
#[expect(dead_code, reason = "the clusters bring their programs")]
mod support;
#[path = "../it/terminal.rs"]
mod terminal;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

use cluster::{Cluster, VERSIONS};
use place::Place;

type Scenario = (&'static str, fn(&Place));

/// They leave the cluster's server and database alone.
const CALM: &[Scenario] = &[
    ("the_demo_hops_between_nodes_and_its_maps_are_those_of_a_local_run", demo::hops),
    ("node3_dies_and_later_cannot_start_a_job", deaths::node),
    ("a_job_that_takes_no_signals_is_killed_at_its_walltime", deaths::walltime),
    ("a_user_deletes_a_job_and_the_month_is_resubmitted_by_a_key", deaths::oardel),
    ("a_session_killed_around_oarsub_neither_loses_nor_doubles", submissions::killed),
    ("an_oarsub_that_answers_too_late_is_killed_and_its_job_found", submissions::late),
    ("a_refusal_is_told_in_full_and_can_be_corrected", submissions::refused),
    ("a_full_disk_is_named_and_the_month_goes_on_when_there_is_room", disk::full),
    ("programs_that_cannot_save_themselves_hop_between_nodes_by_criu", foreign::hops),
    ("asked_to_checkpoint_early_a_job_stays_until_oar_resubmits_it", asking::early),
    ("oar_has_no_limit_of_resubmissions_so_ours_ends_the_chain", asking::limit),
    ("others_jobs_are_never_touched", asking::others),
    ("the_doctor_looks_at_the_site_and_odd_names_reach_the_job_as_they_are", site::doctor),
];

/// They stop parts of it.
const OUTAGES: &[Scenario] = &[
    ("the_server_stops_for_a_minute_under_the_screen", outages::server),
    ("the_database_stops_for_a_minute_under_the_screen", outages::database),
];

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // They wait more than they work.
    arguments.test_threads.get_or_insert(VERSIONS.len() * CALM.len());
    let calm = libtest_mimic::run(
        &arguments,
        trials(CALM, |cluster, name, scenario| {
            scenario(&Place::new(cluster, name));
        }),
    );
    let outages = libtest_mimic::run(
        &arguments,
        trials(OUTAGES, |cluster, name, scenario| {
            let _alone = cluster.alone();
            cluster.restore();
            scenario(&Place::new(cluster, name));
        }),
    );
    let refusals = vec![Trial::test("a_machine_that_cannot_have_a_cluster_is_told_why", || {
        refusals::sentences();
        Ok(())
    })];
    let refusals = libtest_mimic::run(&arguments, refusals);
    Cluster::leave_all();
    if [calm, outages, refusals].iter().any(libtest_mimic::Conclusion::has_failed) {
        ExitCode::from(101)
    } else {
        ExitCode::SUCCESS
    }
}

fn trials(scenarios: &[Scenario], run: fn(&'static Cluster, &str, fn(&Place))) -> Vec<Trial> {
    let trial = |version: &'static str, (name, scenario): Scenario| {
        let full = format!("oar_{}::{name}", version.replace('.', "_"));
        Trial::test(full.clone(), move || {
            match Cluster::get(version) {
                Ok(cluster) => run(cluster, name, scenario),
                Err(why) => support::skip(&full, why),
            }
            Ok(())
        })
    };
    VERSIONS.iter().flat_map(|version| scenarios.iter().map(|s| trial(version, *s))).collect()
}
