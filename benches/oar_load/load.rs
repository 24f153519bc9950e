//! What the login node does in a span of time: its cores, its database.

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::Outcome;
use crate::cluster::Cluster;

/// What was done.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Load {
    pub(crate) seconds: f64,
    /// Commands of OAR run for us.
    pub(crate) commands: usize,
    /// Statements that the database has answered.
    pub(crate) statements: u64,
    /// Time of the cores, of all the login node's processes, s.
    pub(crate) front: f64,
    /// Of it, that of the database's server.
    pub(crate) postgres: f64,
}

/// Time of the cores until now, s: the login node's control group, with all that has ended, and the database server's processes.
fn cores(cluster: &Cluster) -> Outcome<(f64, f64)> {
    // On cgroup v1 the v2 hierarchy, which counts the same, is a folder of it.
    let script = "getconf CLK_TCK; cat /sys/fs/cgroup/cpu.stat /sys/fs/cgroup/unified/cpu.stat 2>/dev/null | grep usage_usec
        grep -h '(postgres)' /proc/[0-9]*/stat 2>/dev/null";
    let text = cluster.on_front("root", &["sh", "-c", script], "")?;
    let read = || {
        let mut lines = text.lines();
        let ticks: f64 = lines.next()?.parse().ok()?;
        let front: f64 = lines.next()?.strip_prefix("usage_usec ")?.parse().ok()?;
        // utime, stime, and those of children that were waited for: what its ended connections took.
        let used = |line: &str| -> f64 {
            line.split(' ').skip(13).take(4).filter_map(|n| n.parse::<f64>().ok()).sum()
        };
        Some((front / 1e6, lines.map(used).sum::<f64>() / ticks))
    };
    read().ok_or_else(|| format!("the login node does not say what its processes cost: {text:?}"))
}

/// The load while `act` runs, which tells how many commands it has run, and for so many seconds at least.
pub(crate) fn watch(cluster: &Cluster, seconds: u64, act: impl FnOnce() -> Outcome<usize>) -> Outcome<Load> {
    let statements = cluster.statements()?;
    let (began, before) = (Instant::now(), cores(cluster)?);
    let commands = act()?;
    std::thread::sleep(Duration::from_secs(seconds).saturating_sub(began.elapsed()));
    let (after, seconds) = (cores(cluster)?, began.elapsed().as_secs_f64());
    Ok(Load {
        seconds,
        commands,
        statements: cluster.statements()? - statements,
        front: after.0 - before.0,
        postgres: after.1 - before.1,
    })
}
