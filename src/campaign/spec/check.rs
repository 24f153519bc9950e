//! Are the values of a campaign file possible? Inputs are not opened here: that is `alpsckpt check`.

use std::collections::BTreeSet;
use std::path::Path;

use super::faults::{Check, Places};
use super::{Class, Computing, MonthsPerChain, Profile, Region, Spec, SpecError};
use crate::batch::SETUP_KEYS;
use crate::clusters;
use crate::engine::Product;

/// The shortest margin, seconds: the batch system sends the checkpoint signal up to 12 s late and the kill may come
/// on time; what is left must do for finishing a tile and sealing it.
pub(super) const SHORTEST_MARGIN: u64 = 60;

/// More threads than any node has cores, and few enough for a machine to bear.
pub const MOST_THREADS: u32 = 4096;

/// What may be said of a site: what batch systems' clients understand, and which nodes have processors of a class.
fn site_keys() -> Vec<&'static str> {
    SETUP_KEYS.into_iter().chain(Class::ALL.iter().map(|class| class.as_str())).collect()
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
        Computing::Command(command) => check.command(command),
        // What cannot be read may be either.
        Computing::Engine if check.is_bad("workload") => {}
        Computing::Engine => {
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
        let engine = self.spec.workload == Computing::Engine && !self.is_bad("workload");
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
        if let Computing::Command(command) = &spec.workload {
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
        let prefix = clusters::usual().requests.prefix;
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
}
