//! A command with everything filled in: what runs for one chain, in these folders.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::command::{Checkpoint, Command, ProgressOf};
use super::command_kinds::{Processors, Semaphores};
use super::placeholders::{self, Name};
use super::{Computing, Spec};
use crate::checkpoint::{CampaignDir, Chain};
use crate::clusters;
use crate::foreign::{Program, cpu, progress};
use crate::quantity::Unit;

/// The folders of a chain's program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// Its own: `{work}`; its temporary files are in `tmp` below.
    pub work: PathBuf,
    /// Where it puts what it makes: `{output}`.
    pub output: PathBuf,
    /// The file of its standard output: `{stdout}`.
    pub stdout: PathBuf,
    /// The file of its standard error: `{stderr}`.
    pub stderr: PathBuf,
}

/// What runs for one chain.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    /// The program from its beginning.
    pub program: Program,
    /// The program that goes on from what it saved itself, with the signal that has it do so.
    pub own: Option<(i32, Program)>,
    /// How it is saved.
    pub checkpoint: Checkpoint,
    /// What becomes of its named semaphores.
    pub semaphores: Semaphores,
    /// Which instructions it may use; its environment says so already.
    pub processors: Processors,
    /// It is dumped after its first minute.
    pub trial: bool,
    /// The folder of the CRIU to use.
    pub kit: Option<PathBuf>,
    /// Files that it makes, each with the place it is moved to.
    pub outputs: Vec<(PathBuf, PathBuf)>,
    /// Files that it reads.
    pub inputs: Vec<PathBuf>,
    /// What tells how far it has come.
    pub progress: Option<progress::ProgressSource>,
}

/// Variables of a job that are of its node or its moment: a program that goes on elsewhere would be misled by them.
const STAYS: [&str; 30] = [
    "_",
    "DBUS_SESSION_BUS_ADDRESS",
    "DISPLAY",
    "HOST",
    "HOSTNAME",
    "INVOCATION_ID",
    "JOURNAL_STREAM",
    "KRB5CCNAME",
    "LISTEN_FDNAMES",
    "LISTEN_FDS",
    "LISTEN_PID",
    "MAIL",
    "MAINPID",
    "NOTIFY_SOCKET",
    "OLDPWD",
    "PPID",
    "PWD",
    "SHLVL",
    "STY",
    "SYSTEMD_EXEC_PID",
    "TEMP",
    "TEMPDIR",
    "TERM",
    "TMP",
    "TMUX",
    "TMUX_PANE",
    "WAYLAND_DISPLAY",
    "WINDOWID",
    "XAUTHORITY",
    "XDG_RUNTIME_DIR",
];

/// Beginnings of names of such variables.
const STAY: [&str; 4] = ["ALPSCKPT_", "SSH_", "WATCHDOG_", "XDG_SESSION_"];

impl Spec {
    /// The command that is to run in the place of the engine.
    #[must_use]
    pub fn command(&self) -> Option<&Command> {
        match &self.workload {
            Computing::Command(command) => Some(command),
            Computing::Engine => None,
        }
    }

    /// Nothing of its program is kept before it ends, so that it must end within one walltime.
    #[must_use]
    pub fn is_unsaved(&self) -> bool {
        self.command().is_some_and(|command| command.checkpoint == Checkpoint::None)
    }

    /// What the work of its chains is counted in.
    #[must_use]
    pub fn unit(&self) -> Unit {
        match self.command().map(|command| &command.progress) {
            None => Unit::Tiles,
            Some(ProgressOf::None) => Unit::CpuSeconds,
            Some(ProgressOf::Lines(..)) => Unit::Lines,
            Some(ProgressOf::Pattern(..)) => Unit::Percent,
        }
    }

    /// The threads of a job on this machine: as the file says, else all that it gives.
    #[must_use]
    pub fn threads_here(&self) -> u32 {
        let available = || std::thread::available_parallelism().map_or(1, |n| n.get() as u32);
        self.threads.unwrap_or_else(available).max(1)
    }
}

impl Command {
    /// The command of a chain in these folders, with the environment of this process, from which is left out what is of
    /// its node or its batch job.
    #[must_use]
    pub fn resolve(&self, spec: &Spec, chain: &Chain, places: &Places) -> Resolved {
        self.resolve_in(spec, chain, places, std::env::vars_os())
    }

    pub(super) fn resolve_in(
        &self,
        spec: &Spec,
        chain: &Chain,
        places: &Places,
        job: impl Iterator<Item = (OsString, OsString)>,
    ) -> Resolved {
        let of_chain = OfChain { spec, command: self, chain, places: Some(places) };
        let begins = Program {
            arguments: of_chain.all(&self.run.arguments()),
            environment: self.environment_in(job, &of_chain, places),
            directory: of_chain.fill(&self.directory).into(),
            output: of_chain.value(Name::Stdout).into(),
            errors: of_chain.value(Name::Stderr).into(),
            network: self.network,
        };
        let own = match &self.checkpoint {
            Checkpoint::Own { signal, resume } => {
                Some((signal.number(), Program { arguments: of_chain.all(resume), ..begins.clone() }))
            }
            _ => None,
        };
        // What tells the progress is made by the program: a relative path counts from where it runs.
        let told = |file: &str| begins.directory.join(of_chain.fill(file));
        let progress = match &self.progress {
            ProgressOf::None => None,
            ProgressOf::Lines(file, total) => {
                Some(progress::ProgressSource::Lines { file: told(file), total: *total })
            }
            ProgressOf::Pattern(file, pattern) => {
                Some(progress::ProgressSource::Pattern { file: told(file), pattern: pattern.clone() })
            }
        };
        Resolved {
            own,
            checkpoint: self.checkpoint.clone(),
            semaphores: self.semaphores,
            processors: self.processors,
            trial: self.trial,
            kit: self.kit.clone(),
            outputs: self.outputs_of(spec, chain, &places.output),
            inputs: self.inputs_of(spec, chain),
            progress,
            program: begins,
        }
    }

    /// The files that a chain of the campaign reads.
    #[must_use]
    pub fn inputs_of(&self, spec: &Spec, chain: &Chain) -> Vec<PathBuf> {
        let of_chain = OfChain { spec, command: self, chain, places: None };
        // What is no text has no placeholder.
        let filled =
            |path: &PathBuf| path.to_str().map_or_else(|| path.clone(), |text| of_chain.fill(text).into());
        self.inputs.iter().map(filled).collect()
    }

    /// The files that a chain makes in `output`, each with its final place.
    #[must_use]
    pub fn outputs_of(&self, spec: &Spec, chain: &Chain, output: &Path) -> Vec<(PathBuf, PathBuf)> {
        let results = CampaignDir::new(&spec.output).results();
        let names = self.output_names(spec, chain).into_iter();
        names.map(|name| (output.join(&name), results.join(&name))).collect()
    }

    /// The outputs of a chain, relative.
    pub(super) fn output_names(&self, spec: &Spec, chain: &Chain) -> Vec<PathBuf> {
        let of_chain = OfChain { spec, command: self, chain, places: None };
        self.outputs.iter().map(|name| of_chain.fill(name).into()).collect()
    }

    /// A text with its placeholders filled in, unless it names folders that only a job has.
    #[must_use]
    pub fn before_it_runs(&self, spec: &Spec, chain: &Chain, text: &str) -> Option<OsString> {
        let of_job = [Name::Work, Name::Output, Name::Stdout, Name::Stderr];
        let of_chain = OfChain { spec, command: self, chain, places: None };
        (!placeholders::has(text, &of_job)).then(|| of_chain.fill(text))
    }

    /// The environment: the job's, less what is of its node, then what we say, then what the file says.
    fn environment_in(
        &self,
        job: impl Iterator<Item = (OsString, OsString)>,
        of_chain: &OfChain<'_>,
        places: &Places,
    ) -> BTreeMap<OsString, OsString> {
        let mut environment: BTreeMap<OsString, OsString> = job.filter(|(name, _)| travels(name)).collect();
        environment.insert("TMPDIR".into(), places.work.join("tmp").into());
        environment.insert("PWD".into(), of_chain.fill(&self.directory));
        environment.extend(self.environment.iter().map(|(name, text)| (name.into(), of_chain.fill(text))));
        if self.processors == Processors::Avx2 {
            // A node that does not tell what it has is taken for one without AVX2: less is masked.
            cpu::mask_avx512(&mut environment, &cpu::Processor::here().unwrap_or_default());
        }
        environment
    }
}

/// Whether a variable of the job means the same on another node.
fn travels(name: &OsStr) -> bool {
    let of_node = STAYS.iter().any(|stays| name == OsStr::new(stays));
    let of_job = name.to_str().is_some_and(clusters::is_of_job);
    !of_node && !of_job && !STAY.iter().any(|start| name.as_bytes().starts_with(start.as_bytes()))
}

/// What placeholders stand for.
struct OfChain<'a> {
    spec: &'a Spec,
    command: &'a Command,
    chain: &'a Chain,
    /// `None` where no text names them.
    places: Option<&'a Places>,
}

impl OfChain<'_> {
    fn fill(&self, text: &str) -> OsString {
        placeholders::fill(text, &|name| self.value(name))
    }

    fn all(&self, texts: &[String]) -> Vec<OsString> {
        texts.iter().map(|text| self.fill(text)).collect()
    }

    fn value(&self, name: Name) -> OsString {
        // A command's chain is of one month.
        let month = self.chain.months.first().copied().unwrap_or_default();
        let place = |of: &dyn Fn(&Places) -> PathBuf| self.places.map(of).unwrap_or_default().into();
        match name {
            Name::Month => format!("{month:02}").into(),
            Name::M => month.to_string().into(),
            Name::Chain => self.chain.id.as_str().into(),
            Name::Campaign => self.spec.name.clone().into(),
            Name::Threads => self.spec.threads_here().to_string().into(),
            Name::Year => self.chain.year.unwrap_or(self.spec.year).to_string().into(),
            Name::Folder => self.command.folder.clone().unwrap_or_default().into(),
            Name::Output => place(&|places| places.output.clone()),
            Name::Work => place(&|places| places.work.clone()),
            Name::Stdout => place(&|places| places.stdout.clone()),
            Name::Stderr => place(&|places| places.stderr.clone()),
        }
    }
}
