//! What a campaign file says otherwise than before, and what that means for what is computed already.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use super::{Command, Computing, Spec};

/// What the change of a field means for what is computed already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Where files lie: nothing, as long as they are the same files.
    Place,
    /// How jobs run, which of them there are, or what is shown: no bit of a map. It counts for the next attempt of each
    /// chain; jobs that were submitted go on with what they have.
    Job,
    /// What is computed: it belongs to another campaign.
    Science,
}

/// A field that says something else than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The field.
    pub field: &'static str,
    /// What that means.
    pub change: Change,
    /// What it said, in RON.
    pub from: String,
    /// What it says now, in RON.
    pub to: String,
}

impl fmt::Display for Changed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {} → {}", self.field, self.from, self.to)
    }
}

/// The fields in which two specs differ, in the order of the file, with what that means; `accept`, which changes no
/// campaign, is none of them.
#[must_use]
pub fn changes(one: &Spec, other: &Spec) -> Vec<Changed> {
    let beyond_places = changed_fields(&without_places(one), &without_places(other));
    let mut changed = changed_fields(one, other);
    for field in &mut changed {
        if !beyond_places.iter().any(|other| other.field == field.field) {
            field.change = Change::Place;
        }
    }
    changed
}

/// The spec with all its paths left out.
fn without_places(spec: &Spec) -> Spec {
    let mut spec = spec.clone();
    spec.output = PathBuf::new();
    spec.inputs_mut().into_iter().for_each(|path| *path = PathBuf::new());
    spec
}

/// The fields in which two specs differ, in the order of the file, each with what a change of more than places means.
fn changed_fields(one: &Spec, other: &Spec) -> Vec<Changed> {
    /// Names, meanings and the RON of each field, so that no field can be forgotten here.
    macro_rules! fields {
        ($($name:ident: $change:ident),* $(,)?) => {{
            // Fails to compile when a field is missing from the list.
            let Spec { accept: _, $($name: _),* } = one;
            vec![$(differ(stringify!($name), Change::$change, &one.$name, &other.$name)),*]
        }};
    }
    let fields: Vec<Option<Changed>> = fields!(
        version: Science,
        name: Job,
        output: Science,
        dem: Science,
        terrain_note: Job,
        region: Science,
        months: Job,
        year: Science,
        months_per_chain: Job,
        temperature: Science,
        reference_height: Science,
        lapse: Science,
        cloud: Science,
        mode: Science,
        products: Science,
        walltime: Job,
        margin: Job,
        checkpoint_every: Job,
        threads: Job,
        pace: Job,
        workload: Science,
        site: Job,
        setup: Job,
        max_links: Job,
        tile: Science,
        sky_view_month: Job,
        storage: Science,
        compression: Science,
        step_minutes: Science,
        solar_constant: Science,
        transmittance: Science,
        atmosphere: Science,
        diffuse: Science,
        albedo: Science,
        azimuths: Science,
        steps: Science,
        c: Science,
        lai: Science,
        lai_max: Science,
    );
    let mut changed: Vec<Changed> = fields.into_iter().flatten().collect();
    if let (Computing::Command(one), Computing::Command(other)) = (&one.workload, &other.workload)
        && let Some(at) = changed.iter().position(|changed| changed.field == "workload")
    {
        changed.splice(at..=at, one.changes(other));
    }
    changed
}

/// A field, if its values differ.
fn differ<T: Serialize>(field: &'static str, change: Change, one: &T, other: &T) -> Option<Changed> {
    // What no RON can say is a path that is no text: it cannot be frozen, and is refused there.
    let ron = |value: &T| ron::to_string(value).unwrap_or_default();
    let (from, to) = (ron(one), ron(other));
    (from != to).then_some(Changed { field, change, from, to })
}

impl Command {
    /// The fields in which two commands differ. What a program has been started with, it keeps: as to that the next attempt
    /// differs only where it begins anew.
    fn changes(&self, other: &Self) -> Vec<Changed> {
        /// Names and meanings of each field, so that no field can be forgotten here.
        macro_rules! fields {
            ($($name:ident: $change:ident),* $(,)?) => {{
                // Fails to compile when a field is missing from the list.
                let Self { $($name: _),* } = self;
                [$(differ(concat!("workload.", stringify!($name)), Change::$change, &self.$name, &other.$name)),*]
            }};
        }
        let fields: [Option<Changed>; 13] = fields!(
            run: Science,
            environment: Science,
            directory: Science,
            inputs: Science,
            outputs: Job,
            checkpoint: Job,
            network: Job,
            semaphores: Job,
            processors: Job,
            trial: Job,
            progress: Job,
            kit: Job,
            folder: Science,
        );
        fields.into_iter().flatten().collect()
    }
}
