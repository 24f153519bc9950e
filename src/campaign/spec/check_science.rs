//! Are the numbers of the physics possible?

use super::Atmosphere;
use super::faults::Check;

/// More than the sun gives outside the atmosphere, W/m2.
const MOST_SUN: f64 = 2000.0;

/// Linke's turbidity: of clean dry air, and beyond any month's mean.
const TURBIDITIES: std::ops::RangeInclusive<f64> = 1.0..=10.0;

impl Check<'_> {
    pub(super) fn inputs(&mut self) {
        for name in self.spec.temperature.keys() {
            let fits = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
            if name.is_empty() || !name.chars().all(fits) {
                let what = format!("the temperature's name \"{name}\" cannot be part of a file name");
                let cure = "letters, digits, _ and - only";
                self.fault(&format!("temperature.{name}"), what, cure);
            }
        }
        let several = self.spec.months.len() > 1 && !self.is_bad("months");
        for (field, path) in self.spec.files_by_month() {
            if several && !path.to_string_lossy().contains("{month}") {
                let what = format!(
                    "`{field}`: \"{}\" has no {{month}}: all {} months would use the same grid",
                    path.display(),
                    self.spec.months.len()
                );
                self.fault(&field, what, "write {month} where the file name has 01 … 12");
            }
        }
        if !self.spec.temperature.is_empty() && self.spec.reference_height.is_none() {
            let cure =
                "add `reference_height: \"…\"`: the height in metres that the coarse temperatures stand for";
            self.fault("temperature", "`temperature` needs `reference_height`", cure);
        }
    }

    pub(super) fn lapse(&mut self) {
        let cure = "lapse is in K/m and positive where it gets colder upwards: change the sign, 0.0065 instead of -0.0065";
        for (month, lapse) in self.spec.lapse.given() {
            if let Some(what) = lapse_fault(lapse) {
                self.fault(
                    "lapse",
                    format!("{} {lapse} {what}", of_month("lapse", month)),
                    cure_for(lapse, cure),
                );
            }
        }
    }

    pub(super) fn air(&mut self) {
        // Written so that a NaN fails too.
        if !(0.0..=1.0).contains(&self.spec.albedo) {
            let what = format!("`albedo` {} is not between 0 and 1", self.spec.albedo);
            self.fault("albedo", what, "0 for none, 0.2 for bare ground or grass, 0.6 for old snow");
        }
        let Atmosphere::Esra { linke } = &self.spec.atmosphere else { return };
        let cure = "Linke's turbidity is 1 in clean dry air, 2 to 4 over mountains, 5 and more over cities";
        for (month, linke) in linke.given().filter(|(_, linke)| !TURBIDITIES.contains(linke)) {
            let (least, most) = (TURBIDITIES.start(), TURBIDITIES.end());
            let what = format!("{} {linke} is not between {least} and {most}", of_month("linke", month));
            self.fault("atmosphere.linke", what, cure);
        }
    }

    pub(super) fn numbers(&mut self) {
        let spec = self.spec;
        if let Some(tile) = spec.tile.filter(|tile| !(16..=4096).contains(tile) || !tile.is_multiple_of(16)) {
            let what = format!("`tile` {tile} is not a multiple of 16 between 16 and 4096");
            self.fault("tile", what, "leave it out: the largest that a job's memory allows is taken");
        }
        if ![5, 10, 15, 30, 60].contains(&spec.step_minutes) {
            let what = format!("`step_minutes` {} is not 5, 10, 15, 30 or 60", spec.step_minutes);
            self.fault("step_minutes", what, "30 is the original's");
        }
        if !(spec.transmittance > 0.0 && spec.transmittance < 1.0) {
            let what = format!("`transmittance` {} is not between 0 and 1", spec.transmittance);
            self.fault("transmittance", what, "0.7 is the original's");
        }
        // Written so that a NaN fails too.
        if !(spec.solar_constant > 0.0 && spec.solar_constant < MOST_SUN) {
            let what = format!(
                "`solar_constant` {} is not between 0 and {MOST_SUN} W/m2",
                number(spec.solar_constant)
            );
            self.fault("solar_constant", what, "1367 is the original's, 1361 what is measured today");
        }
        if !(spec.lai_max > 0.0 && spec.lai_max.is_finite()) {
            let what = format!("`lai_max` {} is not above 0", number(spec.lai_max));
            self.fault("lai_max", what, "8 is the original's");
        }
        if !spec.c.is_finite() {
            self.fault("c", format!("`c` {} is no number", spec.c), "1 is the original's");
        }
        if !(spec.lai >= 0.0 && spec.lai < spec.lai_max) {
            let what = format!("`lai` {} is not between 0 and `lai_max` {}", spec.lai, spec.lai_max);
            self.fault("lai", what, "0.01 is the original's, for bare ground; lai_max 8");
        }
    }
}

/// A number in a message: a huge one without its zeros.
fn number(value: f64) -> String {
    if value.is_finite() && value.abs() >= 1e9 { format!("{value:e}") } else { value.to_string() }
}

/// What a number is called in a message.
fn of_month(field: &str, month: Option<u8>) -> String {
    month.map_or_else(|| format!("`{field}`"), |month| format!("`{field}` of month {month}:"))
}

/// What is wrong with a lapse rate in K/m: its sign, its unit, or that it is no number.
fn lapse_fault(lapse: f64) -> Option<&'static str> {
    match lapse {
        l if !l.is_finite() => Some("is no number"),
        l if l < 0.0 => Some("is negative"),
        l if l > 0.1 => Some("is more than 0.1 K/m"),
        _ => None,
    }
}

fn cure_for(lapse: f64, negative: &str) -> String {
    if lapse < 0.0 { negative.to_owned() } else { "lapse is in K/m: 6.5 K/km is 0.0065".to_owned() }
}
