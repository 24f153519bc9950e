//! One `criu swrk`: a CRIU that serves one request over a socket and ends.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::process::{Command, Stdio};

use command_fds::CommandFdExt;
use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, recv, send, socketpair};
use nix::unistd::Pid;
use prost::Message;

use super::rpc::{self, CriuOptions, CriuRequest, CriuResponse, RequestKind};

/// CRIU's longest answer is far shorter.
const LONGEST_ANSWER: usize = 1 << 16;

/// Errors and warnings.
const LOG_LEVEL: i32 = 2;

/// The name of its log in the work folder.
pub(in crate::foreign) const LOG: &str = "log";

/// A CRIU at work.
pub(in crate::foreign) struct Swrk {
    /// Its number; whoever started it reaps it.
    pub(in crate::foreign) pid: Pid,
    socket: OwnedFd,
    images: i32,
    work: i32,
    /// Holds the folders open: CRIU reaches them by their numbers in this process, too.
    _call: Command,
}

impl Swrk {
    /// Starts the CRIU that `call` calls, with the folder of the image and that of its log.
    ///
    /// What it says otherwise, such as why it cannot even begin, goes to `said`.
    pub(in crate::foreign) fn start(
        mut call: Command,
        images: OwnedFd,
        work: OwnedFd,
        said: OwnedFd,
    ) -> io::Result<Self> {
        let (socket, theirs) =
            socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)?;
        let numbers = (images.as_raw_fd(), work.as_raw_fd());
        call.arg("swrk").arg(theirs.as_raw_fd().to_string());
        call.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::from(said));
        let child = call.preserved_fds(vec![theirs, images, work]).spawn()?;
        Ok(Self {
            pid: Pid::from_raw(child.id() as i32),
            socket,
            images: numbers.0,
            work: numbers.1,
            _call: call,
        })
    }

    /// What both requests have in common; none of it comes from a user.
    pub(in crate::foreign) fn options(&self) -> CriuOptions {
        CriuOptions {
            images_dir_fd: self.images,
            work_dir_fd: Some(self.work),
            log_file: Some(LOG.to_owned()),
            log_level: Some(LOG_LEVEL),
            notify_scripts: Some(true),
            file_locks: Some(true),
            link_remap: Some(true),
            ghost_limit: Some(u32::MAX),
            manage_cgroups_mode: Some(rpc::CGROUPS_IGNORED),
            network_lock: Some(rpc::NETWORK_NOT_LOCKED),
            unprivileged: Some(true),
            ..CriuOptions::default()
        }
    }

    /// Asks for something.
    pub(in crate::foreign) fn ask(&self, kind: RequestKind, options: CriuOptions) -> io::Result<()> {
        self.send(&CriuRequest { kind: kind as i32, options: Some(options), ..CriuRequest::default() })
    }

    /// Answers a notification.
    pub(in crate::foreign) fn answer(&self, goes_on: bool) -> io::Result<()> {
        self.send(&CriuRequest {
            kind: RequestKind::Notify as i32,
            notify_success: Some(goes_on),
            ..CriuRequest::default()
        })
    }

    fn send(&self, request: &CriuRequest) -> io::Result<()> {
        let bytes = request.encode_to_vec();
        send(self.socket.as_raw_fd(), &bytes, MsgFlags::MSG_NOSIGNAL)?;
        Ok(())
    }

    /// What it says, if it has said anything.
    pub(in crate::foreign) fn said(&self) -> io::Result<Option<CriuResponse>> {
        let mut bytes = vec![0; LONGEST_ANSWER];
        let length = loop {
            match recv(self.socket.as_raw_fd(), &mut bytes, MsgFlags::MSG_DONTWAIT) {
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) | Ok(0) => return Ok(None),
                length => break length?,
            }
        };
        CriuResponse::decode(&bytes[..length])
            .map(Some)
            .map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))
    }
}

impl AsFd for Swrk {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
