//! Starts a program.

use std::ffi::OsString;
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::unistd::Pid;

use super::super::{process, wire};
use crate::durable::beneath;
use crate::foreign::backend::{Trouble, TroubleKind};

/// The last number that is not the program's. CRIU's own processes have lower ones when it is restored.
const BEFORE_FIRST: u32 = 1000;

/// The last number that was given away in this PID namespace.
const LAST_NUMBER: &str = "/proc/sys/kernel/ns_last_pid";

/// Has this process's namespaces show their own processes.
pub(super) fn prepare() -> Result<(), Trouble> {
    // What the node mounts later appears in here, but not the other way round.
    mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_SLAVE, None::<&str>)
        .map_err(|errno| refused("to set the mounts of a namespace apart", errno))?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("proc"), "/proc", Some("proc"), flags, None::<&str>)
        .map_err(|errno| refused("to mount /proc in a namespace", errno))
}

fn refused(what: &str, errno: Errno) -> Trouble {
    let cure = match errno {
        Errno::EPERM => {
            "it is refused where parts of /proc are covered, as in most containers: have the job run on the node itself, or \
             the container started with an open /proc (docker: --security-opt systempaths=unconfined)"
        }
        _ => "",
    };
    Trouble::new(TroubleKind::Unavailable, format!("this node refuses {what}: {}", errno.desc()), cure)
}

/// Has the next process of the namespace get the number after this one.
pub(super) fn set_last_number(number: u32) -> Result<(), Trouble> {
    std::fs::write(LAST_NUMBER, number.max(BEFORE_FIRST).to_string()).map_err(|e| {
        let what = format!("the numbers of the program's processes cannot be set: {LAST_NUMBER}: {e}");
        Trouble::new(TroubleKind::Unavailable, what, "the kernel needs CONFIG_CHECKPOINT_RESTORE")
    })
}

/// Starts a program below the root of its tree, whose number it tells.
pub(super) fn start(start: &wire::ProgramStart) -> Result<Pid, Trouble> {
    set_last_number(BEFORE_FIRST)?;
    let words: Vec<OsString> = start.arguments.iter().map(|bytes| wire::word(bytes)).collect();
    let name = words.first().map(|word| word.to_string_lossy().into_owned()).unwrap_or_default();
    let (directory, output, errors) =
        (wire::path(&start.directory), wire::path(&start.output), wire::path(&start.errors));
    let open = |path: &Path| beneath::append(path).map_err(|e| cannot(&path.display().to_string(), &e));
    std::fs::read_dir(&directory).map_err(|e| cannot(&format!("the folder {}", directory.display()), &e))?;
    let begin = || -> Result<(Pid, String), Trouble> {
        let stdout = open(&output)?;
        let of_same = || stdout.try_clone().map_err(|e| cannot(&name, &e));
        let stderr = if errors == output { of_same()? } else { open(&errors)? };
        let said = |e: io::Error| cannot(&name, &e);
        let (mut reads, writes) = io::pipe().map_err(said)?;
        let mut command = Command::new(process::this_program().map_err(said)?);
        command.arg0("alpsckpt").args(["job", "tree", "--"]).args(&words).env_clear().current_dir(&directory);
        for variable in &start.environment {
            command.env(wire::word(&variable.name), wire::word(&variable.value));
        }
        process::pass_on(&caps::CapsHashSet::new()).map_err(said)?;
        let child = command.stdin(Stdio::from(writes)).stdout(stdout).stderr(stderr).spawn().map_err(said)?;
        // It holds the pipe's other end, too.
        drop(command);
        let mut refusal = String::new();
        reads.read_to_string(&mut refusal).map_err(said)?;
        Ok((Pid::from_raw(child.id() as i32), refusal))
    };
    let (tree, refusal) = begin()?;
    if refusal.is_empty() { Ok(tree) } else { Err(cannot(&name, &refusal)) }
}

fn cannot(name: &str, why: &impl std::fmt::Display) -> Trouble {
    Trouble::new(TroubleKind::Other, format!("the program cannot be started: {name}: {why}"), "")
}
