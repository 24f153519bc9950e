use super::*;
use crate::foreign::record::Recorded;
use crate::foreign::tasks::tests::RunningProgram;

const CRIU: (u32, u32, u32) = (4, 2, 1);

/// A record of a program that reads a file, and this node.
fn lab() -> (RunningProgram, ImageRecord, RestoreSite) {
    let running =
        RunningProgram::python("open('input', 'w').write('abc'); given = open('input'); ready(); stay()");
    let record = ImageRecord::of(&[running.number()], CRIU).unwrap();
    (running, record, RestoreSite::look(CRIU).unwrap())
}

fn of(record: &ImageRecord, here: &RestoreSite) -> Vec<Unfit> {
    unfit(record, here, Path::new("/nonexistent"))
}

#[test]
fn an_image_fits_the_node_it_was_made_on() {
    let (_running, record, here) = lab();
    assert_eq!(of(&record, &here), []);
}

#[test]
fn a_file_that_differs_is_refused_with_what_differs() {
    let (running, mut record, here) = lab();
    let input = running.path("input");
    let said = |record: &ImageRecord| {
        of(record, &here).iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let put = |content: &str| std::fs::write(&input, content).unwrap();
    // A file of the same content is the same, at another time.
    put("abc");
    assert_eq!(said(&record), "");
    put("xyz");
    assert!(said(&record).contains("/input: its content is another one"), "{}", said(&record));
    put("abcd");
    assert!(said(&record).contains("/input: it has 4 B, and had 3 B"), "{}", said(&record));
    put("abc");
    let mode = std::os::unix::fs::PermissionsExt::from_mode;
    std::fs::set_permissions(&input, mode(0o600)).unwrap();
    assert!(said(&record).contains("/input: its mode is 600, and was 6"), "{}", said(&record));
    std::fs::remove_file(&input).unwrap();
    assert!(said(&record).contains("/input: it is missing on this node"), "{}", said(&record));
    std::fs::create_dir(&input).unwrap();
    assert!(said(&record).contains("/input: something else"), "{}", said(&record));
    // A large file whose time is another one cannot be known.
    record.files = vec![Recorded {
        size: 3 << 20,
        modified: 1,
        ..record.files.iter().find(|f| f.path.ends_with("input")).unwrap().clone()
    }];
    std::fs::remove_dir(&input).unwrap();
    std::fs::File::create(&input).unwrap().set_len(3 << 20).unwrap();
    std::fs::set_permissions(&input, mode(record.files[0].mode & 0o7777)).unwrap();
    record.files[0].sum =
        Some(crate::foreign::record::sum(&std::fs::File::open(&input).unwrap(), 3 << 20).unwrap());
    assert!(said(&record).contains("/input: it was written at"), "{}", said(&record));
}

#[test]
fn a_poorer_processor_is_refused_unless_what_it_lacks_was_masked() {
    let (_running, mut record, mut here) = lab();
    let flags = &mut record.node.processor.flags;
    flags.extend(["avx512f", "avx512vl", "avx2"].map(str::to_owned));
    here.node.processor.flags = flags.iter().filter(|flag| !flag.starts_with("avx512")).cloned().collect();
    let refused = of(&record, &here);
    assert!(refused.len() == 1 && refused[0].kind == Misfit::Processor && refused[0].refuses, "{refused:?}");
    assert!(refused[0].what.contains("avx512f") && refused[0].cure.contains("masked"), "{refused:?}");
    record.avx512_masked = true;
    assert_eq!(of(&record, &here), []);
    here.node.processor.flags.remove("avx2");
    assert!(of(&record, &here)[0].what.contains("lacks: avx2 ("));
}

#[test]
fn an_older_kernel_is_told_and_an_older_criu_or_other_groups_are_refused() {
    let (_running, mut record, mut here) = lab();
    record.node.kernel = "6.18.44-fc".into();
    here.node.kernel = "6.1.0-56-amd64".into();
    let told = of(&record, &here);
    assert!(told.len() == 1 && told[0].kind == Misfit::Kernel && !told[0].refuses, "{told:?}");
    here.node.kernel = "6.18.2".into();
    assert_eq!(of(&record, &here), []);
    here.criu = (4, 1, 9);
    assert_eq!(of(&record, &here)[0].kind, Misfit::Criu);
    here.criu = (4, 2, 0);
    here.node.groups += 1;
    let groups = of(&record, &here);
    assert!(groups.len() == 1 && groups[0].kind == Misfit::Groups && groups[0].refuses, "{groups:?}");
    record.criu = (0, 0, 0);
    assert_eq!(of(&record, &here), [], "another tool asks for neither");
}

#[test]
fn too_little_memory_is_refused_with_who_has_too_little() {
    let (_running, mut record, mut here) = lab();
    (record.memory, record.writable) = (100 << 20, 300 << 20);
    here.room = Room { cgroup: Some(50 << 20), available: 70 << 20, commit: Some(200 << 20) };
    let all = of(&record, &here);
    assert!(all.len() == 3 && all.iter().all(|one| one.kind == Misfit::Memory && one.refuses), "{all:?}");
    here.room = Room { cgroup: Some(100 << 20), available: 100 << 20, commit: Some(300 << 20) };
    assert_eq!(of(&record, &here), []);
}

#[test]
fn lower_limits_are_refused_where_they_are_in_use_and_else_told() {
    let (_running, mut record, mut here) = lab();
    record.limits.files = ResourceLimit { hard: Some(4096), used: 100 };
    here.limits.files = ResourceLimit { hard: Some(1024), used: 0 };
    let told = of(&record, &here);
    assert!(told.len() == 1 && told[0].kind == Misfit::Limit && !told[0].refuses, "{told:?}");
    here.limits.files.hard = Some(99);
    here.limits.addresses.hard = Some(1 << 20);
    let refused = of(&record, &here);
    assert!(refused.len() == 2 && refused.iter().all(|one| one.refuses), "{refused:?}");
    for (used, hard, refused) in
        [(3, 127, true), (3, 128, false), (97, 128, false), (98, 255, true), (98, 256, false)]
    {
        record.limits.files = ResourceLimit { hard: Some(hard), used };
        here.limits = record.limits.clone();
        let found = of(&record, &here);
        assert_eq!(
            found.iter().any(|one| one.refuses && one.what.contains("CRIU needs ")),
            refused,
            "{found:?}"
        );
    }
    record.limits.files = ResourceLimit { hard: Some(4096), used: 100 };
    here.limits = record.limits.clone();
    record.largest = 10 << 20;
    here.file_size = Some(9 << 20);
    let size = of(&record, &here);
    assert!(size.len() == 1 && size[0].what.contains("10"), "{size:?}");
}
