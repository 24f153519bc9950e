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
            Err(DurableError::Damaged { .. }) => return Err(changed_by_hand(&path, directory)),
            read => read?,
        };
        known(&path, config.form)?;
        let problems = config.problems();
        if problems.is_empty() { Ok(config) } else { Err(DurableError::damaged(&path, problems.join("; "))) }
    }

    /// The settings in `directory` with other nodes or slots. Those that were changed by hand count as they stand; where they
    /// cannot be read, all of them must be named anew.
    pub(super) fn to_change(
        directory: &Path,
        nodes: Option<&Nodes>,
        slots: Option<u32>,
    ) -> Result<Self, DurableError> {
        let path = directory.join(FILE);
        let former = match Self::open(directory) {
            Err(DurableError::Damaged { .. }) => Self::as_it_stands(&path),
            Err(e) => return Err(e),
            Ok(config) => Ok(config),
        };
        let mut config = match former {
            Ok(config) => config,
            Err(_) if nodes.is_some() && slots.is_some() => default_config(),
            Err(_) => return Err(changed_by_hand(&path, directory)),
        };
        known(&path, config.form)?;
        if let Some(nodes) = nodes {
            config.nodes = nodes.names(&config.nodes);
        }
        config.slots = slots.unwrap_or(config.slots);
        let problems = config.problems();
        if problems.is_empty() { Ok(config) } else { Err(DurableError::damaged(&path, problems.join("; "))) }
    }

    /// Puts these settings in the place of the former ones.
    pub(super) fn replace(&self, directory: &Path) -> Result<(), DurableError> {
        sealed::replace(&directory.join(FILE), self)
    }

    /// What the file says, whatever its checksum; what is wrong with it, by line and field.
    fn as_it_stands(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|e| e.to_string())?;
        let config: Self = ron::from_str(&text).map_err(|e| {
            let number = e.span.start.line;
            let line = text.lines().nth(number.saturating_sub(1)).unwrap_or_default().trim();
            format!("line {number}, {line:?}: {}", e.code)
        })?;
        let problems = config.problems();
        if problems.is_empty() { Ok(config) } else { Err(problems.join("; ")) }
    }
}

/// Which nodes a cluster is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Nodes {
    /// So many: the first of those that there are, and others beside them.
    Count(usize),
    /// These.
    Named(Vec<String>),
}

impl Nodes {
    /// Their names, in a cluster that had these.
    fn names(&self, former: &[String]) -> Vec<String> {
        match self {
            Self::Named(names) => names.clone(),
            Self::Count(count) => {
                let others = (1..).map(|n| format!("dahu-{n}")).filter(|name| !former.contains(name));
                former.iter().cloned().chain(others).take(*count).collect()
            }
        }
    }
}

impl std::str::FromStr for Nodes {
    type Err = String;

    /// A number, or names with commas between them.
    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(count @ 1..=1000) => Ok(Self::Count(count)),
            Ok(_) => Err("1 to 1000 nodes".to_owned()),
            Err(_) => Ok(Self::Named(text.split(',').map(|name| name.trim().to_owned()).collect())),
        }
    }
}

/// Settings whose checksum does not fit: what a person did, and how to go on.
fn changed_by_hand(path: &Path, directory: &Path) -> DurableError {
    let set = |options: &str| super::typed::typed(directory, &format!("set{options}"));
    let how = match Config::as_it_stands(path) {
        Ok(_) => format!("`{}` takes the settings as they stand now", set("")),
        Err(what) => format!("{what}; correct that, or `{}` writes it anew", set(" --nodes 3 --slots 1")),
    };
    DurableError::damaged(path, format!("it was changed by hand, as its checksum does not fit: {how}"))
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
        for later in ["form: 2,", "form: 7, gpus: 3,"] {
            put(later);
            let error = Config::open(folder.path()).unwrap_err();
            assert!(matches!(error, DurableError::UnknownForm { .. }), "{error}");
            assert!(
                error.to_string().contains("cluster.ron") && error.to_string().contains("update it"),
                "{error}"
            );
        }
    }

    #[test]
    fn settings_changed_by_hand_are_taken_when_asked_and_named_by_line_when_they_make_no_sense() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        default_config().create(folder.path()).unwrap();
        let good = std::fs::read_to_string(&path).unwrap();
        let edited = |from: &str, to: &str| std::fs::write(&path, good.replace(from, to)).unwrap();
        let told = || Config::open(folder.path()).unwrap_err().to_string();
        let change = |nodes, slots| Config::to_change(folder.path(), nodes, slots);

        edited("slots: 1", "slots: 4");
        assert!(
            told().contains("cluster.ron") && told().contains("alpsckpt cluster set --dir /"),
            "{}",
            told()
        );
        let config = change(None, None).unwrap();
        assert_eq!(config.slots, 4);
        config.replace(folder.path()).unwrap();
        assert_eq!(Config::open(folder.path()).unwrap(), config);

        edited("slots: 1", "slots: 0");
        assert!(told().contains("slots: at least 1") && told().contains("--nodes 3 --slots 1"), "{}", told());
        edited("slots: 1", "slots: many");
        assert!(told().contains("line ") && !told().contains("as they stand"), "{}", told());
        assert!(change(None, Some(2)).is_err() && change(Some(&Nodes::Count(2)), None).is_err());
        let config = change(Some(&Nodes::Count(5)), Some(2)).unwrap();
        assert_eq!((config.nodes.len(), config.slots), (5, 2));
        assert_eq!(config.nodes[4], "dahu-5");
        assert_eq!("2".parse::<Nodes>().unwrap().names(&config.nodes), ["dahu-1", "dahu-2"]);
        assert_eq!("a, b".parse::<Nodes>().unwrap().names(&config.nodes), ["a", "b"]);
        assert!("0".parse::<Nodes>().is_err());
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
