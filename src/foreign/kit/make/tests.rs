use super::*;

#[test]
fn a_library_of_the_system_is_one_that_the_kit_lacks() {
    let list = "\tlinux-vdso.so.1 (0x00007f)\n\tlibnl-3.so.200 => not found\n\tlibc.so.6 => /k/usr/lib/libc.so.6 (0x1)\n\
                \tlibuuid.so.1 => /lib/libuuid.so.1 (0x2)\n\t/lib64/ld.so => /k/lib64/ld.so (0x3)\n";
    assert_eq!(lacking(list, Path::new("/k")), ["libnl-3.so.200", "libuuid.so.1"]);
}

#[test]
fn what_a_killed_one_left_is_swept_away_and_what_one_works_on_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let make = |name: &str, age: Duration| {
        let path = folder.path().join(name);
        fs::create_dir(&path).unwrap();
        File::open(&path).unwrap().set_modified(SystemTime::now() - age).unwrap();
        path
    };
    let old = make(".criu-kit.node1.7.00.tmp", 2 * LEFT_BEHIND);
    let others = [(".criu-kit.node1.8.00.tmp", 0), (".other.node1.7.00.tmp", 2), ("criu-kit", 2)]
        .map(|(name, hours)| make(name, hours * LEFT_BEHIND));
    sweep(folder.path(), "criu-kit");
    assert!(!old.exists() && others.iter().all(|other| other.exists()));
}
