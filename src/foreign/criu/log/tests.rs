use super::*;

#[test]
fn errors_of_a_log_become_words_with_a_kind_and_a_cure() {
    let log = "(00.01) Warn  (criu/x.c:1): nothing\n\
               (00.02) Error (criu/rlimit.c:1): Unable to raise RLIMIT_NOFILE\n\
               (00.03)   1002: Error (criu/files-reg.c:2130): File work/log has bad size 12 (expect 7)\n\
               (00.04) Error (criu/cr-restore.c:2): Restoring FAILED.\n";
    let told = trouble(CriuWork::Restore, log, 0, "Unable to raise RLIMIT_NOFILE");
    assert_eq!(told.kind, TroubleKind::Unfit);
    assert_eq!(told.what, "CRIU cannot restore the program: File work/log has bad size 12 (expect 7)");
    assert!(told.cure.contains("as it was"), "{told}");
    let log = "(00.1) Error (criu/sk-inet.c:1): inet: Connected TCP socket, consider using --tcp-established option.\n";
    let told = trouble(CriuWork::Dump, log, 0, "");
    assert!(told.kind == TroubleKind::Undumpable && told.cure.contains("network: Private"), "{told}");
}

#[test]
fn what_cannot_be_dumped_is_told_with_what_to_do() {
    for (line, cure) in [
        ("Can't open mapped [/dev/shm/sem.az5PpR (deleted)]: No such file or directory", "semaphores: Files"),
        ("Can't open mapped [/[aio] (deleted)]: No such file or directory", "(aio)"),
        ("Can't open mapped [/data/x (deleted)]: No such file or directory", "removed or replaced"),
        ("fsnotify: \tCan't dump that handle", "inotify"),
        ("Unseizable non-zombie 1005 found, state S, err -1/10", "tracer"),
        ("Task 1002 with SysVIPC shmem map @7f80cc111000 doesn't live in IPC ns", "SysV"),
        ("send_fds failed (-22)", "io_uring"),
        ("suspending seccomp failed: Operation not permitted", "seccomp"),
        ("trim failed: @link_remap.12@", "before 6.10"),
        ("Can't lookup mount=21 for fd=3 path=/qq", "message queue"),
    ] {
        let told = trouble(CriuWork::Dump, &format!("(00.1) Error (criu/x.c:1): {line}\n"), 0, "");
        assert_eq!(told.kind, TroubleKind::Undumpable, "{told}");
        assert!(told.cure.contains(cure), "{told}");
    }
}

#[test]
fn a_kernel_that_does_not_tell_of_sockets_is_blamed_only_where_nothing_else_is_known() {
    let missing = "(00.1) Error (criu/sockets.c:1): sockets: Diag module missing (-2)\n";
    let told = trouble(CriuWork::Dump, missing, 0, "");
    assert!(told.kind == TroubleKind::Unavailable && told.cure.contains("unix_diag"), "{told}");
    let other = format!("{missing}(00.2) Error (criu/x.c:1): fsnotify: it watches\n");
    assert!(trouble(CriuWork::Dump, &other, 0, "").cure.contains("inotify"));
    let gone = no_answer(CriuWork::Dump, missing, "sh: no such file\n");
    assert_eq!(gone.what, "CRIU ended in a dump without an answer; sh: no such file");
}

#[test]
fn a_full_disk_is_told_by_its_number_too() {
    assert_eq!(trouble(CriuWork::Dump, "", 28, "").kind, TroubleKind::DiskFull);
    let log = "(00.1) Error (criu/image.c:1): Can't write: No space left on device\n";
    assert_eq!(trouble(CriuWork::Dump, log, 0, "").kind, TroubleKind::DiskFull);
    let unknown = trouble(CriuWork::Restore, "", 0, "it broke");
    assert_eq!(
        (unknown.kind, unknown.what.as_str()),
        (TroubleKind::Unfit, "CRIU cannot restore the program: it broke")
    );
}
