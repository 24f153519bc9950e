//! The supervisor of a program in namespaces.

use std::fs::File;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg, OFlag, open, openat};
use nix::sys::stat::Mode;

use super::handed;
use super::processes::{Inside, TO_START};
use super::wire::{self, ImageOrder, News, ProgramStart, SupervisorOrder};
use crate::THIS_PROGRAM;
use crate::foreign::backend::{Backend, Clocks, Ended, Network, Program, Then, Trouble, TroubleKind};
use crate::foreign::criu::Criu;
use crate::foreign::tasks;

/// Beyond the limit of a request its answer comes within this time.
const TO_ANSWER: Duration = Duration::from_secs(90);

/// How programs are supervised.
#[derive(Debug, Clone)]
pub struct SupervisorOptions {
    /// This program's own file.
    pub program: PathBuf,
    /// A restore may take this long.
    pub restore_limit: Duration,
}

impl Default for SupervisorOptions {
    fn default() -> Self {
        Self { program: PathBuf::from(THIS_PROGRAM), restore_limit: Duration::from_hours(1) }
    }
}

/// Runs a program in namespaces of its own, and dumps and restores it there by CRIU, all without privileges.
#[derive(Debug)]
pub struct Supervised {
    criu: Option<Criu>,
    options: SupervisorOptions,
    inside: Option<Inside>,
    ended: Option<Ended>,
    /// What ran the program is gone, as it should be or not.
    gone: Option<Trouble>,
}

impl Supervised {
    /// Of programs that `criu` dumps and restores; without one they run, but cannot be dumped.
    #[must_use]
    pub fn new(criu: Option<Criu>, options: SupervisorOptions) -> Self {
        Self { criu, options, inside: None, ended: None, gone: None }
    }

    fn criu(&self) -> Result<&Criu, Trouble> {
        self.criu.as_ref().ok_or_else(|| {
            Trouble::new(
                TroubleKind::Unavailable,
                "there is no CRIU on this node",
                crate::foreign::criu::CURE,
            )
        })
    }

    fn inside(&mut self) -> Result<&mut Inside, Trouble> {
        match (&mut self.inside, &self.gone) {
            (Some(inside), _) if inside.lost => {
                Err(Trouble::new(TroubleKind::TimedOut, "what runs the program does not answer any more", ""))
            }
            (Some(inside), _) => Ok(inside),
            (None, Some(gone)) => Err(gone.clone()),
            (None, None) => Err(Trouble::new(TroubleKind::Other, "no program runs", "")),
        }
    }

    /// Makes namespaces, and gives their first process its first order, with the folder that goes with it.
    fn begin(
        &mut self,
        network: Network,
        clocks: Option<Clocks>,
        first: (SupervisorOrder, Option<&File>),
        limit: Duration,
    ) -> Result<(), Trouble> {
        self.kill();
        (self.ended, self.gone) = (None, None);
        let inside = Inside::make(&self.options.program, network, clocks)?;
        self.inside = Some(inside);
        let begun =
            self.order(first.0, first.1).and_then(|()| self.answer(Instant::now() + limit, &mut |_| false));
        if begun.is_err() {
            self.kill();
        }
        begun
    }

    fn order(&mut self, order: SupervisorOrder, folder: Option<&File>) -> Result<(), Trouble> {
        let inside = self.inside()?;
        let ordered = wire::order(&mut inside.socket, order);
        let handed = ordered
            .and_then(|()| folder.map_or(Ok(()), |folder| handed::hand(&inside.socket, folder.as_fd())));
        let Err(e) = handed else { return Ok(()) };
        // It may have told of the program's end, and gone.
        match self.ended()? {
            Some(_) => Err(had_ended()),
            None => Err(self.lose(&e.to_string())),
        }
    }

    /// What an order has led to, until this time; `frozen` says whether the image is sealed.
    fn answer(&mut self, mut until: Instant, frozen: &mut dyn FnMut(Clocks) -> bool) -> Result<(), Trouble> {
        loop {
            let inside = self.inside()?;
            if !inside.has_news(Some(until)) {
                inside.lost = true;
                return Err(Trouble::new(TroubleKind::TimedOut, "what runs the program does not answer", ""));
            }
            match wire::next_news(&mut inside.socket) {
                Ok(Some(News::Done(_))) => return Ok(()),
                Ok(Some(News::Failed(failed))) => return Err(failed.into()),
                Ok(Some(News::Frozen(times))) => {
                    let sealed = frozen(times.into());
                    until = until.max(Instant::now() + TO_ANSWER);
                    self.order(SupervisorOrder::Sealed(sealed), None)?;
                }
                Ok(Some(News::Ended(end))) => {
                    self.ended = Some(end.into());
                    return Err(had_ended());
                }
                Ok(Some(News::Made(_))) => {}
                Ok(None) => return Err(self.lose("its socket is closed")),
                Err(e) => return Err(self.lose(&e.to_string())),
            }
        }
    }

    /// Takes notice that what runs the program is gone, and with it the program.
    fn lose(&mut self, why: &str) -> Trouble {
        let status = self.inside.take().map(|mut inside| inside.end());
        let how = status.flatten().map(|status| format!(" ({status})")).unwrap_or_default();
        let what = format!("what ran the program is gone{how}, and the program with it: {why}");
        let trouble = Trouble::new(TroubleKind::Unavailable, what, "");
        self.gone = Some(trouble.clone());
        trouble
    }
}

impl Backend for Supervised {
    fn start(&mut self, program: &Program) -> Result<(), Trouble> {
        self.begin(
            program.network,
            None,
            (SupervisorOrder::Start(ProgramStart::from(program)), None),
            TO_START,
        )
    }

    fn restore(&mut self, program: &Program, image: &Path, clocks: Clocks) -> Result<(), Trouble> {
        let limit = self.options.restore_limit;
        let order =
            SupervisorOrder::Restore(ImageOrder::new(&self.criu()?.command, image, limit, program.network));
        let folder = opened(image).map_err(|errno| damaged(image, errno))?;
        let _one_at_a_time = lock(&folder, image)?;
        self.begin(program.network, Some(clocks), (order, Some(&folder)), limit + TO_ANSWER)
    }

    fn dump(
        &mut self,
        into: &Path,
        then: Then,
        limit: Duration,
        seal: &mut dyn FnMut(Clocks) -> Result<(), String>,
    ) -> Result<(), Trouble> {
        let criu = self.criu()?.command.clone();
        let mut work = ImageOrder::new(&criu, into, limit, self.inside()?.network);
        work.runs = then == Then::Runs;
        let folder = opened(into)
            .map_err(|e| Trouble::new(TroubleKind::Other, format!("{}: {}", into.display(), e.desc()), ""))?;
        self.order(SupervisorOrder::Dump(work), Some(&folder))?;
        let mut refusal = None;
        let mut sealed = false;
        let answer = self.answer(Instant::now() + limit + TO_ANSWER, &mut |clocks| {
            refusal = seal(clocks).err();
            sealed = refusal.is_none();
            sealed
        });
        let answer = match (answer, refusal) {
            (Err(trouble), Some(words)) if trouble.kind == TroubleKind::Refused => {
                Err(Trouble::new(TroubleKind::Refused, words, trouble.cure))
            }
            (answer, _) => answer,
        };
        if then == Then::Runs {
            return answer;
        }
        // From the moment when it is sealed the image is the program: nothing of it may go on here.
        if sealed {
            self.kill();
            self.gone = Some(Trouble::new(TroubleKind::Other, "the program was dumped, and ended", ""));
            return Ok(());
        }
        answer
    }

    fn ended(&mut self) -> Result<Option<Ended>, Trouble> {
        loop {
            if self.ended.is_some() {
                return Ok(self.ended);
            }
            let Some(inside) = &mut self.inside else {
                return Err(self
                    .gone
                    .clone()
                    .unwrap_or_else(|| Trouble::new(TroubleKind::Other, "no program runs", "")));
            };
            if !inside.has_news(None) {
                return Ok(None);
            }
            match wire::next_news(&mut inside.socket) {
                Ok(Some(News::Ended(end))) => self.ended = Some(end.into()),
                Ok(Some(News::Failed(failed))) if !inside.lost => {
                    self.kill();
                    self.gone = Some(failed.into());
                }
                // An answer that came too late.
                Ok(Some(_)) => {}
                Ok(None) => return Err(self.lose("its socket is closed")),
                Err(e) => return Err(self.lose(&e.to_string())),
            }
        }
    }

    fn tasks(&self) -> Vec<u32> {
        // Later its numbers may be those of others.
        let Some(inside) = self.inside.as_ref().filter(|_| self.ended.is_none()) else { return Vec::new() };
        let mut tasks = tasks::tree(&[inside.init]);
        tasks.retain(|task| *task != inside.init);
        tasks
    }

    fn init(&self) -> Option<u32> {
        self.inside.as_ref().filter(|_| self.ended.is_none()).map(|inside| inside.init)
    }

    fn signal(&mut self, signal: i32) -> Result<(), Trouble> {
        if let Err(errno) = nix::sys::signal::Signal::try_from(signal) {
            return Err(Trouble::new(TroubleKind::Other, format!("signal {signal}: {}", errno.desc()), ""));
        }
        self.order(SupervisorOrder::Signal(signal), None)
    }

    fn kill(&mut self) {
        if let Some(mut inside) = self.inside.take() {
            inside.end();
            self.gone = Some(Trouble::new(TroubleKind::Other, "the program was ended", ""));
        }
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        self.kill();
    }
}

fn had_ended() -> Trouble {
    Trouble::new(TroubleKind::Other, "the program had ended by itself", "")
}

/// Opens the folder of an image, which is no link: from here on it is this one, whatever may get its name.
fn opened(image: &Path) -> Result<File, Errno> {
    let flags = OFlag::O_DIRECTORY | OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    open(image, flags, Mode::empty()).map(File::from)
}

fn damaged(image: &Path, errno: Errno) -> Trouble {
    let what = format!("{}: {}", image.display(), errno.desc());
    Trouble::new(TroubleKind::Damaged, what, "an older generation may be whole")
}

/// Holds an image for one restore. A file system without locks between its nodes is no obstacle: that two nodes do not restore
/// the same image is what the fence of links is for.
fn lock(folder: &File, image: &Path) -> Result<Option<Flock<File>>, Trouble> {
    let flags = OFlag::O_DIRECTORY | OFlag::O_RDONLY | OFlag::O_CLOEXEC;
    // Opened anew: a lock lasts as long as any copy of its descriptor, and the program's first process keeps one.
    let folder = openat(folder, ".", flags, Mode::empty()).map_err(|errno| damaged(image, errno))?.into();
    match Flock::lock(folder, FlockArg::LockExclusiveNonblock) {
        Ok(held) => Ok(Some(held)),
        Err((_, Errno::EWOULDBLOCK)) => {
            let what =
                format!("{}: another process of this node restores this image just now", image.display());
            Err(Trouble::new(TroubleKind::Unavailable, what, "wait until that is done, or end it"))
        }
        Err(_) => Ok(None),
    }
}
