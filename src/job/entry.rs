//! `alpsckpt job run`: what a batch job executes, first time or resumed, always the same command.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};
use nix::unistd::{SysconfVar, sysconf};

use super::origin::Origin;
use super::run::{fail_setup, run_chain};
use super::setup::SetupFailure;
use super::signals;
use super::terms::{Outcome, RunOptions, Stop};
use crate::batch::LinkEnvironment;
use crate::campaign::chains::{self, ChainError};
use crate::campaign::spec::{self, Spec};
use crate::checkpoint::{CampaignDir, ChainId, ExitClass, LOCAL};
use crate::clusters;
use crate::durable::{DurableError, patience};
use crate::host;
use crate::shell_words::word;

/// What the batch system says about the job, in its environment.
#[derive(Debug, Clone, PartialEq)]
pub struct JobEnvironment {
    /// Its number, or `local` outside a batch system.
    pub job_id: String,
    /// The node it runs on.
    pub node: String,
    /// Its walltime, scheduler seconds; `None`: the spec's.
    pub walltime: Option<u64>,
    /// Scheduler seconds in one real second.
    pub time_scale: f64,
    /// From when on the end of the job counts, scheduler seconds after its start: see [`crate::batch::LinkEnvironment`].
    pub counted_after: Option<f64>,
    /// Its name.
    pub job_name: String,
    /// The number of the submission that it comes from.
    pub array: String,
    /// Its last command after a link that is to go on: see [`crate::batch::LinkEnvironment`].
    pub go_on_by: Option<Vec<String>>,
}

impl From<LinkEnvironment> for JobEnvironment {
    fn from(told: LinkEnvironment) -> Self {
        Self {
            job_id: told.job.to_string(),
            node: told.node.unwrap_or_else(host_name),
            walltime: told.walltime,
            time_scale: told.time_scale,
            counted_after: told.counted_after,
            job_name: told.name,
            array: told.submission,
            go_on_by: told.go_on_by,
        }
    }
}

impl JobEnvironment {
    /// Of this process.
    #[must_use]
    pub fn of_process() -> Self {
        Self::read(&|name| std::env::var(name).ok())
    }

    pub(super) fn read(variable: &dyn Fn(&str) -> Option<String>) -> Self {
        match clusters::environment(variable) {
            Some(told) => told.into(),
            None => Self {
                job_id: LOCAL.to_owned(),
                node: host_name(),
                walltime: None,
                time_scale: 1.0,
                counted_after: None,
                job_name: String::new(),
                array: String::new(),
                go_on_by: None,
            },
        }
    }

    /// Leaves the job, whose link ended in this class: runs its last command where the job has itself run again. Returns the exit
    /// code of the process, which is the class's own whatever came of the command: where that failed, no next run comes, and the
    /// chain is told to be checkpointed and not resubmitted.
    #[must_use]
    pub fn leave(&self, class: ExitClass) -> u8 {
        let again = self.go_on_by.as_deref().filter(|_| class == ExitClass::Checkpointed);
        if let Some([program, arguments @ ..]) = again {
            // The job's walltime bounds it. Where it comes through, the batch system may end this process before it returns.
            let why = match Command::new(program).args(arguments).stdin(Stdio::null()).status() {
                Ok(status) if status.success() => return class.code(),
                Ok(status) => status.to_string(),
                Err(error) => error.to_string(),
            };
            tell!("alpsckpt: {program} did not put this job back in the queue ({why}): resubmit the chain");
        }
        class.code()
    }

    /// When a link that began at `start` must stop.
    pub(super) fn stop(&self, spec: &Spec, start: Instant) -> Stop {
        let walltime = self.walltime.unwrap_or(spec.walltime.seconds());
        let after = |seconds: f64| {
            Duration::try_from_secs_f64(seconds / self.time_scale).ok().and_then(|d| start.checked_add(d))
        };
        let margin = spec.margin.seconds();
        let signalled = walltime.saturating_sub(margin) as f64;
        Stop {
            asked: signals::stop_flag(),
            end: after(walltime as f64),
            deadline: after(signalled + margin as f64 - spec.latest_stop()),
            not_before: self.counted_after.and_then(after),
        }
    }
}

/// This machine's name.
#[must_use]
pub fn host_name() -> String {
    Some(host::name()).filter(|name| !name.is_empty()).unwrap_or_else(|| "unknown".to_owned())
}

/// Threads to compute with: the spec's, else all that this process may use.
#[must_use]
pub fn threads(spec: &Spec) -> u32 {
    spec.threads_here()
}

/// What a job is to do.
#[derive(Debug, Clone)]
pub struct Order<'a> {
    /// The campaign's output folder.
    pub output: &'a Path,
    /// The chain.
    pub chain: &'a ChainId,
    /// The hash of the frozen spec.
    pub spec_hash: &'a str,
    /// The campaign's own name; `None`: not told.
    pub campaign: Option<&'a str>,
    /// The setup failed: nothing is to be done but to tell it.
    pub setup: Option<SetupFailure>,
}

/// Runs one link of a chain; returns the process's exit code.
#[must_use]
pub fn entry(order: &Order<'_>) -> u8 {
    // The batch system counts from the start of the script, whatever that did before.
    let now = Instant::now();
    let start = age().and_then(|age| now.checked_sub(age)).unwrap_or(now);
    let _ = signals::take();
    patience::set(patience::OF_LINKS);
    let surroundings = JobEnvironment::of_process();
    let outcome = match (prepare(order, start, &surroundings), &order.setup) {
        (Ok(options), Some(failure)) => fail_setup(order.output, &options, failure),
        (Ok(options), None) => run_chain(order.output, &options, &|_| ()),
        (Err(outcome), _) => outcome,
    };
    tell!("alpsckpt: {}", outcome.message);
    surroundings.leave(outcome.class)
}

/// For how long this process has been there, under whatever program.
fn age() -> Option<Duration> {
    let a_second = u32::try_from(sysconf(SysconfVar::CLK_TCK).ok()??).ok()?;
    let began = Duration::from_secs(host::own_start()?).checked_div(a_second)?;
    Duration::from(clock_gettime(ClockId::CLOCK_BOOTTIME).ok()?).checked_sub(began)
}

fn prepare(order: &Order<'_>, start: Instant, surroundings: &JobEnvironment) -> Result<RunOptions, Outcome> {
    let spec = spec::frozen(&CampaignDir::new(order.output), order.spec_hash).map_err(|e| Outcome {
        link: None,
        // What was edited or damaged is another campaign file than the job was submitted with.
        class: if matches!(e, DurableError::Io { .. }) { ExitClass::Output } else { ExitClass::Foreign },
        message: format!(
            "{e} (this is the campaign file as it was when the job was submitted: to have it written anew, resubmit: \
             `alpsckpt resubmit {} --campaign FILE`)",
            order.chain
        ),
        sealed: None,
    })?;
    let chain = chains::one(&CampaignDir::new(order.output), &spec, order.chain).map_err(|e| Outcome {
        link: None,
        class: if matches!(e, ChainError::File(DurableError::Io { .. })) {
            ExitClass::Output
        } else {
            ExitClass::Foreign
        },
        message: format!(
            "{} (then resubmit: `alpsckpt resubmit {} --campaign {}`)",
            e.words(),
            order.chain,
            word(order.output.as_os_str())
        ),
        sealed: None,
    })?;
    Ok(RunOptions {
        chain,
        stop: surroundings.stop(&spec, start),
        threads: threads(&spec),
        spec,
        spec_hash: order.spec_hash.to_owned(),
        job_id: surroundings.job_id.clone(),
        node: surroundings.node.clone(),
        origin: Origin {
            campaign: order.campaign.map(str::to_owned),
            job_name: surroundings.job_name.clone(),
            array: surroundings.array.clone(),
        },
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::batch::{GO_ON, JobId, JobKey, Resubmission};

    #[test]
    fn a_job_that_has_itself_run_again_does_so_as_its_last_command_and_only_to_go_on() {
        let folder = tempfile::tempdir().unwrap();
        let (program, said) = (folder.path().join("again"), folder.path().join("said"));
        let script =
            format!("#!/bin/sh\nprintf '%s\\n' \"$@\" >> '{}'\nexit $CODE_OF_TEST\n", said.display());
        for (code, asked) in [("0", "put\n7\n"), ("1", "put\n7\nput\n7\n")] {
            std::fs::write(&program, script.replace("$CODE_OF_TEST", code)).unwrap();
            std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
            let by = Resubmission::ByJob { command: &["put", "%jobid%"] };
            let mut command = by.last_command(JobKey { id: JobId(7), restart: 2 }).unwrap();
            command.insert(0, program.display().to_string());
            let job = JobEnvironment { go_on_by: Some(command), ..JobEnvironment::read(&|_| None) };
            for class in [ExitClass::Complete, ExitClass::Input, ExitClass::Fenced, ExitClass::NoProgress] {
                assert_eq!(job.leave(class), class.code());
            }
            assert_eq!(job.leave(ExitClass::Checkpointed), GO_ON, "its command ended with {code}");
            assert_eq!(std::fs::read_to_string(&said).unwrap(), asked);
        }
        let gone = Some(vec![folder.path().join("none").display().to_string()]);
        let job = JobEnvironment { go_on_by: gone, ..JobEnvironment::read(&|_| None) };
        assert_eq!(job.leave(ExitClass::Checkpointed), GO_ON);
        assert_eq!(Resubmission::BySystem.last_command(JobId(7).into()), None);
    }

    #[test]
    fn the_age_of_this_process_is_that_of_its_test() {
        let (before, waited) = (age().unwrap(), Duration::from_millis(50));
        std::thread::sleep(waited);
        let grown = age().unwrap().saturating_sub(before);
        assert!(grown >= waited && before < Duration::from_hours(1), "{before:?}, {grown:?}");
    }
}
