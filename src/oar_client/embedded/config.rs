//! The cluster's settings.

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::durable::{DurableError, sealed};

/// The settings' file in the cluster's state directory.
const FILE: &str = "cluster.ron";

/// The cluster's settings, `cluster.ron` in its state directory; written once, when the cluster is made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// The form of the state directory.
    #[serde(default = "first_form")]
    pub form: u32,
    /// The nodes' names.
    pub nodes: Vec<String>,
    /// Jobs that a node takes at a time.
    pub slots: u32,
    /// Scheduler seconds that pass in one real second; at 1 the constants are OAR's.
    pub time_scale: f64,
    /// Prefer a node other than the chain's last one (OAR takes any, usually the same).
    pub prefer_other_node: bool,
    /// Nodes that lose power by plan: for the demo and tests.
    pub faults: Vec<Fault>,
}

/// The form that this program writes. The log's events and what the wrappers write belong to it.
pub(super) const FORM: u32 = 1;

/// The form of settings that say none.
fn first_form() -> u32 {
    1
}

/// A node loses power by plan, once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// When a job whose name contains this runs …
    pub job_name_contains: String,
    /// … as the n-th job of its attempt (from 1) …
    pub nth: u32,
    /// … this many real seconds after its start.
    pub after_seconds: f64,
}

/// Three nodes that take a job each, in real time.
#[must_use]
pub fn default_config() -> Config {
    Config {
        form: FORM,
        nodes: ["dahu-1", "dahu-2", "dahu-3"].map(str::to_owned).to_vec(),
        slots: 1,
        time_scale: 1.0,
        prefer_other_node: true,
        faults: Vec::new(),
    }
}

impl Config {
    /// Everything that is wrong with these settings, in words.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.nodes.is_empty() {
            problems.push("nodes: at least one is needed".to_owned());
        }
        let plain = |name: &str| {
            !name.is_empty()
                && name.len() <= 64
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
        };
        for name in self.nodes.iter().filter(|n| !plain(n)) {
            problems.push(format!("nodes: {name:?} is not a host name (letters, digits, - and . only)"));
        }
        if self.nodes.iter().collect::<BTreeSet<_>>().len() < self.nodes.len() {
            problems.push("nodes: two have the same name".to_owned());
        }
        if self.slots == 0 {
            problems.push("slots: at least 1 is needed".to_owned());
        }
        if !(1e-3..=1e6).contains(&self.time_scale) {
            problems.push(format!("time_scale: {} is not within 0.001 and 1000000", self.time_scale));
        }
        for fault in &self.faults {
            if fault.nth == 0 || !(0.0..=1e9).contains(&fault.after_seconds) {
                problems.push(format!("faults: nth counts from 1, after_seconds from 0, not {fault:?}"));
            }
        }
        problems
    }

    /// Makes the state directory with these settings; one that has settings already keeps them.
    pub(super) fn create(&self, directory: &Path) -> Result<(), DurableError> {
        let problems = self.problems();
        if !problems.is_empty() {
            let error = std::io::Error::new(std::io::ErrorKind::InvalidInput, problems.join("; "));
            return Err(DurableError::io(&directory.join(FILE), "use these settings", error));
        }
        private_folder(directory)?;
        sealed::create_exclusive(&directory.join(FILE), self).map(|_| ())
    }

    /// Reads the settings of the cluster in `directory`, which are made if missing.
    pub(super) fn open(directory: &Path) -> Result<Self, DurableError> {
        let path = directory.join(FILE);
        let config: Self = match sealed::read(&path) {
            Err(e) if e.is_missing() => {
                default_config().create(directory)?;
                sealed::read(&path)?
            }
            read => read?,
        };
        known(&path, config.form)?;
        let problems = config.problems();
        if problems.is_empty() { Ok(config) } else { Err(DurableError::damaged(&path, problems.join("; "))) }
    }
}

/// Refuses a cluster that a later program made or went on with, before anything in it is touched. One that is not there or
/// damaged is for others to report.
pub(super) fn ensure_known(directory: &Path) -> Result<(), DurableError> {
    let path = directory.join(FILE);
    match sealed::read::<Config>(&path) {
        Ok(config) => known(&path, config.form),
        Err(e @ DurableError::UnknownForm { .. }) => Err(e),
        Err(_) => Ok(()),
    }
}

fn known(path: &Path, form: u32) -> Result<(), DurableError> {
    if form <= FORM {
        return Ok(());
    }
    let own = env!("CARGO_PKG_VERSION");
    let what = format!(
        "form {form} of the embedded cluster is newer than {FORM}, which alpsckpt {own} knows: update it"
    );
    Err(DurableError::unknown_form(path, what))
}

/// Creates a folder that only its owner can enter.
pub(super) fn private_folder(path: &Path) -> Result<(), DurableError> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|e| DurableError::io(path, "create the folder", e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_made_once_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config { slots: 2, time_scale: 600.0, ..default_config() };
        config.create(folder.path()).unwrap();
        default_config().create(folder.path()).unwrap();
        assert_eq!(Config::open(folder.path()).unwrap(), config);
    }

    #[test]
    fn a_directory_without_settings_gets_the_default_ones() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Config::open(&folder.path().join("new")).unwrap(), default_config());
    }

    #[test]
    fn settings_of_a_later_form_are_refused_and_older_ones_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let settings = |form: &str| {
            format!(
                "Config({form} nodes: [\"a\"], slots: 1, time_scale: 1.0, prefer_other_node: true, faults: [])\n"
            )
        };
        let put = |form: &str| {
            let text = settings(form);
            std::fs::write(&path, format!("{text}// crc32 {:08x}\n", crc32fast::hash(text.as_bytes())))
                .unwrap();
        };
        put("");
        assert_eq!(Config::open(folder.path()).unwrap().form, 1);
        ensure_known(folder.path()).unwrap();
        for later in ["form: 2,", "form: 7, gpus: 3,"] {
            put(later);
            for error in [Config::open(folder.path()).unwrap_err(), ensure_known(folder.path()).unwrap_err()]
            {
                assert!(matches!(error, DurableError::UnknownForm { .. }), "{error}");
                assert!(
                    error.to_string().contains("cluster.ron") && error.to_string().contains("update it"),
                    "{error}"
                );
            }
        }
    }

    #[test]
    fn all_wrong_settings_are_named_at_once() {
        let fault = Fault { job_name_contains: String::new(), nth: 0, after_seconds: 1.0 };
        let config = Config {
            form: FORM,
            nodes: vec!["a b".to_owned(), "a b".to_owned()],
            slots: 0,
            time_scale: f64::NAN,
            prefer_other_node: true,
            faults: vec![fault],
        };
        let folder = tempfile::tempdir().unwrap();
        let message = config.create(folder.path()).unwrap_err().to_string();
        for word in ["a b", "same name", "slots", "time_scale", "faults"] {
            assert!(message.contains(word), "{word} is missing in {message}");
        }
    }
}
