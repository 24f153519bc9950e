//! The supervisor of a program in namespaces.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg, OFlag, open, openat};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::Mode;

use super::handed;
use super::wire::{self, ImageOrder, News, ProgramStart, Setup, SupervisorOrder};
use crate::THIS_PROGRAM;
use crate::foreign::backend::{Backend, Clocks, Ended, Network, Program, Then, Trouble, TroubleKind};
use crate::foreign::calls;
use crate::foreign::criu::Criu;
use crate::foreign::tasks;

/// Namespaces, and a program in them, stand within this time on the busiest node.
const TO_START: Duration = Duration::from_mins(1);

/// Beyond the limit of a request its answer comes within this time.
const TO_ANSWER: Duration = Duration::from_secs(90);

/// Killed processes are gone within this time, unless the kernel holds them.
const TO_DIE: Duration = Duration::from_secs(30);

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

/// The processes in the namespaces.
#[derive(Debug)]
struct Inside {
    /// `job outside`; ends when all of them have.
    child: Child,
    socket: UnixStream,
    /// Their first process, by its number here.
    init: u32,
    handle: Option<OwnedFd>,
    network: Network,
    /// It did not answer in time: answers that come later would be taken for those to other orders.
    lost: bool,
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

impl Inside {
    fn make(program: &Path, network: Network, clocks: Option<Clocks>) -> Result<Self, Trouble> {
        let other = |e: io::Error| {
            let what = format!("the program's namespaces cannot be made: {}: {e}", program.display());
            Trouble::new(TroubleKind::Unavailable, what, "")
        };
        let (socket, theirs) = UnixStream::pair().map_err(other)?;
        let mut command = Command::new(program);
        command.args(["job", "outside"]).env_clear().current_dir("/");
        command.stdin(Stdio::from(OwnedFd::from(theirs))).stdout(Stdio::null());
        let child = command.spawn().map_err(other)?;
        // Until it is dropped it holds their end open.
        drop(command);
        let mut inside = Self { child, socket, init: 0, handle: None, network, lost: false };
        let setup = Setup { private_network: network == Network::Private, clocks: clocks.map(Into::into) };
        let made =
            wire::order(&mut inside.socket, SupervisorOrder::Setup(setup)).map_err(other).and_then(|()| {
                if !inside.has_news(Some(Instant::now() + TO_START)) {
                    let what = format!("its namespaces do not stand after {} s", TO_START.as_secs());
                    return Err(Trouble::new(TroubleKind::TimedOut, what, ""));
                }
                match wire::next_news(&mut inside.socket).map_err(other)? {
                    Some(News::Made(init)) => Ok(init),
                    Some(News::Failed(failed)) => Err(failed.into()),
                    Some(_) | None => Err(other(io::ErrorKind::UnexpectedEof.into())),
                }
            });
        match made {
            Ok(init) => {
                inside.init = init;
                inside.handle = handle(init);
                Ok(inside)
            }
            Err(trouble) => {
                inside.end();
                Err(trouble)
            }
        }
    }

    /// Whether there is something to read, waiting for it until then.
    fn has_news(&self, until: Option<Instant>) -> bool {
        loop {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            let limit = left.map_or(PollTimeout::ZERO, |left| {
                PollTimeout::try_from(left.as_millis() + 1).unwrap_or(PollTimeout::MAX)
            });
            match poll(&mut [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)], limit) {
                Ok(0) if left.is_none_or(|left| left.is_zero()) => return false,
                Ok(0) | Err(Errno::EINTR) => {}
                // Also an end of the socket, or an error of it: reading will tell.
                Ok(_) | Err(_) => return true,
            }
        }
    }

    /// Ends all of it, and waits until it is gone; how `job outside` ended, as far as that is known.
    fn end(&mut self) -> Option<std::process::ExitStatus> {
        // With their first process the kernel ends all others.
        if let Some(init) = &self.handle {
            let _ = rustix::process::pidfd_send_signal(init, rustix::process::Signal::KILL);
        }
        let _ = self.socket.shutdown(std::net::Shutdown::Both);
        // The kernel may hold them, as on a disk that does not answer; they are dead for all else.
        if let Ok(Some(status)) = calls::ended(&mut self.child, TO_DIE) {
            return Some(status);
        }
        let _ = self.child.kill();
        None
    }
}

fn had_ended() -> Trouble {
    Trouble::new(TroubleKind::Other, "the program had ended by itself", "")
}

fn handle(pid: u32) -> Option<OwnedFd> {
    let pid = rustix::process::Pid::from_raw(pid as i32)?;
    rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).ok()
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
