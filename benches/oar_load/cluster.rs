//! The cluster of `tests/cluster`, and the rows in its database.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use alpsckpt::batch::Token;

use crate::Outcome;

/// The lowest number of a job made here: far above OAR's own, and within the 32 bits of its tables.
pub(crate) const FIRST_JOB: usize = 1_900_000_000;

/// A cluster that is up.
#[derive(Debug)]
pub(crate) struct Cluster {
    oar: String,
}

impl Cluster {
    /// Raises it, if it is not up.
    pub(crate) fn raise(oar: &str) -> Outcome<Self> {
        let cluster = Self { oar: oar.to_owned() };
        run(cluster.command("up"), "")?;
        Ok(cluster)
    }

    /// One of the commands of `tests/cluster`, by its path and first option.
    pub(crate) fn words(&self, name: &str) -> [String; 3] {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cluster").join(name);
        [path.display().to_string(), "--oar".to_owned(), self.oar.clone()]
    }

    fn command(&self, name: &str) -> Command {
        let [program, option, version] = self.words(name);
        let mut command = Command::new(program);
        command.args([option, version]);
        command
    }

    /// Runs a command on the login node.
    pub(crate) fn on_front(&self, user: &str, command: &[&str], input: &str) -> Outcome<String> {
        let mut exec = self.command("exec");
        exec.arg(format!("{user}@front")).args(command);
        run(exec, input)
    }

    fn sql(&self, database: &str, variables: &[(&str, String)], text: &str) -> Outcome<String> {
        let mut psql = format!("psql -qAt -v ON_ERROR_STOP=1 {database}");
        for (name, value) in variables {
            psql.push_str(&format!(" -v {name}={value}"));
        }
        self.on_front("root", &["su", "postgres", "-c", &psql], text)
    }

    /// What OAR calls itself.
    pub(crate) fn version(&self) -> Outcome<String> {
        let text = self.on_front("alice", &["oarstat", "--version"], "")?;
        Ok(text.trim().replace("version :", "version:").replace(" version:", ""))
    }

    /// Statements that OAR's database has answered: OAR makes a transaction of each. Asked by another database, not to count.
    pub(crate) fn statements(&self) -> Outcome<u64> {
        // A connection reports what it did when it ends, a second after that at the latest.
        std::thread::sleep(std::time::Duration::from_millis(1200));
        let text = "select xact_commit + xact_rollback from pg_stat_database where datname = 'oar'";
        let answer = self.sql("postgres", &[], text)?;
        answer.trim().parse().map_err(|_| format!("the database counts {answer:?} transactions"))
    }

    pub(crate) fn rows(&self) -> Rows<'_> {
        Rows(self)
    }

    pub(crate) fn remove_rows(&self) -> Outcome<()> {
        self.sql(
            "oar",
            &[("first", FIRST_JOB.to_string())],
            include_str!("../../tests/cluster/rows/delete.sql"),
        )
        .map(drop)
    }
}

fn me() -> Outcome<String> {
    let user = nix::unistd::User::from_uid(nix::unistd::Uid::effective()).ok().flatten();
    user.map(|user| user.name).ok_or_else(|| "this user has no name".to_owned())
}

/// The rows made here; removed at the end, also after an error.
pub(crate) struct Rows<'a>(&'a Cluster);

impl Rows<'_> {
    /// These and no others.
    pub(crate) fn put(&self, tokens: &[Token], links: usize, others: usize) -> Outcome<()> {
        self.0.remove_rows()?;
        // A token is letters, digits and dots.
        let tokens: Vec<&str> = tokens.iter().map(|t| t.0.as_str()).collect();
        let variables = [
            ("first", FIRST_JOB.to_string()),
            ("tokens", tokens.join(",")),
            ("links", links.to_string()),
            ("others", others.to_string()),
            // The client asks for the jobs of the user that it runs as, here the machine's.
            ("owner", me()?),
        ];
        self.0.sql("oar", &variables, include_str!("../../tests/cluster/rows/insert.sql")).map(drop)
    }

    pub(crate) fn remove(self) -> Outcome<()> {
        self.0.remove_rows()
    }
}

impl Drop for Rows<'_> {
    fn drop(&mut self) {
        if let Err(sentence) = self.0.remove_rows() {
            eprintln!("oar_load: jobs from number {FIRST_JOB} on are left in the database: {sentence}");
        }
    }
}

/// Runs a command to its end; its standard output.
pub(crate) fn run(mut command: Command, input: &str) -> Outcome<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let cannot = |e: std::io::Error| format!("{name}: {e}");
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(cannot)?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that reads no input ends before it is written.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child.wait_with_output().map_err(cannot)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let words: Vec<_> = command.get_args().take(6).map(|a| a.to_string_lossy()).collect();
    let complaint = String::from_utf8_lossy(&output.stderr);
    Err(format!("{name} {}: {}: {}", words.join(" "), output.status, complaint.trim()))
}
