//! Made-up campaigns for the tests of the screens.

use std::path::PathBuf;

use jiff::tz::TimeZone;

use super::glyphs;
use super::model::{Clock, Message, Model, Picture};
use super::theme::{Depth, Theme};
use super::update::update;
use crate::batch::{BatchError, NodeState};
use crate::campaign::snapshot::{
    Access, ChainState, ChainView, ClusterView, FailureView, GenerationView, HistoryLine, JobState, JobView,
    LinkView, MapView, MarginView, NodeView, Snapshot,
};
use crate::checkpoint::{ChainId, Phase, Quicklook};
use crate::quantity::Unit;

/// 2026-03-01 14:05:09 UTC, the moment of all made-up snapshots.
pub(crate) const NOW: i64 = 1_772_373_909_000;
/// Tiles of a month.
const TOTAL: u64 = 200;

/// A month that was not submitted.
pub(crate) fn chain(month: u8) -> ChainView {
    ChainView {
        id: ChainId::of_months(&[month]),
        label: ChainId::of_months(&[month]).to_string(),
        months: vec![month],
        state: ChainState::Planned,
        tiles: 0,
        sealed_tiles: 0,
        total: TOTAL,
        unit: Unit::Tiles,
        links: Vec::new(),
        hops: 0,
        attempts: 0,
        resubmissions: 0,
        generations: Vec::new(),
        job: None,
        unseen: None,
        jobs: Vec::new(),
        phase: None,
        tiles_per_minute: None,
        silent_for: None,
        eta: None,
        margin: None,
        unsaved: false,
        said: None,
        left_out: Vec::new(),
        failure: None,
        maps: Vec::new(),
        quicklook: None,
        logs: Vec::new(),
    }
}

fn link(number: u32, node: u32, started: i64, ran: Option<i64>) -> LinkView {
    LinkView {
        link: number,
        job_id: (1040 + number).to_string(),
        node: format!("node-{node}"),
        program: "0.1.0".to_owned(),
        numerics: 1,
        inputs: Some("0123456789ab".to_owned()),
        started_ms: NOW - started * 1_000,
        ended_ms: ran.map(|r| NOW - (started - r) * 1_000),
        resumed: (number > 1).then(|| format!("resumed generation {}", number * 3 - 2)),
        end: ran.map(|_| "checkpointed before its walltime".to_owned()),
        class: ran.map(|_| crate::checkpoint::ExitClass::Checkpointed),
        hop: number > 1,
    }
}

fn generation(number: u32, link: u32, tiles: u64, ago: i64) -> GenerationView {
    let unit = Unit::Tiles;
    GenerationView {
        number,
        link,
        bytes: tiles * 274_000,
        tiles,
        unit,
        processors: None,
        sealed_ms: NOW - ago * 1_000,
        damage: None,
    }
}

/// The job of the third link.
fn job(id: u64, state: JobState) -> JobView {
    JobView {
        id,
        restart: 0,
        attempt: 1,
        state,
        node: Some("node-2".to_owned()),
        end: None,
        resubmitted_from: Some(id - 1),
        submitted: Some(NOW / 1_000 - 110),
        started: Some(NOW / 1_000 - 101),
        stopped: None,
        message: String::new(),
        expected_start: None,
    }
}

fn ended(id: u64, node: u32, from: Option<u64>, code: u8) -> JobView {
    JobView {
        node: Some(format!("node-{node}")),
        end: Some(format!("exit code {code}")),
        resubmitted_from: from,
        stopped: Some(NOW / 1_000 - 110),
        ..job(id, JobState::Terminated)
    }
}

fn exterminated() -> JobView {
    JobView {
        end: Some("no exit code".to_owned()),
        stopped: Some(NOW / 1_000 - 20),
        message: "Job exterminated by Leon".to_owned(),
        ..job(1043, JobState::Error)
    }
}

/// A job in the queue.
pub(crate) fn queued() -> JobView {
    JobView {
        node: None,
        resubmitted_from: None,
        started: None,
        message: "no free resource; 2 jobs ahead".to_owned(),
        expected_start: Some(NOW / 1_000 + 754),
        ..job(1051, JobState::Waiting)
    }
}

/// A month whose job waits in this state.
pub(crate) fn in_state(month: u8, state: JobState) -> ChainView {
    let job = JobView { state, expected_start: None, message: String::new(), ..queued() };
    ChainView { job: Some(job.clone()), jobs: vec![job], ..waiting(month) }
}

/// A month whose first job was deleted before it started; it waits again.
pub(crate) fn deleted_before_start(month: u8) -> ChainView {
    let deleted = JobView {
        state: JobState::Error,
        end: Some("no exit code".to_owned()),
        stopped: Some(NOW / 1_000 - 50),
        message: "Job killed by Leon".to_owned(),
        expected_start: None,
        id: 1048,
        ..queued()
    };
    let again = JobView { attempt: 2, ..queued() };
    ChainView { attempts: 2, jobs: vec![deleted, again], ..waiting(month) }
}

fn log_path(month: u8, link: u32) -> PathBuf {
    PathBuf::from(format!("/home/lea/ecrins/maps/.alpsckpt/chains/m{month:02}/logs/{link:04}.log"))
}

/// A month in its third link.
pub(crate) fn running(month: u8) -> ChainView {
    ChainView {
        state: ChainState::Running,
        tiles: 124,
        sealed_tiles: 118,
        links: vec![link(1, 1, 330, Some(110)), link(2, 3, 210, Some(100)), link(3, 2, 100, None)],
        hops: 2,
        attempts: 1,
        resubmissions: 2,
        generations: vec![generation(6, 2, 90, 110), generation(7, 3, 118, 40)],
        job: Some(job(1043, JobState::Running)),
        jobs: vec![ended(1041, 1, None, 99), ended(1042, 3, Some(1041), 99), job(1043, JobState::Running)],
        phase: Some(Phase::Computing),
        tiles_per_minute: Some(40.4),
        eta: Some(130),
        logs: (1..=3).map(|l| log_path(month, l)).collect(),
        quicklook: Some(PathBuf::from(format!(
            "/home/lea/ecrins/maps/.alpsckpt/chains/m{month:02}/status/0003.quicklook"
        ))),
        ..chain(month)
    }
}

/// A month whose node died.
pub(crate) fn failed(month: u8) -> ChainView {
    ChainView {
        state: ChainState::Failed,
        job: None,
        jobs: vec![ended(1041, 1, None, 99), ended(1042, 3, Some(1041), 99), exterminated()],
        phase: None,
        eta: None,
        tiles: 131,
        sealed_tiles: 124,
        generations: vec![generation(6, 2, 90, 200), generation(7, 3, 124, 95)],
        failure: Some(FailureView {
            class: "node died".to_owned(),
            cause: "node-2 stopped answering while link 3 (job 1043) ran; the batch system gave it up after 2 min"
                .to_owned(),
            hint: "Resubmit it: at most the 7 tiles since generation 7 are computed again. Another node is taken \
                   while node-2 is suspected."
                .to_owned(),
        }),
        ..running(month)
    }
}

/// A month that waits in the queue.
pub(crate) fn waiting(month: u8) -> ChainView {
    ChainView {
        state: ChainState::Waiting,
        attempts: 1,
        job: Some(queued()),
        jobs: vec![queued()],
        ..chain(month)
    }
}

/// A month whose maps are there.
pub(crate) fn complete(month: u8) -> ChainView {
    let mut links = running(month).links;
    if let Some(last) = links.last_mut() {
        last.ended_ms = Some(NOW - 20_000);
        last.end = Some("complete: 2 maps are there and verified".to_owned());
    }
    let maps = ["total", "solar"].map(|layer| MapView {
        path: PathBuf::from(format!("/home/lea/ecrins/maps/maps/{layer}_{month:02}.tif")),
        bytes: 61_400_000,
    });
    ChainView {
        state: ChainState::Complete,
        tiles: TOTAL,
        sealed_tiles: TOTAL,
        links,
        generations: vec![generation(9, 3, 200, 20)],
        job: None,
        phase: None,
        eta: None,
        tiles_per_minute: None,
        maps: maps.into(),
        ..running(month)
    }
}

fn node(number: u32, state: &NodeState, months: &[u8]) -> NodeView {
    let chains = months.iter().map(|&m| ChainId::of_months(&[m])).collect();
    NodeView { name: format!("node-{number}"), state: state.clone(), chains }
}

fn history() -> Vec<HistoryLine> {
    let line = |ago: i64, month: Option<u8>, text: &str| HistoryLine {
        happened_ms: NOW - ago * 1_000,
        at_ms: NOW - ago * 1_000,
        chain: month.map(|m| ChainId::of_months(&[m])),
        text: text.to_owned(),
    };
    vec![
        line(340, None, "campaign opened by lea on loginnode1"),
        line(335, Some(1), "submitted: job 1041"),
        line(332, Some(3), "submitted: job 1051"),
        line(210, Some(1), "job 1041 checkpointed and was resubmitted by the batch system as job 1042"),
        line(100, Some(1), "link 3 began on node-2, a hop from node-3; resumed generation 6"),
        line(95, Some(6), "node-2 stopped answering"),
        line(40, Some(1), "generation 7 sealed: 118 tiles, 32 MB"),
    ]
}

/// A campaign of these months.
pub(crate) fn campaign(chains: Vec<ChainView>) -> Snapshot {
    Snapshot {
        name: "Parc des Écrins".to_owned(),
        spec_file: PathBuf::from("/home/lea/ecrins/ecrins.ron"),
        output: PathBuf::from("/home/lea/ecrins/maps"),
        terrain_note: None,
        paced: None,
        cluster: ClusterView {
            name: "embedded cluster".to_owned(),
            time_scale: 1.0,
            answer_age: Some(1),
            error: None,
            hint: None,
        },
        access: Access::Writer,
        chains,
        nodes: vec![
            node(1, &NodeState::Up, &[]),
            node(2, &NodeState::Up, &[1]),
            node(3, &NodeState::Lost("Suspected".to_owned()), &[]),
        ],
        history: history(),
        complete: false,
    }
}

/// Nothing submitted.
pub(crate) fn planned() -> Snapshot {
    let mut snapshot = campaign([1, 3, 6, 12].map(chain).into());
    snapshot.cluster.name = "not submitted yet".to_owned();
    snapshot.cluster.answer_age = None;
    snapshot.nodes.clear();
    snapshot.history.clear();
    for chain in &mut snapshot.chains {
        chain.total = 0;
    }
    snapshot
}

/// A demo at work: one runs, one waits, one failed, one is complete; scaled and paced.
pub(crate) fn mixed() -> Snapshot {
    let mut snapshot = campaign(vec![running(1), waiting(3), failed(6), complete(12)]);
    snapshot.terrain_note = Some("synthetic terrain through real summits".to_owned());
    snapshot.paced = Some("40 tiles/min".to_owned());
    snapshot.cluster.time_scale = 10_800.0;
    snapshot
}

/// The states that are neither good nor bad: between two jobs, silent, unconfirmed, stopped.
pub(crate) fn doubtful() -> Snapshot {
    let between = ChainView { state: ChainState::Between, phase: None, ..running(1) };
    let silent = ChainView { state: ChainState::Silent, silent_for: Some(95), eta: None, ..running(2) };
    let unknown = ChainView { state: ChainState::SubmissionUnknown, attempts: 1, ..chain(3) };
    let stopped = ChainView { state: ChainState::Stopped, job: None, phase: None, eta: None, ..running(4) };
    campaign(vec![between, silent, unknown, stopped])
}

/// All twelve months, on a cluster with long names.
pub(crate) fn year() -> Snapshot {
    let mut snapshot = campaign((1..=12).map(|m| if m % 5 == 2 { failed(m) } else { running(m) }).collect());
    for chain in &mut snapshot.chains {
        if let Some(job) = &mut chain.job {
            job.node = Some("dahu-12.grenoble.example.org".to_owned());
        }
    }
    snapshot
}

/// Programs of the user's: one counts lines, one percent, one nothing; one came to a node that does not fit; one is complete.
pub(crate) fn programs() -> Snapshot {
    let of = |chain: ChainView, unit: Unit, total: u64| {
        let processors = Some("x86-64-v4".to_owned());
        let sealed =
            |g: &GenerationView| GenerationView { unit, processors: processors.clone(), ..g.clone() };
        let margin = MarginView {
            seconds: 1_085,
            fixed_seconds: 600,
            measured_seconds: Some(1_085),
            bytes: Some(4_000_000_000),
            bytes_per_second: Some(10e6),
        };
        let generations = chain.generations.iter().map(sealed).collect();
        ChainView { unit, total, generations, margin: Some(margin), quicklook: None, ..chain }
    };
    let lines = of(running(1), Unit::Lines, 365);
    let mut percent = of(running(2), Unit::Percent, 100);
    (percent.tiles, percent.sealed_tiles, percent.generations[1].tiles) = (62, 59, 59);
    percent.generations.remove(0);
    percent.left_out = vec!["node-3".to_owned(), "node-7".to_owned()];
    percent.attempts = 3;
    let nothing =
        ChainView { eta: None, tiles_per_minute: Some(114.0), ..of(running(6), Unit::CpuSeconds, 0) };
    let mut unfit = of(failed(9), Unit::Lines, 365);
    unfit.failure = Some(FailureView {
        class: "unfit node".to_owned(),
        cause: "the program is not restored on node-2: it was started on a processor with instructions that this node's lacks: \
                avx512f (job 1043 on node-2)"
            .to_owned(),
        hint: "an open screen (`alpsckpt`) submits it again without node-2 by itself; without one resubmit it (key r, or \
               `alpsckpt resubmit m09`): it goes on from generation 7 with 124 lines"
            .to_owned(),
    });
    let mut complete = of(complete(12), Unit::Lines, 200);
    complete.maps[0].path = PathBuf::from("/home/lea/ecrins/maps/results/svf_12.sdat");
    complete.maps[1].path = PathBuf::from("/home/lea/ecrins/maps/results/svf_12.sgrd");
    let mut snapshot = campaign(vec![lines, percent, nothing, unfit, complete]);
    snapshot.history.clear();
    snapshot
}

/// Everything done.
pub(crate) fn finished() -> Snapshot {
    let mut snapshot = mixed();
    snapshot.chains = [1, 3, 6, 12].map(complete).into();
    snapshot.complete = true;
    snapshot
}

/// The scheduler does not answer.
pub(crate) fn mute_scheduler() -> Snapshot {
    let mut snapshot = mixed();
    snapshot.cluster.name = "OAR 2.5.9".to_owned();
    snapshot.cluster.answer_age = Some(125);
    let error = BatchError::Down(
        "DBI connect('database=oar;host=front;port=5432','oar_ro',...) failed: connection refused\n\tIs the server \
         running on that host and accepting TCP/IP connections?\nDB connection error, exiting."
            .to_owned(),
    );
    (snapshot.cluster.error, snapshot.cluster.hint) = (Some(error.to_string()), Some(error.hint()));
    snapshot
}

/// Another session holds the campaign.
pub(crate) fn read_only() -> Snapshot {
    let mut snapshot = mixed();
    snapshot.access =
        Access::ReadOnly { why: "loginnode2 (process 4242, since 13:58) holds this campaign".to_owned() };
    snapshot
}

/// A picture: a slope, half of it not computed yet.
pub(crate) fn picture() -> Picture {
    let (width, height) = (60u32, 40u32);
    let values = (0..height)
        .flat_map(|y| {
            (0..width).map(move |x| if y * 3 > x + 60 { f32::NAN } else { 120.0 + (3 * x + 4 * y) as f32 })
        })
        .collect();
    let look = Quicklook { layer: "total".to_owned(), unit: "W/m2".to_owned(), width, height, values };
    Picture {
        path: PathBuf::from("0003.quicklook"),
        look,
        range: Some((120.0, 430.0)),
        colours: (0..=255).map(|v| [v, v / 2, 255 - v]).collect(),
    }
}

/// A model in colour and Unicode that has just read `snapshot`.
pub(crate) fn model(snapshot: Snapshot, columns: u16, rows: u16) -> Model {
    model_in(Depth::Indexed, &glyphs::UNICODE, snapshot, columns, rows)
}

/// A model of any terminal.
pub(crate) fn model_in(
    depth: Depth,
    signs: &'static glyphs::Glyphs,
    snapshot: Snapshot,
    columns: u16,
    rows: u16,
) -> Model {
    let mut model = Model::new((columns, rows), Theme::new(depth), signs, TimeZone::UTC);
    update(&mut model, Message::Snapshot(Box::new(snapshot)), clock(0));
    model
}

/// So many seconds after [`NOW`].
pub(crate) fn clock(seconds: u64) -> Clock {
    Clock { steady_ms: seconds * 1_000, wall_ms: NOW + seconds as i64 * 1_000 }
}
