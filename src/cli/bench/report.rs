//! What a bench has measured, in numbers and in a table.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::cli::CliError;
use crate::cli::output::{self, Document};
use crate::quantity::{self, count};

/// What was measured.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) version: &'static str,
    pub(super) vectors: &'static str,
    pub(super) cells: u64,
    pub(super) terrain: String,
    pub(super) pipeline_fine_12_months: Pipeline,
    pub(super) pipeline_fine_1_month: Pipeline,
    /// The twelve months on several threads; none where there is but one.
    pub(super) pipeline_fine_12_months_threads: Option<Pipeline>,
    /// How many times as fast that is as on one.
    pub(super) speed_up: Option<f64>,
    /// Largest resident memory of any of these passes, bytes.
    pub(super) peak_memory_bytes: Option<u64>,
    /// Twelve months of the whole Alps (2.5e9 cells) with these threads, hours.
    pub(super) whole_alps_hours: f64,
}

/// One pass over some months.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Pipeline {
    pub(super) months: usize,
    pub(super) threads: u32,
    /// Edge of a work tile, cells.
    pub(super) tile: u32,
    /// Cells of the mapped square.
    pub(super) cells: u64,
    /// Time of all cores, per cell and month.
    pub(super) ns_per_pixel_month: f64,
    /// Time of all cores, per cell.
    pub(super) ns_per_pixel: f64,
    /// Time on the clock, per cell.
    pub(super) wall_ns_per_pixel: f64,
    /// Time of all cores per cell and stage; encoding is not the engine's and stands beside its stages.
    pub(super) stages_ns_per_pixel: BTreeMap<String, f64>,
    /// Bytes of the encoded maps per cell and map.
    pub(super) bytes_per_pixel: f64,
    /// Values (4 bytes each) that were read, computed and written, over time on the clock.
    pub(super) gigabytes_per_second: f64,
    /// Largest resident memory of the process meanwhile, bytes. What is encoded is not kept.
    pub(super) peak_memory_bytes: Option<u64>,
    /// What a job of such months would hold at most, two tiles' encoded blocks among it, bytes.
    pub(super) predicted_memory_bytes: u64,
}

impl Document for Report {
    fn lines(&self) -> Vec<String> {
        let report = self;
        let mut lines = vec![
            format!("{} of {}, {}", count(report.cells, "cell"), report.terrain, report.vectors),
            String::new(),
        ];
        let passes: Vec<&Pipeline> = [&report.pipeline_fine_12_months, &report.pipeline_fine_1_month]
            .into_iter()
            .chain(&report.pipeline_fine_12_months_threads)
            .collect();
        let mut rows = Vec::new();
        let mut row = |name: &str, of: &dyn Fn(&Pipeline) -> String| {
            rows.push([name.to_owned()].into_iter().chain(passes.iter().map(|pass| of(pass))).collect());
        };
        for stage in report.pipeline_fine_12_months.stages_ns_per_pixel.keys() {
            row(stage, &|p| format!("{:.1}", p.stages_ns_per_pixel.get(stage).copied().unwrap_or(0.0)));
        }
        row("all, ns a cell", &|p| format!("{:.0}", p.ns_per_pixel));
        row("all, ns a cell and month", &|p| format!("{:.1}", p.ns_per_pixel_month));
        row("on the clock, ns a cell", &|p| format!("{:.0}", p.wall_ns_per_pixel));
        row("GB/s in and out", &|p| format!("{:.3}", p.gigabytes_per_second));
        row("bytes a cell and map", &|p| format!("{:.2}", p.bytes_per_pixel));
        row("edge of a work tile", &|p| p.tile.to_string());
        row("memory held", &|p| p.peak_memory_bytes.map_or_else(|| "?".to_owned(), quantity::bytes));
        row("of a job, predicted", &|p| quantity::bytes(p.predicted_memory_bytes));
        let head = |pass: &&Pipeline| {
            let months = count(pass.months as u64, "month");
            if pass.threads == 1 {
                months
            } else {
                format!("{months}, {}", count(u64::from(pass.threads), "thread"))
            }
        };
        let heads: Vec<String> = passes.iter().map(head).collect();
        let heads: Vec<&str> =
            ["ns of a core per cell"].into_iter().chain(heads.iter().map(String::as_str)).collect();
        let numbers: Vec<usize> = (1..heads.len()).collect();
        lines.extend(output::table(&heads, &rows, &numbers));
        lines.push(String::new());
        if let (Some(times), Some(pass)) = (report.speed_up, &report.pipeline_fine_12_months_threads) {
            lines.push(format!("{}: {times:.2} times one", count(u64::from(pass.threads), "thread")));
        }
        lines.push(format!("twelve months of the whole Alps here: {:.2} h", report.whole_alps_hours));
        lines
    }

    fn json(&self) -> Result<String, CliError> {
        output::object(self)
    }
}

/// A document with every field, for the page on them.
#[cfg(test)]
pub(in crate::cli) fn sample() -> serde_json::Value {
    let pass = |threads: u32| Pipeline {
        months: 12,
        threads,
        tile: 1024,
        cells: 1 << 20,
        ns_per_pixel_month: 100.0,
        ns_per_pixel: 1200.0,
        wall_ns_per_pixel: 1200.0,
        stages_ns_per_pixel: BTreeMap::from([("reading".to_owned(), 5.0)]),
        bytes_per_pixel: 1.5,
        gigabytes_per_second: 0.1,
        peak_memory_bytes: Some(1 << 30),
        predicted_memory_bytes: 1 << 30,
    };
    let report = Report {
        version: "1.2.3",
        vectors: "AVX2",
        cells: 1 << 20,
        terrain: "synthetic ranges".to_owned(),
        pipeline_fine_12_months: pass(1),
        pipeline_fine_1_month: pass(1),
        pipeline_fine_12_months_threads: Some(pass(4)),
        speed_up: Some(3.5),
        peak_memory_bytes: Some(1 << 30),
        whole_alps_hours: 2.0,
    };
    serde_json::from_str(&report.json().unwrap()).unwrap()
}
