//! Temperatures: in the unit that is declared, or in which other.

use super::super::coarse::Coarse;
use super::super::finding::{InputDoubt, InputFinding};
use super::super::geotiff::Raster;
use super::seasons::{Slope, unlikely};
use super::subject::Subject;
use super::values::{extremes, without_strays};

/// Monthly temperatures, degC.
const TEMPERATURES: (f64, f64) = (-60.0, 50.0);

/// A whole mountain range whose temperatures differ by less, K on either side of 0, has none of them by its heights.
const NARROW: f64 = 6.0;

/// Units of temperature with the scale and offset that make degC, the likelier first.
const UNITS: [(&str, f64, f64); 4] = [
    ("Celsius", 1.0, 0.0),
    ("Kelvin", 1.0, -273.15),
    ("DeciKelvin", 0.1, -273.15),
    ("DeciCelsius", 0.1, 0.0),
];

/// The unit that a file gives its values, where that is one of temperature.
fn unit_of(name: &str) -> Option<&'static str> {
    // "degC", "deg_C", "°C", "degree Celsius": letters alone, in small ones.
    let letters: String = name.chars().filter(char::is_ascii_alphabetic).collect();
    match letters.to_ascii_lowercase().as_str() {
        "k" | "kelvin" | "kelvins" | "degk" | "degreekelvin" | "degreeskelvin" => Some("Kelvin"),
        "c" | "celsius" | "degc" | "degreec" | "degreesc" | "degreecelsius" | "degreescelsius" => {
            Some("Celsius")
        }
        _ => None,
    }
}

/// What a temperature grid is judged by, beside its values.
#[derive(Debug)]
pub(in super::super) struct Temperatures<'a> {
    /// degC = number * `scale` + `offset`.
    pub(in super::super) scale: f64,
    pub(in super::super) offset: f64,
    /// The month, 1 to 12.
    pub(in super::super) month: u8,
    /// Latitude of the region's middle, degrees.
    pub(in super::super) latitude: Option<f64>,
    /// Heights, m, and numbers of the grid at places of the region.
    pub(in super::super) pairs: &'a [(f64, f64)],
}

/// Temperatures are plausible after scaling, at their place and in their month; the message says which unit is likely meant.
pub(in super::super) fn temperature(
    raster: &Raster,
    grid: &Coarse,
    facts: &Temperatures<'_>,
) -> Vec<InputFinding> {
    let (stray, values) = without_strays(raster, grid, (facts.scale, facts.offset));
    let subject = Subject::file(raster);
    let mut findings: Vec<InputFinding> = Vec::new();
    if let Some((low, high)) = extremes(&values) {
        let judge = Judge { subject, facts, low, high, said: raster.unit().and_then(unit_of) };
        let found = judge.twice_scaled(raster.scaling()).or_else(|| judge.range()).or_else(|| judge.said());
        // Where no data is taken for a value, means tell nothing.
        let mean = || judge.by_height(&values).or_else(|| judge.season());
        findings.extend(found.or_else(|| if stray.is_none() { mean() } else { None }));
    }
    findings.extend(stray.map(InputFinding::from));
    findings
}

/// The verdict on the range of a grid's numbers.
struct Judge<'a> {
    subject: Subject<'a>,
    facts: &'a Temperatures<'a>,
    low: f32,
    high: f32,
    /// The unit that the file gives its values.
    said: Option<&'static str>,
}

impl Judge<'_> {
    fn celsius(&self, number: f64) -> f64 {
        number * self.facts.scale + self.facts.offset
    }

    /// The unit that is declared.
    fn declared(&self) -> &'static str {
        let same = |a: f64, b: f64| (a - b).abs() < 1e-9;
        let unit =
            UNITS.iter().find(|unit| same(unit.1, self.facts.scale) && same(unit.2, self.facts.offset));
        unit.map_or("another unit", |unit| unit.0)
    }

    /// The units in which the numbers are plausible temperatures, but for the one that is declared.
    fn plausible(&self) -> Vec<&'static str> {
        let within = |v: f64| (TEMPERATURES.0..=TEMPERATURES.1).contains(&v);
        let fits = |(_, scale, offset): &&(&str, f64, f64)| {
            within(f64::from(self.low) * scale + offset) && within(f64::from(self.high) * scale + offset)
        };
        let declared = self.declared();
        UNITS.iter().filter(fits).map(|unit| unit.0).filter(|name| *name != declared).collect()
    }

    /// A scale in the file is applied: one of the unit comes on top.
    fn twice_scaled(&self, scaling: Option<(f64, f64)>) -> Option<InputFinding> {
        let (scale, offset) = scaling.filter(|_| self.declared().starts_with("Deci"))?;
        let likely = self.plausible();
        let what = format!(
            "has a scale of {scale} and an offset of {offset} inside, which are applied: its values are {} to {}, \
             and {} takes a tenth of them once more",
            self.low,
            self.high,
            self.declared()
        );
        let cure = match likely.first() {
            Some(unit) => format!("set the unit of the values: {unit}"),
            None => "set the unit of the values".to_owned(),
        };
        let problem = self.subject.problem(what, cure);
        let surely = (scale - 0.1).abs() < 1e-9 && !likely.is_empty();
        Some(if surely { problem.into() } else { InputFinding::doubtful(InputDoubt::Units, problem) })
    }

    /// Temperatures that no place has.
    fn range(&self) -> Option<InputFinding> {
        let (a, b) = (self.celsius(f64::from(self.low)), self.celsius(f64::from(self.high)));
        let (a, b) = (a.min(b), a.max(b));
        let (least, most) = TEMPERATURES;
        if a >= least && b <= most {
            return None;
        }
        let (low, high) = (self.low, self.high);
        let likely = self.plausible();
        let cure = if let Some(said) = self.said.filter(|said| likely.contains(said)) {
            format!(
                "its raw values are {low} to {high}, and the file says that they are {said}: set that unit"
            )
        } else if likely.is_empty() {
            format!("its raw values are {low} to {high}: check the file and its nodata value")
        } else {
            let units = likely.join(" or ");
            format!("its raw values of {low} to {high} would be plausible as {units}: set that unit")
        };
        let what = format!("has temperatures of {a:.1} to {b:.1} degC; expected {least} to {most}");
        Some(self.subject.problem(what, cure).into())
    }

    /// The file says another unit than the campaign file.
    fn said(&self) -> Option<InputFinding> {
        let declared = self.declared();
        let said = self.said.filter(|said| *said != declared)?;
        let what =
            format!("says that its values, {} to {}, are in {said}, not {declared}", self.low, self.high);
        // GDAL itself calls some Kelvin degrees Celsius.
        Some(if self.plausible().contains(&said) {
            self.subject.problem(what, format!("set the unit {said}")).into()
        } else {
            let cure = format!("they are no temperatures in {said}: the file seems to be wrong");
            InputFinding::doubtful(InputDoubt::Units, self.subject.problem(what, cure))
        })
    }

    /// Temperatures that change with height as none do, or that hardly differ.
    fn by_height(&self, values: &[f32]) -> Option<InputFinding> {
        let declared = self.declared();
        let pairs: Vec<(f64, f64)> = self.facts.pairs.iter().map(|(z, n)| (*z, self.celsius(*n))).collect();
        let slope = Slope::of(&pairs);
        let other = |tenth: bool| {
            // A tenth of the numbers, or ten times what the unit makes of them.
            let name = match (declared, tenth) {
                ("Celsius", true) => "DeciCelsius",
                ("Kelvin", true) => "DeciKelvin",
                ("DeciCelsius", false) => "Celsius",
                ("DeciKelvin", false) => "Kelvin",
                _ => return "check the unit".to_owned(),
            };
            format!("set the unit {name} if that is meant")
        };
        let told = |slope: f64, tenth: bool| {
            let what = format!(
                "has temperatures that change by {:.1} K in 1000 m of height as {declared}; 4 to 8 K are usual",
                (1000.0 * slope).abs()
            );
            Some(InputFinding::doubtful(InputDoubt::Units, self.subject.problem(what, other(tenth))))
        };
        match slope {
            Slope::Steep(slope) => told(slope, true),
            Slope::Flat(slope) => told(slope, false),
            Slope::Usual => None,
            Slope::Unknown => {
                let narrow =
                    [self.low, self.high].iter().all(|v| self.celsius(f64::from(*v)).abs() <= NARROW);
                let fractions = values.iter().any(|v| (v - v.round()).abs() > 1e-3);
                if declared != "DeciCelsius"
                    || !narrow
                    || !fractions
                    || !self.plausible().contains(&"Celsius")
                {
                    return None;
                }
                let what = format!(
                    "has values of {} to {}, with fractions: as {declared} no place differs by more than a few K",
                    self.low, self.high
                );
                Some(InputFinding::doubtful(InputDoubt::Units, self.subject.problem(what, other(false))))
            }
        }
    }

    /// Temperatures that the place does not have in the month.
    fn season(&self) -> Option<InputFinding> {
        let (facts, count) = (self.facts, self.facts.pairs.len() as f64);
        if facts.pairs.is_empty() {
            return None;
        }
        let height = facts.pairs.iter().map(|pair| pair.0).sum::<f64>() / count;
        let mean = facts.pairs.iter().map(|pair| self.celsius(pair.1)).sum::<f64>() / count;
        let latitude = facts.latitude?;
        let expected = unlikely(mean, latitude, height, facts.month)?;
        let what = format!(
            "has a mean of {mean:.0} degC over the region in month {}; {expected:.0} is usual at {height:.0} m and a \
             latitude of {latitude:.0}",
            facts.month
        );
        let likely = self.plausible();
        let cure = if likely.is_empty() {
            "check that the file is of this month".to_owned()
        } else {
            format!("check the month; the unit may be {}", likely.join(" or "))
        };
        Some(InputFinding::doubtful(InputDoubt::Seasons, self.subject.problem(what, cure)))
    }
}
