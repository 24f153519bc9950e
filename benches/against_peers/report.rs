//! The table and the ratios.

use std::fmt::{Display, Formatter};

use serde::Serialize;

use crate::agreement::Agreement;
use crate::cost::{Peer, Spent, Stage};
use crate::ours::Own;
use crate::tile;

/// What was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    version: &'static str,
    /// Rough figures of one day.
    quick: bool,
    processor: String,
    vectors: &'static str,
    cells: usize,
    rows: Vec<Row>,
    ratios: Vec<Ratio>,
    agreements: Vec<Agreement>,
}

/// A stage of a program: nanoseconds per cell.
#[derive(Debug, Serialize)]
struct Row {
    program: String,
    stage: String,
    #[serde(rename = "month_ns_per_pixel")]
    month: Option<Spent>,
    #[serde(rename = "year_ns_per_pixel")]
    year: Option<Spent>,
    peak_memory_bytes: Option<u64>,
}

/// How many times as fast this program is, by the time of one core.
#[derive(Debug, Serialize)]
struct Ratio {
    what: String,
    times: f64,
    asked: f64,
    goal: Option<f64>,
    reached: bool,
}

/// What is asked for and hoped for against each peer, in the order of the peers: a year, then a single month.
const ASKED: [[(f64, Option<f64>); 2]; 2] =
    [[(5_000.0, Some(14_000.0)), (1_000.0, None)], [(1_500.0, Some(2_500.0)), (300.0, None)]];

impl Report {
    pub(crate) fn new(quick: bool, own: &Own, peers: &[Peer; 2], agreements: Vec<Agreement>) -> Self {
        let (mut rows, mut ratios) = (Vec::new(), Vec::new());
        for (peer, asked) in peers.iter().zip(ASKED) {
            let (year, month) = peer_rows(peer, &mut rows);
            let parts = [("twelve months", year, own.year), ("one month", month, own.month)];
            for ((span, theirs, ours), (asked, goal)) in parts.into_iter().zip(asked) {
                let ratio = theirs.cpu / ours.spent.cpu;
                let what = format!("{span}, {}", peer.name);
                ratios.push(Ratio { what, times: ratio, asked, goal, reached: ratio >= asked });
            }
        }
        let version = env!("CARGO_PKG_VERSION");
        let program = format!("alpsckpt {version}");
        let start = own.start.spent.per_pixel();
        rows.push(Row::new(&program, "opening, taken off", None, Some(start), 0));
        let peak = own.month.peak.max(own.year.peak);
        let (month, year) = (own.month.spent.per_pixel(), own.year.spent.per_pixel());
        rows.push(Row::new(&program, "all", Some(month), Some(year), peak));
        let (processor, cells) = (processor(), tile::EDGE * tile::EDGE);
        Self { version, quick, processor, vectors: own.vectors, cells, rows, ratios, agreements }
    }

    /// Whether all that is asked for was reached; a quick run is asked only whether the programs agree.
    pub(crate) fn reached(&self) -> bool {
        self.agreements.iter().all(|agreement| agreement.holds)
            && (self.quick || self.ratios.iter().all(|ratio| ratio.reached))
    }
}

/// The rows of a peer; gives back its year and its month.
fn peer_rows(peer: &Peer, rows: &mut Vec<Row>) -> (Spent, Spent) {
    let (once_name, once) = peer.once;
    let mut row = |stage: &str, month: Spent, year: Spent, peak: u64| {
        rows.push(Row::new(&peer.name, stage, Some(month.per_pixel()), Some(year.per_pixel()), peak));
    };
    row(once_name, once.spent, once.spent, once.peak);
    let (mut month, mut year, mut peak) = (once.spent, once.spent, once.peak);
    for (name, months) in [("radiation, terrain", &peer.terrain), ("radiation, level ground", &peer.level)] {
        let Stage { spent, peak: most } = Peer::mean(months);
        // Twelve times the mean month: three times four months.
        row(name, spent, spent.times(12.0), most);
        (month, year, peak) = (month + spent, year + spent.times(12.0), peak.max(most));
    }
    row("all", month, year, peak);
    let start = peer.start.spent.per_pixel();
    rows.push(Row::new(&peer.name, "a start, taken off", Some(start), None, peer.start.peak));
    (year, month)
}

impl Row {
    fn new(program: &str, stage: &str, month: Option<Spent>, year: Option<Spent>, peak: u64) -> Self {
        let peak_memory_bytes = (peak > 0).then_some(peak);
        Self { program: program.into(), stage: stage.into(), month, year, peak_memory_bytes }
    }

    fn cells(&self) -> Vec<String> {
        let of = |spent: Option<Spent>, part: fn(Spent) -> f64| {
            spent.map_or_else(|| "-".into(), |spent| thousands(part(spent)))
        };
        let memory = self.peak_memory_bytes.map_or_else(|| "-".into(), |b| format!("{}", b >> 20));
        vec![
            self.program.clone(),
            self.stage.clone(),
            of(self.month, |s| s.cpu),
            of(self.month, |s| s.wall),
            of(self.year, |s| s.cpu),
            of(self.year, |s| s.wall),
            memory,
        ]
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let edge = tile::EDGE;
        writeln!(
            f,
            "{edge} x {edge} cells, nothing outside, one core: {}, {}",
            self.processor, self.vectors
        )?;
        let months = if self.quick {
            "Quick and rough: peers' month = 31 x 15 January, year = 12 x that month"
        } else {
            "Month = mean of January, April, July and October; peers' year = 3 x these four months"
        };
        writeln!(f, "{months}.\nNanoseconds per cell, of the core and on the clock; MiB at most.\n")?;
        let head = ["program", "stage", "month", "(clock)", "year", "(clock)", "MiB"];
        let rows = self.rows.iter().map(Row::cells).collect();
        table(f, &head, rows, 2)?;
        let rows = self.ratios.iter().map(|ratio| {
            let goal = ratio.goal.map_or_else(|| "-".into(), thousands);
            let reached = match ratio.reached {
                _ if self.quick => "rough",
                true => "reached",
                false => "MISSED",
            };
            vec![ratio.what.clone(), thousands(ratio.times), thousands(ratio.asked), goal, reached.into()]
        });
        writeln!(f)?;
        table(f, &["times as fast", "is", "asked", "goal", ""], rows.collect(), 1)?;
        let rows = self.agreements.iter().map(|a| {
            let holds = if a.holds { "agrees" } else { "DOES NOT AGREE" };
            let [means, r] = [a.means, a.r].map(|number| format!("{number:.4}"));
            vec![a.what.clone(), means, format!("{:.2}", a.rms_percent), r, holds.into()]
        });
        writeln!(f)?;
        table(f, &["our maps beside theirs", "means", "rms %", "r", ""], rows.collect(), 1)
    }
}

/// Columns side by side; those from `numbers` on to the right.
fn table(
    f: &mut Formatter<'_>,
    head: &[&str],
    mut rows: Vec<Vec<String>>,
    numbers: usize,
) -> std::fmt::Result {
    rows.insert(0, head.iter().map(ToString::to_string).collect());
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(String::len).max();
    let widths: Vec<usize> = (0..head.len()).map(|column| width(column).unwrap_or(0)).collect();
    for row in &rows {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            if column < numbers { format!("{cell:width$}") } else { format!("{cell:>width$}") }
        });
        writeln!(f, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}

/// A rounded number with a space before each three digits; small ones with one decimal.
fn thousands(number: f64) -> String {
    if number.abs() < 100.0 {
        return format!("{number:.1}");
    }
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    name.map_or_else(|| "unknown processor".into(), |(_, name)| name.trim().to_owned())
}
