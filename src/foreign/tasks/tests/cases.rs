//! Programs and what cannot be dumped of them.

use super::*;

/// What a program does, and what is to be found of it.
pub(super) type Case = (&'static str, &'static str, &'static [(Obstacle, bool)]);

/// Each may be forbidden on a machine, which is said.
pub(super) const CASES: &[Case] = &[
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
