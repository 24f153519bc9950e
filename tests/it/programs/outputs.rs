//! Files of the program that somebody else changes between two links.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::{Programs, numbers_to};

/// Keeps its numbers in a file that it writes at its end only and in one that it may write anywhere.
const WRITES: &str = "Shell(\"exec 3>>{work}/kept 4<>{work}/table; for i in $(seq 1 100); do echo $i; echo $i >&3; echo $i >&4; sleep 0.03; done; cat {work}/kept > {output}/kept.txt; cat {work}/table > {output}/table.txt\")";

fn grow(path: &Path) {
    let mut file = OpenOptions::new().append(true).open(path).unwrap();
    file.write_all(b"of somebody else\n").unwrap();
}

/// Changes the last digit of a file.
fn change(path: &Path) {
    let file = OpenOptions::new().write(true).open(path).unwrap();
    let length = file.metadata().unwrap().len();
    file.write_all_at(b"x", length - 2).unwrap();
}

#[test]
fn what_somebody_else_does_to_the_programs_files_is_undone_or_refused() {
    let Some(programs) = Programs::new("what_somebody_else_does_to_the_programs_files_is_undone_or_refused")
    else {
        return;
    };
    let file = programs.campaign("files", WRITES, &["kept.txt", "table.txt"], "");
    let work = programs.work(&file);
    let (kept, table) = (work.join("kept"), work.join("table"));
    let out = programs.chain(&file).join("logs/0001.program.out");
    let mut said = 0;
    let mut cut = || {
        said += 20;
        programs.cut(&file, || programs.said(&file) >= said);
    };
    let log_of = |words: &str| {
        let log = programs.log(&file);
        assert!(log.contains(words), "{words}: {log}");
    };
    cut();
    for path in [&kept, &table, &out] {
        grow(path);
    }
    cut();
    for path in [&kept, &out, &table] {
        log_of(&format!("{}: cut to its former length", path.display()));
    }
    change(&table);
    cut();
    log_of(&format!("{}: put back from its copy", table.display()));
    fs::remove_file(&table).unwrap();
    cut();
    let log = programs.log(&file);
    let put_back = format!("{}: put back from its copy", table.display());
    assert_eq!(log.matches(&put_back).count(), 2, "{log}");
    // Of what is written at its end only there is no copy: nothing is restored until it is as it was.
    for path in [&kept, &out] {
        let aside = path.with_extension("aside");
        let refused = |why: &str| {
            let before = programs.said(&file);
            let images = crate::support::contents(&programs.chain(&file).join("images"));
            programs
                .run(&file)
                .failed(69, &[&format!("{}: {why}", path.display()), "put it back as it was", "--anew"]);
            assert!(images == crate::support::contents(&programs.chain(&file).join("images")));
            assert!(programs.said(&file) <= before, "nothing of it ran");
        };
        fs::rename(path, &aside).unwrap();
        refused("it is missing on this node");
        fs::copy(&aside, path).unwrap();
        change(path);
        refused("its content is another one, at the same length");
        fs::rename(&aside, path).unwrap();
    }
    programs.run(&file).good();
    for name in ["kept.txt", "table.txt"] {
        assert_eq!(String::from_utf8(programs.result(&file, name)).unwrap(), numbers_to(100), "{name}");
    }
    assert_eq!(fs::read_to_string(&out).unwrap(), numbers_to(100));
    let log = programs.log(&file);
    assert_eq!(log.matches("Begins anew").count(), 1, "{log}");
}

#[test]
fn a_chain_whose_file_is_lost_for_good_begins_anew_as_the_message_says() {
    let Some(programs) = Programs::new("a_chain_whose_file_is_lost_for_good_begins_anew_as_the_message_says")
    else {
        return;
    };
    let file = programs.campaign("lost", WRITES, &["kept.txt", "table.txt"], "");
    programs.cut(&file, || programs.said(&file) >= 20);
    fs::remove_file(programs.work(&file).join("kept")).unwrap();
    let refused = programs.run(&file);
    refused.failed(69, &["it is missing on this node"]);
    let command = refused.stderr.lines().find_map(|line| line.split_once("alpsckpt run ")).unwrap().1;
    let command: Vec<&str> = command.trim_end_matches(')').split(' ').collect();
    assert_eq!(command, ["lost.ron", "--months", "6", "--anew"], "{refused}");
    let mut again = programs.command(&[], &file);
    again.args(&command[1..]);
    crate::scene::Answer::of(again.output().unwrap()).good();
    assert_eq!(String::from_utf8(programs.result(&file, "kept.txt")).unwrap(), numbers_to(100));
    assert_eq!(String::from_utf8(programs.result(&file, "table.txt")).unwrap(), numbers_to(100));
}

#[test]
fn closed_files_go_back_with_an_older_image() {
    let Some(programs) = Programs::new("closed_files_go_back_with_an_older_image") else { return };
    // Each step fails where something of it is there already.
    let run = "Shell(\"set -e; cd {work}; for i in $(seq 1 50); do echo $i; echo $i >> table; mkdir step$i; \
               echo $i > step$i/n; echo $i > last; ln -s last link$i; sleep 0.05; done; \
               cat table step*/n last link50 > {output}/made.txt; ls >> {output}/made.txt\")";
    let whole = programs.campaign("whole", run, &["made.txt"], "");
    programs.run(&whole).good();
    let file = programs.campaign("cut", run, &["made.txt"], "");
    programs.cut(&file, || programs.said(&file) >= 20);
    programs.cut(&file, || programs.said(&file) >= 60);
    let pages = programs.chain(&file).join("images/0002-1/files/pages-1.img");
    let mut bytes = fs::read(&pages).unwrap();
    bytes[0] ^= 1;
    fs::write(&pages, bytes).unwrap();
    programs.run(&file).good();
    let log = programs.log(&file);
    assert!(log.contains("Resumes generation 000001"), "{log}");
    for words in ["/last: put back from its copy", "moved aside, for it came later"] {
        assert!(log.contains(words), "{words}: {log}");
    }
    let [whole, cut] =
        [whole, file].map(|file| String::from_utf8(programs.result(&file, "made.txt")).unwrap());
    assert_eq!(whole, cut, "{log}");
}
