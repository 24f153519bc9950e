//! A chain's folder with DMTCP beside it, or a stand-in, and a program that counts.

use super::*;

/// A program that counts to its first argument, a line each, and ends with its second.
pub(super) const COUNT: &str = r#"memory=${DMTCP_STAND_IN_MEMORY:-/dev/null}
i=$(cat "$memory"); i=${i:-0}
while [ "$i" -lt "$1" ]; do i=$((i + 1)); echo "$i"; echo "$i" >"$memory"; sleep "${PAUSE:-0.02}"; done
exit "$2""#;

/// A chain's folder, and DMTCP beside it.
pub(super) struct ChainPlace {
    pub(super) folder: tempfile::TempDir,
    pub(super) tools: Tools,
    pub(super) real: bool,
}

impl ChainPlace {
    pub(super) fn new() -> Self {
        let real = std::env::var_os(VARIABLE);
        Self::with(real.as_ref().map(Path::new))
    }

    /// Of the stand-in, for what a real one does not do when it is told.
    pub(super) fn of_stand_in() -> Self {
        Self::with(None)
    }

    pub(super) fn with(real: Option<&Path>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["bin", "state", "chain", "image"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let stand_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/dmtcp");
        for entry in fs::read_dir(stand_in).unwrap().map(Result::unwrap) {
            fs::copy(entry.path(), folder.path().join("bin").join(entry.file_name())).unwrap();
        }
        let tools = find(Some(real.unwrap_or(folder.path()))).unwrap();
        Self { folder, tools, real: real.is_some() }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn backend(&self) -> Dmtcp {
        Dmtcp::new(self.tools.clone(), &self.path("chain"))
    }

    pub(super) fn program(&self, script: &str, arguments: &[&str]) -> Program {
        let words = [&["/bin/sh", "-c", script, "sh"], arguments].concat();
        Program {
            arguments: words.into_iter().map(OsString::from).collect(),
            environment: self.environment(),
            directory: self.path(""),
            output: self.path("out"),
            errors: self.path("err"),
            network: Network::Shared,
        }
    }

    pub(super) fn environment(&self) -> BTreeMap<OsString, OsString> {
        let mut environment = BTreeMap::from([("PATH".into(), "/usr/bin:/bin".into())]);
        if self.real {
            // DMTCP 4.1.1 ends a program that begins another at the very moment when it is asked for an image.
            environment.insert("PAUSE".into(), "0.3".into());
        }
        environment
    }

    pub(super) fn said(&self) -> Vec<u32> {
        let text = fs::read_to_string(self.path("out")).unwrap_or_default();
        text.lines().map(|line| line.parse().unwrap()).collect()
    }

    pub(super) fn wait_for_line(&self, line: u32) {
        let until = Instant::now() + Duration::from_mins(2);
        while !self.said().contains(&line) {
            assert!(Instant::now() < until, "no line {line}: {}", last_lines(&self.path("err")));
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(super) fn coordinators(&self) -> Vec<i32> {
        let prefix = self.path("chain").join("port-").display().to_string();
        let all = procfs::process::all_processes().unwrap().flatten();
        let ours: Vec<(i32, i32)> = all
            .filter(|process| {
                process.cmdline().unwrap_or_default().iter().any(|word| word.starts_with(&prefix))
            })
            .filter_map(|process| Some((process.pid, process.stat().ok()?.ppid)))
            .collect();
        // What one of them is about to start still has its words.
        let is_one =
            |(pid, parent): &(i32, i32)| ours.iter().all(|(other, _)| other != parent).then_some(*pid);
        ours.iter().filter_map(is_one).collect()
    }

    /// Nothing of it runs any more.
    pub(super) fn quiet(&self) {
        let until = Instant::now() + Duration::from_mins(1);
        while !self.coordinators().is_empty() {
            assert!(Instant::now() < until, "a coordinator stays: {:?}", self.coordinators());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
