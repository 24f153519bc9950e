//! Dumps the program.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use super::super::handed;
use super::super::wire::{self, News, SupervisorOrder};
use super::Init;
use super::criu::{CriuSaid, Talk};
use crate::durable::beneath;
use crate::foreign::backend::{Clocks, Trouble, TroubleKind};
use crate::foreign::criu::log::CriuWork;
use crate::foreign::criu::names;
use crate::foreign::criu::rpc::{CriuOptions, RequestKind as Asked};

/// Once the image is sealed, CRIU has this long to let the program go.
const TO_LET_GO: Duration = Duration::from_mins(1);

/// What became of the image.
#[derive(PartialEq)]
enum ImageFate {
    Unfinished,
    Sealed,
    Refused,
}

impl Init {
    /// Dumps the program into this folder. What goes wrong before the image is sealed leaves the program running; afterwards the image counts.
    pub(super) fn dump(
        &mut self,
        order: &wire::ImageOrder,
        into: &OwnedFd,
    ) -> io::Result<Result<(), Trouble>> {
        let Some(tree) = self.tree else {
            return Ok(Err(Trouble::new(TroubleKind::Other, "there is no program to dump", "")));
        };
        if let Some(trouble) = stray(&[tree.as_raw()]) {
            return Ok(Err(trouble));
        }
        if let Err(trouble) = super::criu::ours(order, into, CriuWork::Dump) {
            return Ok(Err(trouble));
        }
        let way = handed::way(into);
        match beneath::names(&way) {
            Ok(names) if names.is_empty() => {}
            Ok(_) => {
                let what = format!(
                    "{} holds something already: an image needs a folder of its own",
                    wire::path(&order.image).display()
                );
                return Ok(Err(Trouble::new(TroubleKind::Other, what, "")));
            }
            Err(e) => {
                let what = format!("{}: {e}", wire::path(&order.image).display());
                return Ok(Err(Trouble::new(TroubleKind::Other, what, "")));
            }
        }
        let mut talk = match self.call_criu(order, into, CriuWork::Dump, |all| all) {
            Ok(talk) => talk,
            Err(trouble) => return Ok(Err(trouble)),
        };
        let options = CriuOptions {
            pid: Some(tree.as_raw()),
            leave_running: Some(order.runs),
            tcp_established: order.private_network.then_some(true),
            ..talk.options()
        };
        if let Err(trouble) = talk.ask(Asked::Dump, options) {
            self.finish(&talk)?;
            return Ok(Err(trouble));
        }
        let mut image = ImageFate::Unfinished;
        let mut found = None;
        let said = loop {
            match self.listen(&mut talk)? {
                CriuSaid::Notified(_) if talk.late => talk.answer(false),
                CriuSaid::Notified(what) if what.script.as_deref() == Some("post-dump") => {
                    // Now nothing can begin any more that was not there before.
                    found = stray(&[tree.as_raw(), talk.pid().as_raw()]).or_else(|| unkept(&way));
                    image = if found.is_some() { ImageFate::Refused } else { self.seal(&mut talk)? };
                    talk.answer(image == ImageFate::Sealed);
                }
                CriuSaid::Notified(_) => talk.answer(true),
                said => break said,
            }
        };
        self.finish(&talk)?;
        if image != ImageFate::Sealed {
            names::forget(&way);
        }
        self.hurt &= image == ImageFate::Unfinished;
        let dumped = matches!(&said, CriuSaid::Answered(answer) if answer.success);
        Ok(match image {
            ImageFate::Sealed => Ok(()),
            ImageFate::Refused => Err(found.unwrap_or_else(|| {
                Trouble::new(TroubleKind::Refused, "the image was refused by whoever was to seal it", "")
            })),
            ImageFate::Unfinished if dumped => {
                Err(Trouble::new(TroubleKind::Other, "CRIU did not wait until the image was sealed", ""))
            }
            ImageFate::Unfinished => Err(self.failure(&talk, &said)),
        })
    }

    /// Has the supervisor seal the image while the program stands. That takes the time that it takes.
    fn seal(&mut self, talk: &mut Talk) -> io::Result<ImageFate> {
        self.tell(News::Frozen(Clocks::now()?.into()))?;
        loop {
            if !self.wait(None, None)? {
                continue;
            }
            match wire::next_order(&mut self.socket)? {
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
                Some(SupervisorOrder::Sealed(sealed)) => {
                    talk.extend(TO_LET_GO);
                    return Ok(if sealed { ImageFate::Sealed } else { ImageFate::Refused });
                }
                // Nobody is there to get a signal now.
                Some(_) => {}
            }
        }
    }
}

/// Why the files that CRIU has given other names cannot keep them.
fn unkept(image: &Path) -> Option<Trouble> {
    let error = names::keep_links(image).err()?;
    let what = format!(
        "a removed file of the program, which has other names, cannot be kept for the image: {error}"
    );
    Some(Trouble::new(TroubleKind::Undumpable, what, "have the program close what it removes"))
}

/// What is a child of this process, and would be left out of an image.
fn stray(known: &[i32]) -> Option<Trouble> {
    let children = std::fs::read_to_string("/proc/self/task/1/children").unwrap_or_default();
    let strange = children.split_whitespace().find(|pid| !known.iter().any(|k| k.to_string() == **pid))?;
    let name = std::fs::read_to_string(format!("/proc/{strange}/comm")).unwrap_or_default();
    let what = format!(
        "process {strange} ({}) is no part of the program's tree, and would be left out of the image",
        name.trim()
    );
    Some(Trouble::new(
        TroubleKind::Undumpable,
        what,
        "end it: it was started by hand in the program's namespaces",
    ))
}
