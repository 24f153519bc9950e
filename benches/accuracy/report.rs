//! The table.

use std::path::Path;

use alpsckpt::engine::Problem;
use serde::Serialize;

use crate::Outcome;
use crate::spread::Spread;

/// What is asked of a figure.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Bound {
    AtMost(f64),
    AtLeast(f64),
    /// Whatever its sign.
    Within(f64),
}

impl Bound {
    fn holds(self, value: f64) -> bool {
        // Not a number breaks it.
        match self {
            Self::AtMost(bound) => value <= bound,
            Self::AtLeast(bound) => value >= bound,
            Self::Within(bound) => value.abs() <= bound,
        }
    }

    fn text(self, name: &str) -> String {
        match self {
            Self::AtMost(bound) => format!("{name} ≤ {bound}"),
            Self::AtLeast(bound) => format!("{name} ≥ {bound}"),
            Self::Within(bound) => format!("{name} within ±{bound}"),
        }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct Figure {
    pub name: String,
    pub value: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bound: Option<Bound>,
}

/// One line of the table.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub what: String,
    pub unit: &'static str,
    /// Digits after the point.
    #[serde(skip)]
    pub digits: usize,
    pub figures: Vec<Figure>,
}

impl Row {
    pub(crate) fn new(what: impl Into<String>, unit: &'static str, digits: usize) -> Self {
        Self { what: what.into(), unit, digits, figures: Vec::new() }
    }

    pub(crate) fn with(mut self, name: impl Into<String>, value: f64, bound: Option<Bound>) -> Self {
        self.figures.push(Figure { name: name.into(), value, bound });
        self
    }

    /// The figures of a spread, its maximum always without a bound.
    pub(crate) fn spread(self, of: Spread, [rms, p99, bias]: [Option<Bound>; 3]) -> Self {
        self.with("rms", of.rms, rms)
            .with("p99", of.p99, p99)
            .with("bias", of.bias, bias)
            .with("max", of.most, None)
    }

    fn holds(&self) -> bool {
        self.figures.iter().all(|figure| figure.bound.is_none_or(|bound| bound.holds(figure.value)))
    }

    fn line(&self) -> String {
        let unit = if self.unit.is_empty() { String::new() } else { format!(" {}", self.unit) };
        let asked: Vec<String> =
            self.figures.iter().filter_map(|figure| Some(figure.bound?.text(&figure.name))).collect();
        let measured: Vec<String> = self.figures.iter().map(|f| self.measured(f)).collect();
        let (asked, verdict) = match (asked.is_empty(), self.holds()) {
            (true, _) => ("–".to_owned(), "–"),
            (false, true) => (asked.join(", ") + &unit, "ok"),
            (false, false) => (asked.join(", ") + &unit, "**BROKEN**"),
        };
        format!("| {} | {asked} | {}{unit} | {verdict} |\n", self.what, measured.join(", "))
    }

    fn measured(&self, figure: &Figure) -> String {
        let Figure { name, value, .. } = figure;
        if name == "bias" {
            format!("{name} {value:+.*}", self.digits)
        } else {
            format!("{name} {value:.*}", self.digits)
        }
    }
}

/// One month of a terrain.
#[derive(Debug, Serialize)]
pub(crate) struct MonthLine {
    /// 1 to 12.
    pub month: usize,
    /// Of direct radiation, percent of level ground.
    pub direct_rms: f64,
    pub direct_p99: f64,
    pub direct_bias: f64,
    pub direct_max: f64,
    /// K.
    pub temperature_rms: f64,
    /// Percent of the daylight steps of all cells.
    pub visibility_agrees: f64,
}

/// What was measured on one terrain.
#[derive(Debug, Serialize)]
pub(crate) struct Section {
    pub terrain: String,
    pub pixels: usize,
    pub rows: Vec<Row>,
    pub months: Vec<MonthLine>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub version: &'static str,
    pub vectors: &'static str,
    pub sections: Vec<Section>,
}

/// The report with its verdict.
#[derive(Serialize)]
struct Whole<'a> {
    holds: bool,
    #[serde(flatten)]
    report: &'a Report,
}

impl Report {
    pub(crate) fn holds(&self) -> bool {
        self.sections.iter().flat_map(|section| &section.rows).all(Row::holds)
    }

    pub(crate) fn json(&self) -> Outcome<String> {
        let whole = Whole { holds: self.holds(), report: self };
        serde_json::to_string_pretty(&whole).map_err(|e| {
            let what = format!("cannot be made: {e}");
            Problem::new(Path::new("the report as JSON"), what, "print it as text")
        })
    }

    pub(crate) fn text(&self) -> String {
        let mut text = format!("alpsckpt {}, {}\n", self.version, self.vectors);
        for section in &self.sections {
            text += &section.text();
        }
        let broken = self.sections.iter().flat_map(|s| &s.rows).filter(|row| !row.holds()).count();
        text += &match broken {
            0 => "\nAll bounds hold.\n".to_owned(),
            1 => "\nOne row is BROKEN.\n".to_owned(),
            many => format!("\n{many} rows are BROKEN.\n"),
        };
        text
    }
}

impl Section {
    fn text(&self) -> String {
        let mut text = format!("\n### {}: {} cells x 12 months\n\n", self.terrain, self.pixels);
        text += "| what | asked | measured | holds |\n|---|---|---|---|\n";
        text.extend(self.rows.iter().map(Row::line));
        text += "\n| month | direct, % of flat: rms | p99 | bias | max | temperature, K: rms | sun visible agrees, % |\n";
        text += "|---|---|---|---|---|---|---|\n";
        for line in &self.months {
            text += &format!(
                "| {} | {:.3} | {:.3} | {:+.3} | {:.2} | {:.4} | {:.3} |\n",
                month_name(line.month),
                line.direct_rms,
                line.direct_p99,
                line.direct_bias,
                line.direct_max,
                line.temperature_rms,
                line.visibility_agrees
            );
        }
        text
    }
}

/// 1 to 12.
pub(crate) fn month_name(month: usize) -> &'static str {
    const NAMES: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    month.checked_sub(1).and_then(|i| NAMES.get(i)).copied().unwrap_or("no month")
}
