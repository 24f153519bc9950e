//! What this machine can do for programs that cannot save themselves, found by doing it: a small program is run, dumped and restored.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::backend::{Backend, Clocks, Ended, Network, Program, Then, Trouble, TroubleKind};
use super::dmtcp::{self, Dmtcp};
use super::inside::{Supervised, SupervisorOptions};
use super::kit;
use crate::durable::beneath;

/// Each step of a trial takes no longer on a machine that can do it.
const PATIENCE: Duration = Duration::from_mins(1);

/// The status with which the small program ends: that of a program that was restored is passed on.
const STATUS: u8 = 7;

/// What the small program says before and after.
const SAID: [&str; 2] = ["begun", "gone on"];

/// When this file is there, the small program goes on.
const SIGN: &str = "go-on";

/// What a backend can do here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ability {
    /// The backend's name.
    pub backend: String,
    /// It dumped and restored the small program.
    pub can: bool,
    /// How, or why not.
    pub found: String,
    /// What can be done about it; empty where nothing can, or need be.
    pub cure: String,
}

/// The name of [`super::inside`]'s backend.
pub const CRIU: &str = "CRIU";

/// The name of [`super::dmtcp`]'s backend.
pub const DMTCP: &str = "DMTCP";

/// What each backend can do here, tried in a folder that exists; what the trials write is removed again. The CRIU is that of `named`
/// (see [`kit::find`]).
#[must_use]
pub fn abilities(folder: &Path, named: Option<&Path>) -> Vec<Ability> {
    vec![ability(CRIU, folder, &|place| criu(place, named)), ability(DMTCP, folder, &dmtcp)]
}

fn ability(backend: &str, folder: &Path, trial: &dyn Fn(&Path) -> Result<FoundAbility, Trouble>) -> Ability {
    let place = folder.join(format!("trial-{}-{}", backend.to_lowercase(), std::process::id()));
    let tried =
        beneath::create_folders(&place).map_err(|e| unwritten(&place, &e)).and_then(|()| trial(&place));
    let _ = beneath::remove_folder(&place);
    let backend = backend.to_owned();
    match tried {
        Ok(FoundAbility { found, cure }) => Ability { backend, can: true, found, cure },
        Err(Trouble { what, cure, .. }) => Ability { backend, can: false, found: what, cure },
    }
}

/// How a backend can do it, and what lets it do more.
struct FoundAbility {
    found: String,
    cure: String,
}

fn criu(place: &Path, named: Option<&Path>) -> Result<FoundAbility, Trouble> {
    let criu = kit::find(named)?;
    let called = format!("CRIU {} ({})", criu.version_in_words(), criu.origin);
    let backend = || -> Box<dyn Backend> {
        Box::new(Supervised::new(Some(criu.clone()), SupervisorOptions::default()))
    };
    let took = cycle(&backend, &place.join("shell"), &in_shell())?;
    let found = format!("{called} without root, in namespaces: {took}");
    // A node may lack the kernel's modules for them.
    Ok(match cycle(&backend, &place.join("socket"), &with_socket()) {
        Ok(_) => FoundAbility { found, cure: String::new() },
        Err(trouble) => FoundAbility {
            found: format!("{found}; but not one that has a socket: {}", trouble.what),
            cure: trouble.cure,
        },
    })
}

fn dmtcp(place: &Path) -> Result<FoundAbility, Trouble> {
    let tools = dmtcp::find(None)?;
    let called = format!("DMTCP {} ({})", tools.version, tools.folder.display());
    let backend = || -> Box<dyn Backend> { Box::new(Dmtcp::new(tools.clone(), place)) };
    let took = cycle(&backend, &place.join("shell"), &in_shell())?;
    Ok(FoundAbility { found: format!("{called}: {took}"), cure: String::new() })
}

/// The small program with a socket: those need modules of the kernel.
fn with_socket() -> Vec<OsString> {
    let own = std::env::current_exe().unwrap_or_default();
    vec![own.into(), "job".into(), "trial".into()]
}

/// The small program for a shell.
fn in_shell() -> Vec<OsString> {
    let [begun, gone_on] = SAID;
    let script =
        format!("echo {begun}; until [ -e {SIGN} ]; do sleep 0.05; done; echo {gone_on}; exit {STATUS}");
    vec!["/bin/sh".into(), "-c".into(), script.into()]
}

/// The small program: holds a socket, says that it has begun, waits for a sign in its working folder, and ends with a status of its own.
///
/// # Errors
/// When it has no socket, or cannot say anything.
pub fn small_program() -> io::Result<u8> {
    let (mut here, mut there) = UnixStream::pair()?;
    let say = |words: &str| -> io::Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "{words}")?;
        out.flush()
    };
    say(SAID[0])?;
    while !Path::new(SIGN).exists() {
        std::thread::sleep(Duration::from_millis(20));
    }
    // The socket is still one.
    let mut heard = [0];
    here.write_all(b"!")?;
    io::Read::read_exact(&mut there, &mut heard)?;
    say(SAID[1])?;
    Ok(STATUS)
}

/// Runs the small program, dumps it, restores it and has it go on to its end; how long that took.
fn cycle(
    backend: &dyn Fn() -> Box<dyn Backend>,
    place: &Path,
    arguments: &[OsString],
) -> Result<String, Trouble> {
    let (image, output) = (place.join("image"), place.join("output"));
    beneath::create_folders(place).map_err(|e| unwritten(place, &e))?;
    beneath::create_private_folder(&image).map_err(|e| unwritten(&image, &e))?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let temporary = OsString::from(place);
    let program = Program {
        arguments: arguments.to_vec(),
        environment: BTreeMap::from([("PATH".into(), path), ("TMPDIR".into(), temporary)]),
        directory: place.to_path_buf(),
        output: output.clone(),
        errors: place.join("errors"),
        network: Network::Shared,
    };
    let mut first = backend();
    first.start(&program)?;
    until(&mut *first, |_| Ok(said(&output).contains(SAID[0])))?;
    let mut clocks = Clocks::default();
    let begun = Instant::now();
    first.dump(&image, Then::Ends, PATIENCE, &mut |seen| {
        clocks = seen;
        Ok(())
    })?;
    let dumped = begun.elapsed();
    drop(first);
    let mut second = backend();
    let begun = Instant::now();
    second.restore(&program, &image, clocks)?;
    let restored = begun.elapsed();
    let sign = place.join(SIGN);
    beneath::create_new(&sign).map_err(|e| unwritten(&sign, &e))?;
    let mut ended = None;
    until(&mut *second, |backend| {
        ended = backend.ended()?;
        Ok(ended.is_some())
    })?;
    let told = said(&output);
    if ended != Some(Ended::Code(STATUS)) || told != format!("{}\n{}\n", SAID[0], SAID[1]) {
        let what = format!("the program was restored, but went wrong: {ended:?}, {told:?}");
        return Err(Trouble::new(TroubleKind::Other, what, ""));
    }
    let (dumped, restored) = (dumped.as_secs_f64(), restored.as_secs_f64());
    Ok(format!("a small program was dumped in {dumped:.2} s and restored in {restored:.2} s"))
}

fn said(output: &Path) -> String {
    beneath::read(output).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

/// Waits for something.
fn until(
    backend: &mut dyn Backend,
    mut reached: impl FnMut(&mut dyn Backend) -> Result<bool, Trouble>,
) -> Result<(), Trouble> {
    let limit = Instant::now() + PATIENCE;
    while !reached(backend)? {
        if Instant::now() >= limit {
            let what = format!("a small program did nothing for {} s", PATIENCE.as_secs());
            return Err(Trouble::new(TroubleKind::TimedOut, what, ""));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

fn unwritten(path: &Path, error: &io::Error) -> Trouble {
    Trouble::new(
        TroubleKind::Other,
        format!("{}: {error}", path.display()),
        "the folder must be yours to write",
    )
}
