//! The other programs: SAGA and GRASS from Debian's packages. They are run, nothing of them is linked.

use std::process::Command;

use crate::{Outcome, Progress};

/// The version of SAGA that the ratios are asked against.
const SAGA: &str = "8.5.";
const PACKAGES: [&str; 2] = ["saga", "grass-core"];

/// The versions found.
pub(crate) struct Versions {
    pub(crate) saga: String,
    pub(crate) grass: String,
}

/// Finds the programs, installs them where they are missing and that is possible.
pub(crate) fn ensure(progress: &Progress) -> Outcome<Versions> {
    let found = || Some((version("saga_cmd", "SAGA Version:")?, version("grass", "GRASS GIS")?));
    let (saga, grass) = match found() {
        Some(found) => found,
        None => install(progress).and_then(|()| found().ok_or_else(missing))?,
    };
    progress.say(&format!("SAGA {saga}, GRASS {grass}"));
    if !saga.starts_with(SAGA) {
        progress.say(&format!("the ratios are asked against SAGA {SAGA}x, this is {saga}"));
    }
    Ok(Versions { saga, grass })
}

fn missing() -> String {
    format!(
        "SAGA (saga_cmd) or GRASS (grass) is missing: as root on Debian run `apt-get install \
         --no-install-recommends {}`",
        PACKAGES.join(" ")
    )
}

fn install(progress: &Progress) -> Outcome<()> {
    if !nix::unistd::geteuid().is_root() {
        return Err(missing());
    }
    progress.say(&format!("installing {}", PACKAGES.join(" ")));
    let apt = |arguments: &[&str]| {
        let output =
            Command::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive").args(arguments).output();
        let output = output.map_err(|_| missing())?;
        let why = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        if output.status.success() { Ok(()) } else { Err(format!("{}; apt-get said:\n{why}", missing())) }
    };
    apt(&["update", "-qq"])?;
    apt(&[&["install", "-y", "-qq", "--no-install-recommends"], PACKAGES.as_slice()].concat())
}

/// The word after `mark` in what a program says of its version; `None` where it cannot be run.
fn version(program: &str, mark: &str) -> Option<String> {
    let output = Command::new(program).arg("--version").output().ok()?;
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    let after = text.split(mark).nth(1)?;
    after.split_whitespace().next().map(str::to_owned)
}
