//! What of running tasks cannot be dumped: all looks, one after another.

use super::hindrance::{Hindrance, Hindrances, Obstacle, Scene, TaskScan};
use super::{descriptors, mappings, sockets, state, sysv};

/// What of these tasks cannot be dumped: what is certain first, each kind of trouble with a thing once.
///
/// It takes some milliseconds for a hundred open files and a thousand mapped ones, and changes nothing.
#[must_use]
pub fn hindrances(tasks: &[u32], look: &TaskScan) -> Vec<Hindrance> {
    let scene = Scene::of(tasks, look);
    let mut found = Hindrances::default();
    state::look(&scene, &mut found);
    descriptors::look(&scene, &mut found);
    sockets::look(&scene, &mut found);
    mappings::look(&scene, &mut found);
    sysv::look(&scene, &mut found);
    found.all.sort_by_key(|hindrance| !hindrance.certain);
    found.all
}

/// What whoever dumps these tasks would take without a word, though what is restored goes wrong, or cannot be restored at all: a dump
/// is to be refused before it is begun.
///
/// With `standing` the tasks stand already, and what dumps them is at work beside them.
#[must_use]
pub fn wrong(tasks: &[u32], look: &TaskScan, standing: bool) -> Option<Hindrance> {
    let scene = Scene { standing, ..Scene::of(tasks, look) };
    let mut found = Hindrances::default();
    descriptors::look(&scene, &mut found);
    found
        .all
        .into_iter()
        .find(|hindrance| hindrance.certain && matches!(hindrance.kind, Obstacle::Terminal | Obstacle::Pipe))
}
