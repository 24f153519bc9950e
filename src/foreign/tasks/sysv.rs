//! What the tasks have of System V's communication that no open file and no mapping shows.

use super::hindrance::{Hindrances, Obstacle, Scene};
use super::proc;

pub(super) fn look(scene: &Scene<'_>, found: &mut Hindrances) {
    let Some(first) = scene.tasks.first().map(|task| task.number) else { return };
    let made = Since { uid: owner(first), moment: began(scene) };
    for segment in rows("shm").iter().filter(|segment| scene.numbers.contains(&(segment.of("cpid") as u32))) {
        // One that is attached shows in the mappings, too: the words are the same.
        let what = "it has shared memory of System V (shmget), which cannot be put back without root";
        let cure = "use the shared memory of POSIX (shm_open) or mapped files, by the program's options";
        found.certain(segment.of("cpid") as u32, Obstacle::SharedMemory, what, cure);
    }
    for set in rows("sem").iter().filter(|set| made.fits(set)) {
        let what = format!(
            "a set of semaphores of System V (number {}) was made since it began: if by it, they are lost without a word",
            set.of("semid")
        );
        let cure = "let it use other semaphores, by its options; a set that nothing uses any more goes by `ipcrm -s NUMBER`";
        found.perhaps(first, Obstacle::SystemSemaphores, what, cure);
    }
    for queue in rows("msg") {
        let used = ["lspid", "lrpid"]
            .into_iter()
            .map(|by| queue.of(by) as u32)
            .find(|by| scene.numbers.contains(by));
        let what = |by| {
            format!("a message queue of System V (number {}) {by}: what is in it is lost", queue.of("msqid"))
        };
        let cure = "let it use files or sockets, by its options; a queue that nothing uses any more goes by `ipcrm -q NUMBER`";
        if let Some(task) = used {
            found.certain(task, Obstacle::SystemQueue, what("is used by it"), cure);
        } else if made.fits(&queue) {
            found.perhaps(first, Obstacle::SystemQueue, what("was made since it began"), cure);
        }
    }
}

/// Made by this user, since then.
struct Since {
    uid: i64,
    moment: i64,
}

impl Since {
    fn fits(&self, row: &SysvRow) -> bool {
        row.of("cuid") == self.uid && row.of("ctime") >= self.moment
    }
}

/// The user of a task; -1 when it has ended.
fn owner(task: u32) -> i64 {
    let status = proc::text(task, "status").unwrap_or_default();
    let ids = proc::field(&status, "Uid").unwrap_or_default();
    ids.split_ascii_whitespace().nth(1).and_then(|id| id.parse().ok()).unwrap_or(-1)
}

/// When the first of the tasks began, seconds since 1970.
fn began(scene: &Scene<'_>) -> i64 {
    let ticks =
        scene.tasks.iter().filter_map(|task| proc::stat(task.number).ok()).map(|stat| stat.started).min();
    let machine = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let started = machine.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse::<i64>().ok());
    match (ticks, started) {
        (Some(ticks), Some(started)) => started + (ticks / procfs::ticks_per_second().max(1)) as i64,
        _ => i64::MAX,
    }
}

/// A line of `/proc/sysvipc/…`, by its column's names.
struct SysvRow(Vec<(String, i64)>);

impl SysvRow {
    /// A column's number; -1 without.
    fn of(&self, column: &str) -> i64 {
        self.0.iter().find(|(name, _)| name == column).map_or(-1, |(_, value)| *value)
    }
}

fn rows(kind: &str) -> Vec<SysvRow> {
    let table = std::fs::read_to_string(format!("/proc/sysvipc/{kind}")).unwrap_or_default();
    let mut lines = table.lines();
    let names: Vec<&str> = lines.next().unwrap_or_default().split_ascii_whitespace().collect();
    let row = |line: &str| {
        let values = line.split_ascii_whitespace().map(|value| value.parse().unwrap_or(-1));
        SysvRow(names.iter().map(ToString::to_string).zip(values).collect())
    };
    lines.map(row).collect()
}
