//! What is known of sites: the profiles in `assets/sites/`, and what a campaign file adds.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

use super::{Class, Duration, Loaded, Processors, Spec, SpecError};
use crate::clusters;
use crate::quantity;

const FILES: [(&str, &str); 2] = [
    ("dahu.ron", include_str!("../../../assets/sites/dahu.ron")),
    ("generic.ron", include_str!("../../../assets/sites/generic.ron")),
];

/// A site: what its nodes have and what its batch system wants.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// What the campaign file calls it.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// Cores of a node.
    #[serde(default)]
    pub cores: Option<u32>,
    /// Memory of a node, 10^9 bytes.
    #[serde(default)]
    pub memory_gb: Option<u32>,
    /// The longest run of a job.
    #[serde(default)]
    pub walltime: Option<Duration>,
    /// Jobs need a project.
    #[serde(default)]
    pub project: bool,
    /// The queue.
    #[serde(default)]
    pub queue: Option<String>,
    /// Properties of its nodes.
    #[serde(default)]
    pub properties: Option<String>,
    /// The nodes of a job; its cores are added.
    #[serde(default)]
    pub resources: Option<String>,
    /// Which of its nodes have processors of a class.
    #[serde(default)]
    pub processors: Vec<NodesOfClass>,
    /// Lines of shell that a job begins with.
    #[serde(default)]
    pub setup: Vec<String>,
}

/// The nodes of a site with processors of one class.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodesOfClass {
    /// The class.
    pub class: Class,
    /// What they alone have.
    pub properties: String,
}

impl Profile {
    /// All that there are.
    #[must_use]
    pub fn all() -> &'static [Self] {
        static ALL: OnceLock<Vec<Profile>> = OnceLock::new();
        // The test below reads each of them: none is left out in a program that passed it.
        ALL.get_or_init(|| FILES.iter().filter_map(|(_, text)| ron::from_str(text).ok()).collect())
    }

    /// The one with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::all().iter().find(|profile| profile.name == name)
    }

    /// What its batch system wants for a job with so many threads; all cores of a node where that is open.
    fn lines(&self, threads: Option<u32>) -> BTreeMap<String, String> {
        let resources = self.resources.as_ref().map(|nodes| match threads {
            Some(threads) => (clusters::site_language().with_cores)(nodes, threads),
            None => nodes.clone(),
        });
        let all = [
            ("queue", self.queue.clone()),
            ("properties", self.properties.clone()),
            ("resources", resources),
        ];
        all.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
    }
}

impl Loaded {
    /// What is wrong when a job of so many threads takes more memory than a node of its site has.
    #[must_use]
    pub fn too_large(&self, site: &Profile, threads: u32, bytes: u64) -> Option<SpecError> {
        let memory = u64::from(site.memory_gb?) * 1_000_000_000;
        if bytes <= memory {
            return None;
        }
        let (field, value, cure) = match self.spec.tile {
            Some(tile) => ("tile", tile, "leave `tile` out: the largest that a job's memory allows is taken"),
            None => ("threads", threads, "write a smaller `threads`: each takes memory of its own"),
        };
        let what = format!(
            "`{field}` {value}: a job is predicted to take up to {} of memory with {}; a node of {} has {}",
            quantity::bytes(bytes),
            quantity::count(u64::from(threads), "thread"),
            site.title,
            quantity::bytes(memory)
        );
        Some(SpecError::new(&self.file, self.line_of(field), what, cure))
    }
}

/// The parts of the field `site`: names, and pairs of key and value.
fn parts(site: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    site.split(';').map(str::trim).filter(|part| !part.is_empty()).map(|part| match part.split_once('=') {
        Some((key, value)) => (key.trim(), Some(value.trim())),
        None => (part, None),
    })
}

impl Spec {
    /// The names in `site`.
    pub(super) fn site_names(&self) -> Vec<&str> {
        let parts = parts(self.site.as_deref().unwrap_or(""));
        parts.filter(|(_, value)| value.is_none()).map(|(name, _)| name).collect()
    }

    /// The names in `site` of which nothing is known.
    #[must_use]
    pub fn site_labels(&self) -> Vec<&str> {
        self.site_names().into_iter().filter(|name| Profile::named(name).is_none()).collect()
    }

    /// The keys in `site` with their values, the site's own lines left out.
    #[must_use]
    pub fn own_site_lines(&self) -> BTreeMap<String, String> {
        let parts = parts(self.site.as_deref().unwrap_or(""));
        parts.filter_map(|(key, value)| Some((key.to_owned(), value?.to_owned()))).collect()
    }

    /// The profile that the campaign file names; a name without one is a label.
    #[must_use]
    pub fn profile(&self) -> Option<&'static Profile> {
        self.site_names().into_iter().find_map(Profile::named)
    }

    /// The cores that the campaign file's own `resources` ask for on a node, where they say so.
    #[must_use]
    pub fn own_cores(&self) -> Option<u32> {
        let lines = self.own_site_lines();
        (clusters::site_language().cores)(lines.get("resources")?)
    }

    /// What the site's batch system wants, by key: the profile's lines, and those of the campaign file in their place. A site of
    /// which nothing is known is asked for the cores of a job all the same: a batch system's own default may be one, whatever
    /// `threads` says.
    #[must_use]
    pub fn site_lines(&self) -> BTreeMap<String, String> {
        self.site_lines_of(None)
    }

    /// The same for a chain whose program goes on with processors of this class, as its image tells: its jobs ask for such
    /// nodes where the site or the campaign file says which these are. What the campaign file itself asks for comes first.
    #[must_use]
    pub fn site_lines_of(&self, learnt: Option<&str>) -> BTreeMap<String, String> {
        let profile = self.profile().or_else(|| Profile::named("generic"));
        let mut lines = profile.map(|profile| profile.lines(self.threads)).unwrap_or_default();
        lines.extend(self.own_site_lines());
        lines.retain(|key, _| key.parse::<Class>().is_err());
        if let Some(of_class) = self.class_of_jobs(learnt).and_then(|class| self.classes().remove(&class)) {
            let properties = lines.entry("properties".to_owned()).or_default();
            *properties = match properties.as_str() {
                "" => of_class,
                wanted => (clusters::site_language().both)(wanted, &of_class),
            };
        }
        lines
    }

    /// The class of processors that jobs ask for: the one that the campaign file says, else the one that is learnt from an image.
    #[must_use]
    pub fn class_of_jobs(&self, learnt: Option<&str>) -> Option<Class> {
        let command = self.command().filter(|command| command.is_dumped())?;
        match command.processors {
            Processors::Class(class) => Some(class),
            Processors::Avx2 => None,
            Processors::Native => learnt?.parse().ok(),
        }
    }

    /// What nodes of each class of processors have: as the site's profile says, and the campaign file in its place.
    #[must_use]
    pub fn classes(&self) -> BTreeMap<Class, String> {
        let profile = self.profile().map(|profile| profile.processors.as_slice()).unwrap_or_default();
        let known = profile.iter().map(|nodes| (nodes.class, nodes.properties.clone()));
        let own = self.own_site_lines().into_iter();
        known.chain(own.filter_map(|(key, value)| Some((key.parse().ok()?, value)))).collect()
    }

    /// Lines of shell that a job begins with: the profile's, then the campaign file's.
    #[must_use]
    pub fn setup_lines(&self) -> Vec<&str> {
        let site = self.profile().map(|profile| profile.setup.as_slice()).unwrap_or_default();
        site.iter().chain(&self.setup).map(String::as_str).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_that_no_node_of_the_site_can_hold_is_told_with_line_and_numbers() {
        let site = Profile { memory_gb: Some(4), ..Profile::named("dahu").unwrap().clone() };
        let loaded = |field: &str| {
            let text = crate::campaign::spec::template().replacen('(', &format!("({field}"), 1);
            crate::campaign::spec::parse(std::path::Path::new("/data/my.ron"), &text).unwrap()
        };
        let tile = loaded("\n    tile: 4096,");
        assert_eq!(tile.too_large(&site, 32, 4_000_000_000), None);
        let error = tile.too_large(&site, 32, 5_200_000_000).unwrap();
        let line = tile.text.lines().position(|line| line.trim() == "tile: 4096,").unwrap() + 1;
        assert_eq!(error.line, Some(line));
        assert!(error.what.starts_with("`tile` 4096: a job is predicted to take up to 5.2 GB"), "{error}");
        assert!(
            error.what.contains("Grenoble has 4.0 GB") && error.cure.contains("leave `tile` out"),
            "{error}"
        );
        let threads = loaded("").too_large(&site, 8, 5_200_000_000).unwrap();
        assert!(threads.what.starts_with("`threads` 8:") && threads.line.is_some(), "{threads}");
        let unknown = Profile { memory_gb: None, ..site };
        assert_eq!(tile.too_large(&unknown, 32, u64::MAX), None);
    }

    #[test]
    fn a_profile_says_which_nodes_have_processors_of_a_class() {
        let text = "(name: \"two\", title: \"Two kinds\", processors: [
            (class: \"x86-64-v3\", properties: \"cputype='epyc'\"), (class: \"x86-64-v4\", properties: \"cputype='gold'\")])";
        let profile: Profile = ron::from_str(text).unwrap();
        let nodes = profile.processors.iter().map(|nodes| (nodes.class, nodes.properties.as_str()));
        assert_eq!(nodes.collect::<Vec<_>>(), [(Class::V3, "cputype='epyc'"), (Class::V4, "cputype='gold'")]);
        assert!(ron::from_str::<Profile>(&text.replace("-v3", "-v9")).is_err());
    }

    #[test]
    fn every_profile_is_read_and_named_like_its_file() {
        for (file, text) in FILES {
            let profile: Profile = ron::from_str(text).unwrap_or_else(|e| panic!("{file}: {e}"));
            assert_eq!(format!("{}.ron", profile.name), file);
        }
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/sites");
        assert_eq!(std::fs::read_dir(folder).unwrap().count(), FILES.len(), "a profile is not built in");
        assert_eq!(Profile::all().len(), FILES.len());
    }
}
