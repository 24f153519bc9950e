//! Real programs, written in Python: what they have open is what a scientist's program would have.

mod cases;
mod running;

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;
use std::process::Stdio;
use std::sync::PoisonError;
use std::time::Duration;

use super::*;
use crate::foreign::Network;
use cases::{CASES, Case};
use running::SYSTEM_V;
pub(in crate::foreign) use running::{RunningProgram, wait_until, without_system_v};

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
