//! Are the values of a campaign file possible? Inputs are not opened here: that is `alpsckpt check`.

use std::collections::BTreeSet;
use std::path::Path;

use super::fields::{self, Field};
use super::{Atmosphere, Class, MonthsPerChain, Product, Profile, Region, Spec, SpecError, Workload};
use crate::batch::SETUP_KEYS;
use crate::clusters;

/// The shortest margin, seconds: the batch system sends the checkpoint signal up to 12 s late and the kill may come
/// on time; what is left must do for finishing a tile and sealing it.
pub(super) const SHORTEST_MARGIN: u64 = 60;

/// More threads than any node has cores, and few enough for a machine to bear.
pub const MOST_THREADS: u32 = 4096;

/// More than the sun gives outside the atmosphere, W/m2.
const MOST_SUN: f64 = 2000.0;

/// Linke's turbidity: of clean dry air, and beyond any month's mean.
const TURBIDITIES: std::ops::RangeInclusive<f64> = 1.0..=10.0;

/// What may be said of a site: what batch systems' clients understand, and which nodes have processors of a class.
fn site_keys() -> Vec<&'static str> {
    SETUP_KEYS.into_iter().chain(Class::ALL.iter().map(|class| class.as_str())).collect()
}

/// Where the values stand in the file.
pub(super) struct Places<'t> {
    pub(super) file: &'t Path,
    pub(super) text: &'t str,
    pub(super) index: &'t [Field],
    /// Fields that could not be read: their stand-ins are not to be judged.
    pub(super) bad: &'t [String],
}

pub(super) struct Check<'t> {
    pub(super) spec: &'t Spec,
    pub(super) places: &'t Places<'t>,
    errors: Vec<SpecError>,
}

/// All values that cannot be, each with line and cure.
pub(super) fn values(spec: &Spec, places: &Places<'_>) -> Vec<SpecError> {
    let mut check = Check { spec, places, errors: Vec::new() };
    check.identity();
    check.paths();
    check.months();
    check.times();
    check.jobs();
    match &spec.workload {
        Workload::Command(command) => check.command(command),
        // What cannot be read may be either.
        Workload::Engine if check.is_bad("workload") => {}
        Workload::Engine => {
            check.maps();
            check.region();
            check.inputs();
            check.lapse();
            check.air();
            check.numbers();
        }
    }
    check.errors
}

impl Check<'_> {
    /// Notes a fault of the field at `path` unless one of the fields it was judged by is a stand-in.
    pub(super) fn fault(&mut self, path: &str, what: impl Into<String>, cure: impl Into<String>) {
        let top = path.split('.').next().unwrap_or(path);
        if self.places.bad.iter().any(|b| b == top) {
            return;
        }
        let found = self.places.index.iter().find(|f| f.path == path);
        let found = found.or_else(|| self.places.index.iter().find(|f| f.path == top));
        let line = found.map(|f| fields::line_of(self.places.text, f.start));
        self.errors.push(SpecError::new(self.places.file, line, what, cure));
    }

    pub(super) fn is_bad(&self, field: &str) -> bool {
        self.places.bad.iter().any(|b| b == field)
    }

    fn identity(&mut self) {
        if self.spec.version != 1 {
            let what = format!("version {} is not known to this program", self.spec.version);
            self.fault("version", what, "write `version: 1`, or use the program that the file was made for");
        }
        if self.spec.name.trim().is_empty() {
            self.fault("name", "`name` is empty", "give the campaign a name");
        }
        if self.spec.name.contains(char::is_control) {
            let what = format!(
                "`name`: {:?} is more than one line, or has characters that a terminal obeys",
                self.spec.name
            );
            self.fault("name", what, "write it as one line of letters, digits and signs");
        }
        let engine = self.spec.workload == Workload::Engine && !self.is_bad("workload");
        let dem = engine.then_some(("dem", &self.spec.dem));
        for (field, path) in [("output", &self.spec.output)].into_iter().chain(dem) {
            if path.as_os_str().is_empty() {
                self.fault(field, format!("`{field}` is empty"), "write a path");
            }
        }
        self.site();
    }

    /// What the engine computes, and when.
    fn maps(&mut self) {
        let spec = self.spec;
        if spec.products.is_empty() {
            let cure = "leave `products` out for the usual maps, or name at least one";
            self.fault("products", "`products` is empty", cure);
        }
        if !spec.products.is_empty()
            && spec.products.iter().all(|product| *product == Product::Temperature)
            && spec.temperature.is_empty()
            && !self.is_bad("temperature")
        {
            let what = "`products` asks for Temperature alone, and `temperature` names no grid of coarse temperatures: no map \
                        would be made";
            let cure = "add `temperature: {\"mean\": (file: \"t_{month}.tif\", unit: Celsius)}`, or name other `products`";
            self.fault("products", what, cure);
        }
        if let Some(month) = spec.sky_view_month.filter(|month| !spec.months.contains(month)) {
            let what = format!("`sky_view_month` {month} is not one of `months`");
            self.fault("sky_view_month", what, "leave it out: the sky view then goes with the first month");
        }
        if !(1900..=2100).contains(&spec.year) {
            let what = format!("`year` {} is outside 1900 to 2100", spec.year);
            self.fault("year", what, "the sun's positions are computed for these years");
        }
        if let MonthsPerChain::Count(n) = spec.months_per_chain
            && n as usize > spec.months.len().max(1)
        {
            let what =
                format!("`months_per_chain` {n} is more than the {} months there are", spec.months.len());
            self.fault("months_per_chain", what, "write a smaller number, or Auto");
        }
        if spec.checkpoint_every.seconds() == 0 {
            self.fault("checkpoint_every", "`checkpoint_every` is zero", "write a span such as \"15min\"");
        }
    }

    /// Shells expand `~`, files do not.
    fn paths(&mut self) {
        let spec = self.spec;
        let mut paths: Vec<(String, &Path)> =
            vec![("output".to_owned(), &spec.output), ("dem".to_owned(), &spec.dem)];
        paths.extend(spec.reference_height.as_deref().map(|path| ("reference_height".to_owned(), path)));
        paths.extend(spec.files_by_month());
        if let Workload::Command(command) = &spec.workload {
            paths.extend(command.paths().map(|(field, path)| (format!("workload.{field}"), path)));
        }
        for (field, path) in paths {
            let Ok(rest) = path.strip_prefix("~") else { continue };
            let home = std::env::var_os("HOME").map_or_else(|| "/home/me".into(), std::path::PathBuf::from);
            let what = format!(
                "`{}`: \"{}\": ~ is not expanded here",
                field.strip_prefix("workload.").unwrap_or(&field),
                path.display()
            );
            self.fault(&field, what, format!("write the path in full: \"{}\"", home.join(rest).display()));
        }
    }

    fn site(&mut self) {
        let spec = self.spec;
        let known = site_keys();
        for key in spec.own_site_lines().into_keys().filter(|k| !known.contains(&k.as_str())) {
            let cure = format!("known: {}; write \"project=alps; queue=default\"", known.join(", "));
            self.fault("site", format!("`site`: there is no key `{key}`"), cure);
        }
        for name in spec.site_names() {
            let near = |site: &&Profile| strsim::damerau_levenshtein(&site.name, &name.to_lowercase()) <= 2;
            let meant = Profile::all().iter().filter(|site| site.name != name).find(near);
            if let Some(site) = meant.filter(|_| Profile::named(name).is_none()) {
                let cure = format!("write \"{}\" if that is meant, or a name less like it", site.name);
                self.fault("site", format!("`site`: nothing is known of \"{name}\""), cure);
            }
        }
        if let Some(line) = spec.setup.iter().find(|line| line.contains(['\n', '\r', '\0'])) {
            let what = format!("`setup`: {line:?} is more than one line");
            self.fault("setup", what, "write each line as one of the list");
        }
        let prefix = clusters::requests().prefix;
        if let Some(line) = spec.setup.iter().find(|line| line.starts_with(prefix)) {
            let what = format!("`setup`: {line:?} would be read by the batch system as a request of its own");
            self.fault("setup", what, format!("requests stand in `site`: {}", SETUP_KEYS.join(", ")));
        }
        if let (Some(cores), Some(threads)) = (spec.own_cores(), spec.threads)
            && threads > cores
        {
            let what = format!(
                "`site`: `resources` ask for {cores} of a node's cores, `threads` is {threads}: they would share them"
            );
            let cure = format!(
                "leave `resources` out: then a job asks for {threads} cores of one node; or write `threads: {cores}`"
            );
            self.fault("site", what, cure);
        }
        let Some(site) = spec.profile() else { return };
        if site.project && !spec.own_site_lines().contains_key("project") {
            let cure = format!("write `site: \"{}; project=NAME\"`", site.name);
            self.fault("site", format!("{} takes no job without a project", site.title), cure);
        }
        if let Some(longest) = site.walltime.filter(|longest| spec.walltime > *longest) {
            let what = format!("the walltime {} is longer than {} allows", spec.walltime, site.title);
            self.fault("walltime", what, format!("{longest} at most"));
        }
        if let (Some(threads), Some(cores)) = (spec.threads, site.cores)
            && threads > cores
        {
            let what = format!("`threads` {threads} is more than a node of {} has", site.title);
            self.fault("threads", what, format!("{cores} at most; None for all of a node"));
        }
    }

    fn region(&mut self) {
        let Region::Box { crs, xmin, ymin, xmax, ymax } = &self.spec.region else { return };
        let code = crs.strip_prefix("EPSG:").and_then(|code| code.parse::<u32>().ok());
        if code.is_none() {
            let what = format!("`crs`: \"{crs}\" is no coordinate system");
            self.fault("region.crs", what, "write it as \"EPSG:3035\"");
        }
        for (low, high, from, to) in [("xmin", "xmax", *xmin, *xmax), ("ymin", "ymax", *ymin, *ymax)] {
            // Written so that a NaN fails too.
            if !(from < to && from.is_finite() && to.is_finite()) {
                let what = format!("the box is empty: {low} {from} is not below {high} {to}");
                self.fault(&format!("region.{low}"), what, format!("swap {low} and {high}"));
            }
        }
    }

    fn months(&mut self) {
        let months = &self.spec.months;
        if months.is_empty() {
            self.fault("months", "`months` is empty", "name at least one month: `months: [1, 6]`");
        }
        for month in months.iter().filter(|m| !(1..=12).contains(*m)) {
            self.fault(
                "months",
                format!("there is no month {month}"),
                "months are 1 (January) to 12 (December)",
            );
        }
        let mut seen = BTreeSet::new();
        let twice: BTreeSet<u8> = months.iter().copied().filter(|m| !seen.insert(*m)).collect();
        for month in twice {
            self.fault(
                "months",
                format!("month {month} stands there more than once"),
                "name each month once",
            );
        }
    }

    fn times(&mut self) {
        let (walltime, margin) = (self.spec.walltime, self.spec.margin);
        if margin.seconds() < SHORTEST_MARGIN {
            let what = format!("the margin {margin} is too short to checkpoint in");
            self.fault("margin", what, format!("at least {SHORTEST_MARGIN} s; \"00:10:00\" is usual"));
        }
        if !self.is_bad("margin") && walltime <= margin {
            let what = format!("the walltime {walltime} is shorter than the margin {margin}");
            self.fault(
                "walltime",
                what,
                "a job computes for walltime - margin: lengthen one or shorten the other",
            );
        } else if !self.is_bad("margin")
            && walltime.seconds() <= margin.seconds() + clusters::longest_uncounted()
        {
            let uncounted = clusters::longest_uncounted();
            let what =
                format!("between the walltime {walltime} and the margin {margin} lie {uncounted} s or less");
            let cure = format!(
                "the batch system resubmits only jobs that ran for more than {uncounted} s: lengthen the walltime"
            );
            self.fault("walltime", what, cure);
        }
    }

    fn jobs(&mut self) {
        if self.spec.threads == Some(0) {
            self.fault("threads", "`threads` is 0", "at least 1; None for as many as the node gives");
        }
        if let Some(threads) = self.spec.threads.filter(|threads| *threads > MOST_THREADS) {
            let what = format!("`threads` {threads} is more than {MOST_THREADS}");
            self.fault("threads", what, "as many as a job has cores; None for as many as the node gives");
        }
        if self.spec.max_links == 0 {
            self.fault("max_links", "`max_links` is 0", "at least 1");
        }
    }

    fn inputs(&mut self) {
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

    fn lapse(&mut self) {
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

    fn air(&mut self) {
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

    fn numbers(&mut self) {
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
