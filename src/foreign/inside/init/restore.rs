//! Restores a program.

use std::io;
use std::os::fd::OwnedFd;

use nix::unistd::Pid;

use super::super::{handed, process, wire};
use super::criu::CriuSaid;
use super::{Init, start};
use crate::foreign::backend::Trouble;
use crate::foreign::criu::log::CriuWork;
use crate::foreign::criu::names;
use crate::foreign::criu::rpc::{CriuOptions, RequestKind as Asked};

impl Init {
    /// Restores the program of an image, whose folder this is. After a failure this process is to end: with it goes what CRIU had made already.
    pub(super) fn restore(
        &mut self,
        order: &wire::ImageOrder,
        image: &OwnedFd,
    ) -> io::Result<Result<(), Trouble>> {
        if let Err(trouble) = super::criu::ours(order, image, CriuWork::Restore) {
            return Ok(Err(trouble));
        }
        let way = handed::way(image);
        names::remove_ghosts(&way);
        names::lay_links(&way);
        // With these two it would become root, which is nobody in here.
        let mut talk = match self.call_criu(order, image, CriuWork::Restore, process::without_changing_ids) {
            Ok(talk) => talk,
            Err(trouble) => return Ok(Err(trouble)),
        };
        let options = CriuOptions {
            // As a child of this process: so it has the program's status.
            rst_sibling: Some(true),
            tcp_established: order.private_network.then_some(true),
            ..talk.options()
        };
        if let Err(trouble) = talk.ask(Asked::Restore, options) {
            return Ok(Err(trouble));
        }
        let mut unnumbered = None;
        let said = loop {
            match self.listen(&mut talk)? {
                CriuSaid::Notified(what) => {
                    if what.script.as_deref() == Some("pre-resume") {
                        // Nothing of it has run yet. What it starts from now on must not get the numbers that CRIU needs the
                        // next time.
                        unnumbered = start::set_last_number(highest_number()).err();
                    }
                    talk.answer(true);
                }
                said => break said,
            }
        };
        if let Some(trouble) = unnumbered {
            return Ok(Err(trouble));
        }
        let root = match &said {
            CriuSaid::Answered(answer) if answer.success => {
                answer.restore.as_ref().map(|restored| restored.pid)
            }
            _ => None,
        };
        let Some(root) = root else { return Ok(Err(self.failure(&talk, &said))) };
        self.tree = Some(Pid::from_raw(root));
        self.finish(&talk)?;
        Ok(Ok(()))
    }
}

/// The highest number of a task in this PID namespace.
fn highest_number() -> u32 {
    let numbers = |folder: String| {
        let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
        entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
    };
    numbers("/proc".to_owned()).flat_map(|pid| numbers(format!("/proc/{pid}/task"))).max().unwrap_or(0)
}
