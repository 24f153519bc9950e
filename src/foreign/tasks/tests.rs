//! Real programs, written in Python: what they have open is what a scientist's program would have.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use super::*;
use crate::foreign::Network;

/// Held for writing while a test has semaphores or queues of System V: they are the machine's, and other tests would see them.
static SYSTEM_V: RwLock<()> = RwLock::new(());

/// No test has semaphores or queues of System V meanwhile.
pub(in crate::foreign) fn without_system_v() -> RwLockReadGuard<'static, ()> {
    SYSTEM_V.read().unwrap_or_else(PoisonError::into_inner)
}

/// What each program begins with.
const BEGIN: &str = r"
import os, sys, time, socket, mmap, struct, ctypes, traceback
os.closerange(3, 1 << 16)
if os.getsid(0) != os.getpid(): os.setsid()
c = ctypes.CDLL(None, use_errno=True)
c.mmap.restype = c.shmat.restype = ctypes.c_void_p
c.shmat.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int]
c.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
def ok(result):
    if result == -1: raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
def ready(word='ready'):
    with open('ready.new', 'w') as file: file.write(word)
    os.rename('ready.new', 'ready')
home, parent = os.getcwd(), os.getppid()
def stay():
    while not os.path.exists(home + '/stop') and os.getppid() == parent: time.sleep(0.01)
def main():
";

/// What each ends with. What a node forbids is told.
const END: &str = "
try: main()
except OSError as e: ready('refused: %s' % e); stay()
except Exception: ready('failed: ' + traceback.format_exc()); stay()
";

/// A program that runs until this is dropped.
pub(in crate::foreign) struct RunningProgram {
    child: Child,
    pub(in crate::foreign) folder: TempDir,
}

impl RunningProgram {
    /// A program whose lines do something, say `ready()` and `stay()`.
    pub(in crate::foreign) fn python(lines: &str) -> Self {
        Self::with(lines, |_| {})
    }

    pub(in crate::foreign) fn with(lines: &str, prepare: impl FnOnce(&mut Command)) -> Self {
        let indented = lines.lines().fold(String::new(), |all, line| all + "    " + line + "\n");
        let folder = tempfile::tempdir().unwrap();
        // A wrapper of another place may take long to find its Python.
        let debian = Path::new("/usr/bin/python3");
        let mut command = Command::new(if debian.exists() { debian } else { Path::new("python3") });
        command.args(["-c", &format!("{BEGIN}{indented}{END}")]).current_dir(&folder);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        prepare(&mut command);
        let mut running = Self { child: command.spawn().expect("python3 is needed"), folder };
        wait_until(|| running.path("ready").exists() || running.child.try_wait().unwrap().is_some());
        let said = std::fs::read_to_string(running.path("ready")).expect("the program has ended");
        assert!(!said.starts_with("failed"), "{said}");
        running
    }

    pub(in crate::foreign) fn number(&self) -> u32 {
        self.child.id()
    }

    pub(in crate::foreign) fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// What it could not do on this machine.
    pub(in crate::foreign) fn refusal(&self) -> Option<String> {
        Some(std::fs::read_to_string(self.path("ready")).unwrap()).filter(|said| said != "ready")
    }

    fn hindrances(&self, look: &TaskScan) -> Vec<Hindrance> {
        let _none = without_system_v();
        let filtered =
            proc::text(std::process::id(), "status").is_ok_and(|s| proc::field(&s, "Seccomp") != Some("0"));
        let mut found = hindrances(&tree(&[self.number()]), look);
        // The container that these tests run in may have a filter of its own.
        found.retain(|hindrance| !(filtered && hindrance.kind == Obstacle::Seccomp));
        for hindrance in &found {
            assert!(
                !hindrance.what.is_empty() && !hindrance.cure.is_empty() && hindrance.name.contains("python"),
                "{hindrance}"
            );
        }
        found
    }

    fn kinds(&self, look: &TaskScan) -> BTreeSet<(Obstacle, bool)> {
        self.hindrances(look).iter().map(|hindrance| (hindrance.kind, hindrance.certain)).collect()
    }
}

impl Drop for RunningProgram {
    fn drop(&mut self) {
        let _ = File::create(self.path("stop"));
        let end = Instant::now() + Duration::from_secs(5);
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = kill(Pid::from_raw(-(self.child.id() as i32)), Signal::SIGKILL);
        let _ = self.child.wait();
    }
}

pub(in crate::foreign) fn wait_until(mut done: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_mins(1);
    while !done() {
        assert!(Instant::now() < end, "it takes too long");
        std::thread::sleep(Duration::from_millis(5));
    }
}

const CERTAIN: bool = true;
const PERHAPS: bool = false;

#[test]
fn an_ordinary_program_has_no_hindrance() {
    let running = RunningProgram::python(
        "r, w = os.pipe()
a, b = socket.socketpair()
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
memory = os.memfd_create('m')
shared = mmap.mmap(-1, 1 << 20)
events = [c.eventfd(0, 0), c.epoll_create1(0), c.timerfd_create(1, 0)]
gone = open('gone', 'w+'); os.unlink('gone')
half, other = os.pipe(); os.close(other)
null = open('/dev/urandom')
child = os.pidfd_open(os.getpid())
ready(); stay()",
    );
    assert_eq!(running.refusal(), None);
    assert_eq!(running.hindrances(&TaskScan::default()), []);
}

/// What a program does, and what is to be found of it.
type Case = (&'static str, &'static str, &'static [(Obstacle, bool)]);

/// Each may be forbidden on a machine, which is said.
const CASES: &[Case] = &[
    ("inotify", "fd = ok(c.inotify_init())", &[(Obstacle::Watch, CERTAIN)]),
    ("io_uring", "fd = ok(c.syscall(425, 4, ctypes.create_string_buffer(256)))", &[(Obstacle::Uring, CERTAIN)]),
    ("userfaultfd", "fd = ok(c.syscall(323, 1))", &[(Obstacle::Faults, CERTAIN)]),
    ("aio", "ring = ctypes.c_ulong(0); ok(c.syscall(206, 8, ctypes.byref(ring)))", &[(Obstacle::Aio, PERHAPS)]),
    ("perf", "fd = ok(c.syscall(298, struct.pack('IIQ', 1, 112, 0) + bytes(96), 0, -1, -1, 0))", &[(Obstacle::Unknown, PERHAPS)]),
    (
        "a queue of POSIX",
        "rt = ctypes.CDLL('librt.so.1', use_errno=True)
name = b'/alpsckpt-%d' % os.getpid()
fd = ok(rt.mq_open(name, os.O_CREAT | os.O_RDWR, 0o600, None)); rt.mq_unlink(name)",
        &[(Obstacle::Queue, CERTAIN)],
    ),
    (
        "huge pages",
        "at = c.mmap(None, 1 << 21, 3, 0x44022, -1, 0)\nif at == 2**64 - 1: raise OSError('no huge pages')",
        &[(Obstacle::Huge, PERHAPS)],
    ),
    (
        "shared memory of System V",
        "shm = ok(c.shmget(0, 4096, 0o1600)); c.shmat(shm, None, 0); c.shmctl(shm, 0, None)",
        &[(Obstacle::SharedMemory, CERTAIN)],
    ),
    (
        "a filter",
        "program = ctypes.create_string_buffer(struct.pack('HBBI', 6, 0, 0, 0x7fff0000))
head = struct.pack('HxxxxxxQ', 1, ctypes.addressof(program))
ok(c.prctl(38, 1, 0, 0, 0)); ok(c.prctl(22, 2, head))",
        &[(Obstacle::Seccomp, CERTAIN)],
    ),
    (
        "a device",
        "for path in ['/dev/net/tun', '/dev/fuse', '/dev/kmsg', '/dev/loop-control']:
    try: fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK); break
    except OSError as e: last = e
else: raise last",
        &[(Obstacle::Device, CERTAIN)],
    ),
    (
        "a mount of another view",
        "kept = open('/etc/passwd'); ok(c.unshare(0x10020000))",
        &[(Obstacle::OtherMount, CERTAIN)],
    ),
    (
        "a container",
        "r, w = os.pipe()
if os.fork() == 0:
    failed = c.unshare(0x10000000)
    os.write(w, b'n' if failed else b'y')
    while os.getppid() != 1 and not os.path.exists(home + '/stop'): time.sleep(0.01)
    os._exit(0)
if os.read(r, 1) != b'y': raise OSError('no namespaces')",
        &[(Obstacle::Container, CERTAIN)],
    ),
    (
        "a debugger",
        "r, w = os.pipe()
if os.fork() == 0:
    failed = c.ptrace(0, 0, None, None)
    os.write(w, b'n' if failed else b'y')
    while os.getppid() != 1 and not os.path.exists(home + '/stop'): time.sleep(0.01)
    os._exit(0)
if os.read(r, 1) != b'y': raise OSError('no tracing')",
        &[(Obstacle::Traced, CERTAIN)],
    ),
    ("a terminal of its own", "a, b = os.openpty()", &[(Obstacle::Terminal, CERTAIN)]),
    ("a process that is no part", "fd = os.pidfd_open(parent)", &[(Obstacle::Outside, CERTAIN)]),
    ("a server", "s = socket.create_server(('127.0.0.1', 0))", &[(Obstacle::Tcp, PERHAPS)]),
    (
        "a connection within",
        "s = socket.create_server(('127.0.0.1', 0)); a = socket.create_connection(s.getsockname()); b = s.accept()[0]; s.close()",
        &[(Obstacle::Tcp, CERTAIN)],
    ),
    (
        "long paths",
        "for _ in range(17): os.mkdir('d' * 250); os.chdir('d' * 250)
fd = os.open('file', os.O_CREAT | os.O_RDWR); os.chdir(home)",
        &[(Obstacle::LongPath, CERTAIN)],
    ),
    (
        "a semaphore",
        "path = '/dev/shm/sem.alpsckpt-%d' % os.getpid(); f = open(path, 'wb+'); f.write(bytes(32)); f.flush()
m = mmap.mmap(f.fileno(), 32); f.close(); os.unlink(path)",
        &[(Obstacle::Semaphore, CERTAIN)],
    ),
    (
        "shared memory by a name",
        "path = '/dev/shm/alpsckpt-%d' % os.getpid(); f = open(path, 'wb+'); f.write(bytes(32)); f.flush()
m = mmap.mmap(f.fileno(), 32); f.close()
import atexit; atexit.register(os.unlink, path)",
        &[(Obstacle::LocalFile, PERHAPS)],
    ),
    (
        "a mapped file that was removed",
        "f = open('lib', 'wb+'); f.write(bytes(32)); f.flush(); m = mmap.mmap(f.fileno(), 32); f.close(); os.unlink('lib')",
        &[(Obstacle::Removed, CERTAIN)],
    ),
];

#[test]
fn each_hindrance_is_found_with_its_kind() {
    let all: Vec<(&Case, RunningProgram)> = CASES
        .iter()
        .map(|case| (case, RunningProgram::python(&format!("{}\nready(); stay()", case.1))))
        .collect();
    let mut done = 0;
    for ((name, _, expected), running) in &all {
        if let Some(refusal) = running.refusal() {
            eprintln!("{name}: not tried, this machine has none of it ({refusal})");
            continue;
        }
        done += 1;
        // Folders of tests lie on this node alone.
        let look = TaskScan { everywhere: vec![running.folder.path().to_path_buf()], ..TaskScan::default() };
        assert_eq!(
            running.kinds(&look),
            expected.iter().copied().collect(),
            "{name}: {:?}",
            running.hindrances(&look)
        );
    }
    assert!(done >= 10, "{done} of {} could be tried", CASES.len());
}

#[test]
fn a_network_of_its_own_takes_connections_within() {
    let running = RunningProgram::python(
        "s = socket.create_server(('127.0.0.1', 0)); a = socket.create_connection(s.getsockname()); b = s.accept()[0]\nready(); stay()",
    );
    let look = TaskScan { network: Network::Private, ..TaskScan::default() };
    assert_eq!(running.kinds(&look), BTreeSet::new());
    let dmtcp = TaskScan { tool: Tool::Dmtcp, ..TaskScan::default() };
    assert_eq!(running.kinds(&dmtcp), BTreeSet::new());
}

#[test]
fn what_leads_to_another_program_is_found_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let reader =
        std::os::unix::fs::OpenOptionsExt::custom_flags(File::options().read(true), nix::libc::O_NONBLOCK)
            .open(&fifo)
            .unwrap();
    let listener = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
    let script = format!(
        "f = os.open('{0}/fifo', os.O_WRONLY)\ns = socket.socket(socket.AF_UNIX); s.connect('{0}/socket')\nready(); stay()",
        folder.path().display()
    );
    let running = RunningProgram::with(&script, |command| {
        command.stdout(Stdio::piped());
    });
    let accepted = listener.accept().unwrap();
    let found = running
        .hindrances(&TaskScan { everywhere: vec![folder.path().to_path_buf()], ..TaskScan::default() });
    let of = |kind: Obstacle| {
        found.iter().filter(|h| h.kind == kind && h.certain).map(ToString::to_string).collect::<Vec<_>>()
    };
    let none = |init, standing| {
        wrong(&[running.number()], &TaskScan { init, ..TaskScan::default() }, standing).is_none()
    };
    assert!(!none(None, false) && !none(None, true) && !none(Some(std::process::id()), false));
    // Whoever dumps it may have hold of its pipes.
    assert!(none(Some(std::process::id()), true));
    let me = format!("process {}", std::process::id());
    let (pipes, sockets) = (of(Obstacle::Pipe), of(Obstacle::Socket));
    assert_eq!((pipes.len(), sockets.len(), found.len()), (2, 1, 3), "{found:?}");
    assert!(pipes.iter().chain(&sockets).all(|said| said.contains(&me)), "{pipes:?} {sockets:?}");
    assert!(pipes.iter().any(|said| said.contains("/fifo")), "{pipes:?}");
    assert!(sockets[0].contains("/socket"), "{sockets:?}");
    drop((reader, accepted));
}

#[test]
fn a_terminal_from_outside_is_refused() {
    let pair = nix::pty::openpty(None, None).unwrap();
    let running = RunningProgram::with("ready(); stay()", |command| {
        command.stdin(pair.slave.try_clone().unwrap());
    });
    assert_eq!(running.kinds(&TaskScan::default()), BTreeSet::from([(Obstacle::Terminal, CERTAIN)]));
    for standing in [false, true] {
        let found = wrong(&[running.number()], &TaskScan::default(), standing).unwrap();
        assert_eq!(found.kind, Obstacle::Terminal);
    }
}

#[test]
fn a_replaced_library_is_found() {
    let script = "f = open('lib', 'wb+'); f.write(bytes(32)); f.flush(); m = mmap.mmap(f.fileno(), 32); f.close()\nready(); stay()";
    let running = RunningProgram::python(script);
    let look = TaskScan { everywhere: vec![running.folder.path().to_path_buf()], ..TaskScan::default() };
    assert_eq!(running.kinds(&look), BTreeSet::new());
    std::fs::write(running.path("new"), [0; 32]).unwrap();
    std::fs::rename(running.path("new"), running.path("lib")).unwrap();
    assert_eq!(running.kinds(&look), BTreeSet::from([(Obstacle::Removed, CERTAIN)]));
    // As long as it lies on this node alone, that is said.
    assert!(
        RunningProgram::python(script).kinds(&TaskScan::default()).contains(&(Obstacle::LocalFile, PERHAPS))
    );
}

#[test]
fn semaphores_and_queues_of_system_v_are_found() {
    let _own = SYSTEM_V.write().unwrap_or_else(PoisonError::into_inner);
    let running = RunningProgram::python(
        "s = ok(c.semget(0, 1, 0o1600)); q = ok(c.msgget(0, 0o1600))
try:
    ok(c.msgsnd(q, struct.pack('l8s', 1, b'x'), 8, 0)); ready(); stay()
finally:
    c.semctl(s, 0, 0, 0); c.msgctl(q, 0, None)",
    );
    if let Some(refusal) = running.refusal() {
        eprintln!("not tried, this machine has none of it ({refusal})");
        return;
    }
    let found = hindrances(&tree(&[running.number()]), &TaskScan::default());
    let kinds: BTreeSet<_> = found.iter().map(|hindrance| (hindrance.kind, hindrance.certain)).collect();
    assert!(kinds.contains(&(Obstacle::SystemSemaphores, PERHAPS)), "{kinds:?}");
    assert!(kinds.contains(&(Obstacle::SystemQueue, CERTAIN)), "{kinds:?}");
}

#[test]
fn what_has_left_the_tree_is_found_below_its_init() {
    let running = RunningProgram::python(
        "for _ in range(2):
    if os.fork() == 0:
        while os.getppid() != 1 and not os.path.exists(home + '/stop'): time.sleep(0.01)
        os._exit(0)
ready(); stay()",
    );
    let init = running.number();
    let all: Vec<u32> = tree(&[init]).into_iter().filter(|task| *task != init).collect();
    assert_eq!(all.len(), 2);
    let look = TaskScan { init: Some(init), ..TaskScan::default() };
    let outside = |tasks: &[u32]| {
        hindrances(tasks, &look)
            .into_iter()
            .filter(|h| h.kind == Obstacle::Outside)
            .map(|h| h.task)
            .collect::<Vec<_>>()
    };
    assert_eq!(outside(&all[..1]), [all[1]]);
    assert_eq!(outside(&all), Vec::<u32>::new());
}

#[test]
fn a_tree_has_all_that_run_and_none_that_ended() {
    let running = RunningProgram::python(
        "if os.fork() == 0: os._exit(0)
r, w = os.pipe()
if os.fork() == 0:
    if os.fork() == 0: os.write(w, b'x')
    while os.getppid() != 1 and not os.path.exists(home + '/stop'): time.sleep(0.01)
    os._exit(0)
os.read(r, 1); ready(); stay()",
    );
    // The first child has ended, or will.
    wait_until(|| tree(&[running.number()]).len() == 3);
    assert_eq!(tree(&[running.number(), u32::MAX >> 1]).first(), Some(&running.number()));
    assert_eq!(tree(&[u32::MAX >> 1]), Vec::<u32>::new());
    let gone = [u32::MAX >> 1];
    assert_eq!(
        (memory(&gone), cpu(&gone), hindrances(&gone, &TaskScan::default())),
        (TaskMemory::default(), Duration::ZERO, vec![])
    );
}

#[test]
fn memory_is_what_an_image_takes_and_shared_memory_counts_once() {
    const MIB: u64 = 1 << 20;
    let running = RunningProgram::python(
        "shared = mmap.mmap(-1, 48 << 20); shared.write(b'x' * (48 << 20))
r, w = os.pipe()
for _ in range(2):
    if os.fork() == 0:
        sum(shared[i] for i in range(0, 48 << 20, 4096)); os.write(w, b'x')
        while os.getppid() != 1 and not os.path.exists(home + '/stop'): time.sleep(0.01)
        os._exit(0)
own = b'y' * (32 << 20)
os.read(r, 1); os.read(r, 1); ready(); stay()",
    );
    let memory = memory(&tree(&[running.number()]));
    // Python itself has some 10 MB in each of three tasks; the text that was written, 48 MB, may still be held.
    assert!(memory.image >= 80 * MIB && memory.image < 200 * MIB, "{memory:?}");
    assert!(memory.largest >= 47 * MIB && memory.largest <= memory.image, "{memory:?}");
    assert!(memory.resident <= memory.image, "{memory:?}");
}

#[test]
fn cpu_time_counts_children_that_ended() {
    let running = RunningProgram::python(
        "if os.fork() == 0:
    while time.process_time() < 0.3: pass
    os._exit(0)
os.wait(); ready(); stay()",
    );
    let cpu = cpu(&tree(&[running.number()]));
    assert!(cpu >= Duration::from_millis(280) && cpu < Duration::from_mins(1), "{cpu:?}");
}

#[test]
fn programs_without_a_loader_are_told_for_dmtcp() {
    let is_protected = |program: &str, mapped: &[&str]| {
        state::is_protected(Path::new(program), mapped.iter().map(Path::new))
    };
    assert!(is_protected("/opt/dmtcp/bin/mtcp_restart", &[]));
    assert!(is_protected("/bin/sh", &["/lib/libc.so.6", "/opt/dmtcp/lib/dmtcp/libdmtcp.so"]));
    assert!(!is_protected("/bin/busybox", &["/bin/busybox"]));
    assert!(state::has_loader(&mut File::open("/proc/self/exe").unwrap()).unwrap());
    let mut elf = vec![0; 64 + 2 * 56];
    elf[..6].copy_from_slice(b"\x7fELF\x02\x01");
    elf[32] = 64;
    elf[54] = 56;
    elf[56] = 2;
    let folder = tempfile::tempdir().unwrap();
    let put = |elf: &[u8]| {
        std::fs::write(folder.path().join("elf"), elf).unwrap();
        state::has_loader(&mut File::open(folder.path().join("elf")).unwrap()).unwrap()
    };
    assert!(!put(&elf));
    elf[64 + 56] = 3;
    assert!(put(&elf));
}

#[test]
fn files_of_an_image_that_may_not_grow_so_far_are_told() {
    assert_eq!(state::too_large(1 << 30, u64::MAX), None);
    assert_eq!(state::too_large(99, 100), None);
    assert!(state::too_large(2 << 30, 1 << 30).unwrap().contains("may not grow"));
}

#[test]
fn the_process_that_looks_can_be_looked_at() {
    let own = std::process::id();
    assert!(tree(&[own]).contains(&own));
    assert!(memory(&[own]).image > 0);
    assert!(!proc::mappings(own).unwrap().is_empty());
}
