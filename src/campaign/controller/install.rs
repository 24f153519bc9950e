//! Makes a campaign's folder: frozen spec, program, job scripts.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::ControlError;
use crate::THIS_PROGRAM;
use crate::batch::{Manner, Submission, Token};
use crate::campaign::shell::{JobScript, verified};
use crate::campaign::spec::{self, Spec};
use crate::checkpoint::{CampaignDir, ChainId};
use crate::durable::{DurableError, atomic, beneath, sealed};
use crate::shell_words::quoted;

/// How a program ends that does not know what it is asked for.
const CLAP_USAGE: i32 = 2;

/// The program that jobs run: `$ALPSCKPT_PROGRAM`, else this one.
pub(super) fn this_program() -> PathBuf {
    std::env::var_os("ALPSCKPT_PROGRAM").map_or_else(|| PathBuf::from(THIS_PROGRAM), PathBuf::from)
}

/// Copies the program beside the campaign, named by its content; says its hash. A rebuilt program gets a name of its
/// own: a running chain never changes.
pub(super) fn program(campaign: &CampaignDir, source: &Path) -> Result<String, DurableError> {
    let read = || -> std::io::Result<(fs::File, Vec<u8>)> {
        let mut file = fs::File::open(source)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok((file, bytes))
    };
    let (mut file, bytes) = read().map_err(|e| DurableError::io(source, "read", e))?;
    let hash = spec::short_hash(&bytes);
    let target = campaign.program(&hash);
    if is_whole(campaign, &hash) {
        return Ok(hash);
    }
    if let Some(folder) = target.parent() {
        atomic::create_folder(folder)?;
    }
    atomic::copy_executable(&target, &mut file)?;
    if is_whole(campaign, &hash) {
        Ok(hash)
    } else {
        Err(DurableError::damaged(&target, "the copy of the program does not read back as it is (try again)"))
    }
}

/// Whether the copy of this name is there and holds what its name says.
pub(super) fn is_whole(campaign: &CampaignDir, hash: &str) -> bool {
    beneath::read(&campaign.program(hash)).is_ok_and(|bytes| spec::short_hash(&bytes) == hash)
}

/// Freezes the spec in the campaign's folder; says its hash.
pub(super) fn frozen_spec(campaign: &CampaignDir, spec: &Spec) -> Result<String, ControlError> {
    let frozen = spec::freeze(spec).map_err(|e| ControlError::Unreadable {
        what: format!("the campaign file cannot be frozen: {e}"),
        cure: "have all paths, that of the campaign file too, be text in UTF-8".to_owned(),
    })?;
    let path = campaign.spec(&frozen.hash);
    if spec::frozen(campaign, &frozen.hash).is_err() {
        sealed::replace(&path, spec)?;
    }
    Ok(frozen.hash)
}

/// The nodes that an attempt asks for, as the chain's links have found them.
#[derive(Debug, Clone, Default)]
pub(super) struct Nodes {
    /// The class of processors that its program goes on with.
    pub(super) class: Option<String>,
    /// Where it does not go on.
    pub(super) not_on: BTreeSet<String>,
}

/// What a chain's attempt asks the batch system for.
pub(super) fn submission(
    campaign: &CampaignDir,
    chain: &ChainId,
    spec: &Spec,
    token: Token,
    nodes: &Nodes,
) -> Submission {
    let dir = campaign.chain(chain);
    let logs = dir.logs();
    Submission {
        token,
        script: dir.job_script(),
        directory: campaign.output().to_path_buf(),
        walltime: spec.walltime.seconds(),
        checkpoint: spec.margin.seconds(),
        stdout: logs.join("%jobid%.out"),
        stderr: logs.join("%jobid%.err"),
        site: spec.site_lines_of(nodes.class.as_deref()),
        not_on: nodes.not_on.clone(),
    }
}

/// What an attempt runs.
pub(super) struct Runs {
    /// The hash of the program's copy.
    pub(super) program: String,
    /// The hash of the frozen spec that it goes by.
    pub(super) spec: String,
    /// What is to be said about it.
    pub(super) said: Option<String>,
}

/// What a chain's jobs are made of.
#[derive(Clone, Copy)]
pub(super) struct Jobs<'a> {
    pub(super) chain: &'a ChainId,
    pub(super) spec: &'a Spec,
    /// The hash of the frozen spec.
    pub(super) spec_hash: &'a str,
    /// The hash of the program's copy.
    pub(super) program: &'a str,
    /// The campaign's own name.
    pub(super) id: &'a str,
    pub(super) nodes: &'a Nodes,
    /// How the batch system behaves that is to run them.
    pub(super) manner: &'static Manner,
}

/// Writes the script that the batch system runs. Only while no job of the chain lives: the batch system reads the file
/// anew at the start of each job.
pub(super) fn job_script(campaign: &CampaignDir, jobs: Jobs<'_>) -> Result<(), DurableError> {
    let dir = campaign.chain(jobs.chain);
    atomic::create_folder(&dir.logs())?;
    let path = dir.job_script();
    let text = script(campaign, jobs);
    let executable = beneath::facts(&path).is_ok_and(|facts| facts.mode() & 0o111 == 0o111);
    if executable && beneath::read(&path).ok().as_deref() == Some(text.as_slice()) {
        return Ok(());
    }
    atomic::replace_executable(&path, &text)
}

fn script(campaign: &CampaignDir, jobs: Jobs<'_>) -> Vec<u8> {
    let Jobs { chain, spec, spec_hash, program: program_hash, id, nodes, manner } = jobs;
    let name = spec.name.replace(['\n', '\r'], " ");
    let about =
        format!("Campaign \"{name}\", chain {chain}. Written by alpsckpt; each link of the chain runs this.");
    let mut arguments = b"job run --output ".to_vec();
    arguments.extend(quoted(campaign.output().as_os_str().as_bytes()));
    arguments.extend(format!(" --chain {chain} --spec {spec_hash}").into_bytes());
    let program = campaign.program(program_hash);
    let plain = is_former(&program);
    if !plain {
        arguments.extend(format!(" --campaign {id}").into_bytes());
    }
    let submission = submission(campaign, chain, spec, Token(chain.to_string()), nodes);
    let (about, setup) = (&about, &spec.setup_lines());
    let verified = &verified(&program, program_hash, chain);
    let (submission, arguments) = (&submission, &arguments);
    JobScript { manner, submission, about, setup, program: &program, verified, arguments, plain }.text()
}

/// Whether a copy of the program is of a version before 0.3.0, as a chain may go on with.
fn is_former(program: &Path) -> bool {
    let asked = Command::new(program).args(["job", "hold", "--help"]).output();
    asked.is_ok_and(|answer| answer.status.code() == Some(CLAP_USAGE))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_program_is_copied_once_under_the_hash_of_its_content() {
        let folder = tempfile::tempdir().unwrap();
        let campaign = CampaignDir::new(folder.path());
        let source = folder.path().join("prog");
        fs::write(&source, "#!/bin/sh\nexit 3\n").unwrap();
        let hash = program(&campaign, &source).unwrap();
        assert_eq!(program(&campaign, &source).unwrap(), hash);
        assert_eq!(fs::read_dir(campaign.state().join("bin")).unwrap().count(), 1);
        assert_eq!(fs::metadata(campaign.program(&hash)).unwrap().permissions().mode() & 0o111, 0o111);
        // A damaged copy is not trusted by its name.
        fs::write(campaign.program(&hash), "#!/bin/sh\nexit 5\n").unwrap();
        assert!(!is_whole(&campaign, &hash));
        assert_eq!(program(&campaign, &source).unwrap(), hash);
        assert_eq!(fs::read(campaign.program(&hash)).unwrap(), fs::read(&source).unwrap());
        assert!(is_whole(&campaign, &hash));
        fs::write(&source, "#!/bin/sh\nexit 4\n").unwrap();
        assert_ne!(program(&campaign, &source).unwrap(), hash);
        assert!(campaign.program(&hash).exists());
    }
}
