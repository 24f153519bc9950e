//! Where DMTCP's programs are.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::super::backend::{Trouble, TroubleKind};
use super::super::calls;
use crate::host;

/// Names the folder where a site has put DMTCP.
pub const VARIABLE: &str = "ALPSCKPT_DMTCP";

/// What is called.
const PROGRAMS: [&str; 4] = ["dmtcp_launch", "dmtcp_command", "dmtcp_coordinator", "dmtcp_restart"];

const CURE: &str = "a site builds it from its sources; name its folder in ALPSCKPT_DMTCP";

/// DMTCP's programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tools {
    /// The folder that holds them.
    pub folder: PathBuf,
    /// Their version, in DMTCP's words.
    pub version: String,
}

impl Tools {
    /// The path of a program.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The programs of a folder, or of its `bin`.
    fn of(folder: &Path) -> Result<Self, Trouble> {
        let unavailable = |what: String| Trouble::new(TroubleKind::Unavailable, what, CURE);
        let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_path_buf());
        let has = |folder: &PathBuf| folder.join(PROGRAMS[0]).is_file();
        let Some(folder) = [folder.join("bin"), folder.clone()].into_iter().find(has) else {
            return Err(unavailable(format!("no DMTCP in {}: there is no dmtcp_launch", folder.display())));
        };
        if let Some(lacks) = PROGRAMS.iter().find(|name| !folder.join(name).is_file()) {
            return Err(unavailable(format!("the DMTCP in {} lacks {lacks}", folder.display())));
        }
        let mut command = Command::new(folder.join(PROGRAMS[0]));
        let answer = calls::ask(command.arg("--version").env("LC_ALL", "C"), Duration::from_mins(1))
            .map_err(|e| unavailable(format!("the DMTCP in {} does not answer: {e}", folder.display())))?;
        let said = format!("{}\n{}", answer.stdout, answer.stderr);
        let version = said.lines().find_map(|line| line.split_once("(DMTCP) "));
        let Some((_, version)) = version else {
            let words = answer.last_words();
            return Err(unavailable(format!(
                "the DMTCP in {} does not say its version: {words}",
                folder.display()
            )));
        };
        Ok(Self { folder, version: version.trim().to_owned() })
    }
}

/// The DMTCP that is to be used here: the one named, by the caller or in [`VARIABLE`], else the one in the `PATH`.
///
/// # Errors
/// When there is none, or it does not run.
pub fn find(explicit: Option<&Path>) -> Result<Tools, Trouble> {
    let variable = std::env::var_os(VARIABLE).filter(|named| !named.is_empty()).map(PathBuf::from);
    if let Some(named) = explicit.map(Path::to_path_buf).or(variable) {
        return Tools::of(&named);
    }
    let found = host::in_path(Path::new(PROGRAMS[0])).next();
    match found.as_deref().and_then(Path::parent) {
        Some(folder) => Tools::of(folder),
        None => Err(Trouble::new(
            TroubleKind::Unavailable,
            "no DMTCP: there is no dmtcp_launch in the PATH",
            CURE,
        )),
    }
}
