//! A chain that goes on where something differs: it goes on as if nothing did, or is refused with what differs and what to do,
//! and goes on where that is put right.

use std::fs;

use super::{Programs, counter, numbers_to};
use crate::support;

/// A test that makes what is as good as another node out of namespaces.
fn programs(test: &str, needed: &[&str]) -> Option<Programs> {
    let programs = Programs::new(test)?;
    if !nix::unistd::geteuid().is_root() {
        support::skip(test, "only root can make such a node");
        return None;
    }
    (support::have_programs(test, needed) && support::can_unshare(test, "--mount")).then_some(programs)
}

/// Has the campaign refused within these words: nothing of it is touched.
fn is_refused(programs: &Programs, within: &[&str], file: &str, words: &[&str]) {
    let images = support::contents(&programs.chain(file).join("images"));
    let generations = support::contents(&programs.chain(file).join("generations"));
    let work = support::contents(&programs.work(file));
    let said = programs.said(file);
    programs.run_within(within, file).failed(69, &[&["the program is not restored on "], words].concat());
    assert!(images == support::contents(&programs.chain(file).join("images")), "its images are as they were");
    assert!(generations == support::contents(&programs.chain(file).join("generations")));
    assert!(work == support::contents(&programs.work(file)), "its files are as they were");
    assert_eq!(said, programs.said(file), "nothing of it ran");
}

#[test]
fn numbers_of_processes_that_the_next_node_has_given_away_are_no_matter() {
    let test = "numbers_of_processes_that_the_next_node_has_given_away_are_no_matter";
    let Some(programs) = programs(test, &["unshare"]) else { return };
    let run = "Shell(\"for i in $(seq 1 40); do echo $i $$ >> {work}/kept; echo $i; sleep 0.05; done; cp {work}/kept {output}/kept.txt\")";
    let file = programs.campaign("numbers", run, &["kept.txt"], "");
    programs.cut(&file, || programs.said(&file) >= 20);
    let kept = fs::read_to_string(programs.work(&file).join("kept")).unwrap();
    let own: u32 = kept.lines().next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    // A node whose numbers about this one are all taken when the program comes, and after it has gone.
    let taken = "echo $1 > /proc/sys/kernel/ns_last_pid || exit 121; shift; \
                 for n in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 600 & taken=\"$taken $!\"; done; echo $taken > taken; \
                 \"$@\"; code=$?; kill -0 $taken || exit 122; exit $code";
    let before = (own - 4).to_string();
    let node =
        ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", taken, "sh", &before];
    programs.run_within(&node, &file).good();
    let taken = fs::read_to_string(programs.scene.path("taken")).unwrap();
    assert!(taken.split_whitespace().any(|pid| pid == own.to_string()), "{own}: {taken}");
    let expected: Vec<String> = (1..=40).map(|i| format!("{i} {own}\n")).collect();
    assert_eq!(String::from_utf8(programs.result(&file, "kept.txt")).unwrap(), expected.concat());
    let log = programs.log(&file);
    assert_eq!(log.matches("Resumes generation").count(), 1, "{log}");
}

#[test]
fn a_clock_that_is_a_million_seconds_behind_goes_on_for_the_program() {
    let test = "a_clock_that_is_a_million_seconds_behind_goes_on_for_the_program";
    let Some(programs) = programs(test, &["unshare", "/usr/bin/python3"]) else { return };
    // What it waits for is a moment of its clock; the last line is when a timer of its own rang.
    let script = "import sys, threading, time\nrang = []\nbegin = time.monotonic()\nthreading.Timer(2.5, lambda: rang.append(time.monotonic())).start()\n\
                  for i in range(40):\n    while time.monotonic() < begin + 0.05 * (i + 1):\n        time.sleep(0.01)\n    \
                  print(time.monotonic(), time.clock_gettime(time.CLOCK_BOOTTIME), flush=True)\n\
                  while not rang:\n    time.sleep(0.01)\n\
                  open(sys.argv[1], 'w').write(str(rang[0] - begin))\n";
    fs::write(programs.scene.path("clock.py"), script).unwrap();
    let run = "Program([\"/usr/bin/python3\", \"{folder}/clock.py\", \"{output}/rang.txt\"])";
    let file = programs.campaign("clock", run, &["rang.txt"], "");
    // No machine's clock can be made to begin before it was switched on: the first node's is ahead instead.
    let ahead = ["unshare", "--time", "--monotonic", "1000000", "--boottime", "1000000", "--fork"];
    programs.cut_within(&ahead, &file, || programs.said(&file) >= 300);
    programs.run(&file).good();
    let said = fs::read_to_string(programs.chain(&file).join("logs/0001.program.out")).unwrap();
    let read: Vec<[f64; 2]> = said
        .lines()
        .map(|line| {
            let mut times = line.split(' ').map(|time| time.parse().unwrap());
            [times.next().unwrap(), times.next().unwrap()]
        })
        .collect();
    assert_eq!(read.len(), 40);
    assert!(read[0].iter().all(|time| *time > 1e6), "the first node's clocks are ahead: {said}");
    for (former, next) in read.iter().zip(&read[1..]) {
        for clock in [0, 1] {
            let passed = next[clock] - former[clock];
            // A dump and a restore lie between two of them; a million seconds do not.
            assert!((0.0..1e5).contains(&passed), "{passed}: {said}");
        }
    }
    let rang: f64 = String::from_utf8(programs.result(&file, "rang.txt")).unwrap().parse().unwrap();
    assert!((2.5..1e5).contains(&rang), "{rang}");
    let log = programs.log(&file);
    assert_eq!(log.matches("Resumes generation").count(), 1, "{log}");
}

#[test]
fn a_node_whose_processor_lacks_instructions_is_refused_until_another_comes() {
    let test = "a_node_whose_processor_lacks_instructions_is_refused_until_another_comes";
    let Some(programs) = programs(test, &["unshare", "mount"]) else { return };
    let file = programs.campaign("class", &counter(30, "0.05"), &["sum.txt", "kept.txt"], "");
    programs.cut(&file, || programs.said(&file) >= 20);
    // Another description of the processor, where this program reads it.
    let lacks = ["sse4_2", "avx", "avx2", "fma"];
    let own = fs::read_to_string("/proc/cpuinfo").unwrap();
    let poorer = |line: &str| {
        let is_poorer = line.starts_with("flags");
        let flags =
            line.split(' ').filter(|flag| !is_poorer || !lacks.contains(flag) && !flag.starts_with("avx512"));
        flags.collect::<Vec<_>>().join(" ")
    };
    let lines: Vec<String> = own.lines().map(poorer).collect();
    let description = programs.scene.path("cpuinfo");
    fs::write(&description, lines.join("\n") + "\n").unwrap();
    let mount = "mount --bind \"$1\" /proc/cpuinfo && shift && exec \"$@\"";
    let description = description.to_str().unwrap();
    let node = ["unshare", "--mount", "sh", "-c", mount, "sh", description];
    let known: Vec<&str> = lacks.into_iter().filter(|flag| own.contains(&format!(" {flag} "))).collect();
    let words = ["instructions that this node's lacks: ", known[0], "nodes of one class of processors"];
    for _ in 0..2 {
        is_refused(&programs, &node, &file, &words);
    }
    // The chain is as it was, and says what is wrong.
    let status = programs.scene.status("class");
    let cause = status["chains"][0]["failure"]["cause"].as_str().map(str::to_owned);
    assert!(cause.is_some_and(|cause| cause.contains("instructions")), "{status}");
    programs.run(&file).good();
    assert_eq!(programs.result(&file, "sum.txt"), b"465\n");
    assert_eq!(String::from_utf8(programs.result(&file, "kept.txt")).unwrap(), numbers_to(30));
    let log = programs.log(&file);
    assert_eq!(log.matches("Begins anew").count(), 1, "{log}");
}

#[test]
fn lower_limits_are_kept_or_refused_with_what_to_raise() {
    let test = "lower_limits_are_kept_or_refused_with_what_to_raise";
    let Some(programs) = programs(test, &["prlimit", "/usr/bin/python3"]) else { return };
    // 100 descriptors in use, 4 GB of addresses, 8 MB in memory.
    let script = "import mmap, os, sys, time\nos.dup2(os.open(os.devnull, os.O_RDONLY), 99)\n\
                  wide = mmap.mmap(-1, 4 << 30, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000)\n\
                  held = bytes(range(256)) * (8 << 12)\ntotal = 0\n\
                  for i in range(40):\n    total += sum(held[i::65536])\n    print(i, flush=True)\n    time.sleep(0.05)\n\
                  open(sys.argv[1], 'w').write(str(total))\n";
    fs::write(programs.scene.path("limits.py"), script).unwrap();
    let run = "Program([\"/usr/bin/python3\", \"{folder}/limits.py\", \"{output}/total.txt\"])";
    let whole = programs.campaign("limits-whole", run, &["total.txt"], "");
    programs.run(&whole).good();
    let file = programs.campaign("limits", run, &["total.txt"], "");
    programs.cut(&file, || programs.said(&file) >= 20);
    for (limit, words) in [
        ("--nofile=128:128", ["the job's limit for open files is 128, and CRIU needs 256", "`ulimit -H -n`"]),
        (
            "--nofile=64:64",
            ["the job's limit for open files is 64, and the program uses 100", "`ulimit -H -n`"],
        ),
        ("--as=2000000000:2000000000", ["the job's limit for address space is ", "`ulimit -H -v`"]),
        ("--fsize=1000000:1000000", ["a file of the next image takes ", "`ulimit -f`"]),
    ] {
        is_refused(&programs, &["prlimit", limit, "--"], &file, &words);
    }
    // A lower hard limit that is enough is told, and kept by the program; a lower soft one is none of the program's.
    let lower = ["prlimit", "--nofile=64:256", "--as=3000000000:", "--stack=100000:", "--nproc=1000:", "--"];
    programs.cut_within(&lower, &file, || programs.said(&file) >= 60);
    let log = programs.log(&file);
    assert!(log.contains("the job's limit for open files is 256, and was "), "{log}");
    programs.run(&file).good();
    assert_eq!(programs.result(&file, "total.txt"), programs.result(&whole, "total.txt"));
    let log = programs.log(&file);
    assert_eq!(log.matches("Resumes generation").count(), 2, "{log}");
}

#[test]
fn a_library_that_was_replaced_is_refused_until_it_is_put_back() {
    let test = "a_library_that_was_replaced_is_refused_until_it_is_put_back";
    let Some(programs) = Programs::new(test) else { return };
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let system =
        maps.lines().find_map(|line| Some(&line[line.find('/')?..]).filter(|path| path.contains("/libm.")));
    let library = programs.scene.path("libown.so");
    let bytes = fs::read(system.unwrap_or("/lib/x86_64-linux-gnu/libm.so.6")).unwrap();
    fs::write(&library, &bytes).unwrap();
    let preload = "environment: {\"LD_PRELOAD\": \"{folder}/libown.so\"}";
    let run =
        counter(60, "0.05").replace("echo $s >", "until [ -e {folder}/go ]; do sleep 0.02; done; echo $s >");
    let file = programs.campaign("library", &run, &["sum.txt", "kept.txt"], preload);
    programs.cut(&file, || programs.said(&file) >= 20);
    // An upgrade: a new file under the name, of the same length.
    let former = programs.scene.path("former.so");
    let upgrade = || {
        let mut other = bytes.clone();
        let middle = other.len() - 1000;
        other[middle] ^= 1;
        fs::copy(&library, &former).unwrap();
        fs::write(programs.scene.path("upgrade"), other).unwrap();
        fs::rename(programs.scene.path("upgrade"), &library).unwrap();
    };
    upgrade();
    let words = ["libown.so: its content is another one, at the same length", "put it back as it was"];
    is_refused(&programs, &[], &file, &words);
    // The same content is the same library, whenever it was put there.
    fs::copy(&former, &library).unwrap();
    programs.cut(&file, || programs.said(&file) >= 60);
    // Missing.
    fs::remove_file(&library).unwrap();
    is_refused(&programs, &[], &file, &["libown.so: it is missing on this node", "put it back"]);
    fs::rename(&former, &library).unwrap();
    // Replaced while the program runs: it cannot be dumped, and the last generation stands.
    let mut late = programs.begin(&file);
    super::wait_for(|| programs.log(&file), || programs.said(&file) >= 100);
    upgrade();
    super::ask_to_stop(&late);
    let code = late.wait().unwrap().code();
    let log = programs.log(&file);
    assert_eq!(code, Some(99), "{log}");
    assert!(log.contains("libown.so") && log.contains("removed or replaced"), "{log}");
    assert!(log.contains("generation 000002 stands"), "{log}");
    is_refused(&programs, &[], &file, &words);
    fs::rename(&former, &library).unwrap();
    fs::write(programs.scene.path("go"), "").unwrap();
    programs.run(&file).good();
    assert_eq!(programs.result(&file, "sum.txt"), b"1830\n");
    assert_eq!(String::from_utf8(programs.result(&file, "kept.txt")).unwrap(), numbers_to(60));
}
