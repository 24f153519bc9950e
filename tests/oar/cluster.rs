//! The cluster of one version of OAR, by the commands in `tests/cluster`.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use crate::place::until;
use crate::scene::{Answer, PROGRAM};

pub(crate) const VERSIONS: [&str; 2] = ["2.5", "2.6"];

pub(crate) struct Cluster {
    pub(crate) version: &'static str,
    /// What its hosts see as `/shared`, on this machine.
    pub(crate) shared: PathBuf,
    outage: Mutex<()>,
    /// It was up before.
    found: bool,
}

/// Far above the numbers that OAR gives, within the 32 bits of its tables.
pub(crate) const FIRST_ROW: u64 = 1_900_000_000;

static CLUSTERS: [OnceLock<Result<Cluster, String>>; 2] = [const { OnceLock::new() }; 2];

impl Cluster {
    /// The cluster, raised by whoever asks first; why it cannot run here.
    pub(crate) fn get(version: &'static str) -> Result<&'static Self, &'static str> {
        let index = VERSIONS.iter().position(|v| *v == version).unwrap();
        CLUSTERS[index].get_or_init(|| Self::raise(version)).as_ref().map_err(String::as_str)
    }

    fn raise(version: &'static str) -> Result<Self, String> {
        // Both install Debian's packages.
        static ONE_BY_ONE: Mutex<()> = Mutex::new(());
        let _one = ONE_BY_ONE.lock().unwrap_or_else(PoisonError::into_inner);
        if Command::new("tmux").arg("-V").output().is_err() {
            return Err("`tmux` is not installed; tests/run installs it as root".to_owned());
        }
        let found = script("exec", version).args(["front", "true"]).output().unwrap().status.success();
        let up = Answer::of(script("up", version).output().unwrap());
        eprint!("{}", up.stderr);
        if up.code != Some(0) {
            return Err(format!("tests/cluster/up --oar {version}: {}", up.stderr.trim()));
        }
        let shared = up.stderr.trim().rsplit_once("/shared is ").expect("up says where /shared is").1;
        let cluster = Self { version, shared: shared.into(), outage: Mutex::new(()), found };
        let program = std::fs::File::open(PROGRAM).unwrap();
        let mut install =
            cluster.exec("front", &["install", "-m", "755", "/dev/stdin", "/shared/bin/alpsckpt"]);
        Answer::of(install.stdin(program).output().unwrap()).good();
        cluster.remove_rows();
        // What an earlier run left would take the cores of this one.
        let leftovers = "state NOT IN ('Terminated', 'Error') AND job_user IN ('alice', 'bob')";
        cluster.admin(&["oardel", "--sql", leftovers]);
        let living = format!("SELECT 1 FROM jobs WHERE {leftovers}");
        until("the end of an earlier run's jobs", 1000, || cluster.sql(&living).is_empty().then_some(()));
        cluster.put_rows(&Rows { first: FIRST_ROW, token: "", links: 0, others: 600, owner: "bob" });
        Ok(cluster)
    }

    /// Stops what was raised here; what was up before is left in good order.
    pub(crate) fn leave_all() {
        for cluster in CLUSTERS.iter().filter_map(OnceLock::get).flatten() {
            cluster.switch(if cluster.found { "up" } else { "down" }, &[]);
        }
    }

    /// Brings back what a failed scenario left cut or stopped.
    pub(crate) fn restore(&self) {
        self.switch("up", &[]);
    }

    /// While it is held no other scenario stops or drains parts of the cluster.
    pub(crate) fn alone(&self) -> MutexGuard<'_, ()> {
        self.outage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A command on a host: `front`, `alice@front`, `node3` …
    pub(crate) fn exec(&self, host: &str, command: &[impl AsRef<OsStr>]) -> Command {
        let mut exec = script("exec", self.version);
        exec.arg(host).args(command).stdin(Stdio::null());
        exec
    }

    /// What an administrator does on the login node.
    pub(crate) fn admin(&self, command: &[&str]) -> Answer {
        Answer::of(self.exec("front", command).output().unwrap())
    }

    /// No new job starts on this node, or some may again.
    pub(crate) fn drain(&self, node: &str, on: bool) {
        self.admin(&["oarnodesetting", "-h", node, "--drain", if on { "on" } else { "off" }]).good();
    }

    /// A command of `tests/cluster` that changes it, with these arguments.
    pub(crate) fn switch(&self, what: &str, arguments: &[&str]) {
        Answer::of(script(what, self.version).args(arguments).output().unwrap()).good();
    }

    /// Puts jobs into the database.
    pub(crate) fn put_rows(&self, rows: &Rows) {
        let Rows { first, token, links, others, owner } = rows;
        self.psql(
            &[
                &format!("first={first}"),
                &format!("tokens={token}"),
                &format!("links={links}"),
                &format!("others={others}"),
                &format!("owner={owner}"),
            ],
            include_str!("../cluster/rows/insert.sql"),
        );
    }

    /// Removes all that were put there, also by others.
    fn remove_rows(&self) {
        self.psql(&[&format!("first={FIRST_ROW}")], include_str!("../cluster/rows/delete.sql"));
    }

    /// Runs statements in OAR's database; what they say, columns separated by `|`.
    fn psql(&self, variables: &[&str], script: &str) -> String {
        let mut psql =
            vec!["runuser", "-u", "postgres", "--", "psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "oar"];
        psql.extend(variables.iter().flat_map(|variable| ["-v", variable]));
        let mut exec = self.exec("front", &psql);
        let mut child =
            exec.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        Answer::of(child.wait_with_output().unwrap()).good().stdout.clone()
    }

    /// The rows that a query gives, in columns. The database answers in a hundredth of the time that `oarstat` takes.
    pub(crate) fn sql(&self, query: &str) -> Vec<Vec<String>> {
        let row = |line: &str| line.split('|').map(str::to_owned).collect();
        self.psql(&[], query).lines().map(row).collect()
    }
}

/// Jobs that exist in OAR's database only: a third of the others' and the last of the attempt are held, the rest has ended.
pub(crate) struct Rows<'a> {
    /// The lowest number, [`FIRST_ROW`] at least.
    pub(crate) first: u64,
    /// The attempt, a job's name.
    pub(crate) token: &'a str,
    /// Its jobs.
    pub(crate) links: u32,
    /// Jobs of others beside it.
    pub(crate) others: u32,
    /// Whose the attempt is.
    pub(crate) owner: &'a str,
}

/// A command of `tests/cluster` on the cluster of a version.
pub(crate) fn script(name: &str, version: &str) -> Command {
    let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cluster").join(name));
    command.args(["--oar", version]).stdin(Stdio::null());
    command
}
