//! No program is ended, cut short or lost by what saves it.

use std::fs;
use std::io::Write;
use std::process::Child;

use super::{Programs, ask_to_stop, numbers_to, wait_for};
use crate::support;

/// Writes a campaign that is dumped so often while it runs.
fn periodic(programs: &Programs, name: &str, every: &str, run: &str, fields: &str) -> String {
    let file = programs.campaign(name, run, &["made.txt"], fields);
    let path = programs.scene.path(&file);
    let text = fs::read_to_string(&path).unwrap();
    let every = format!("checkpoint_every: \"{every}\", walltime:");
    fs::write(path, text.replacen("walltime:", &every, 1)).unwrap();
    file
}

fn python(programs: &Programs, name: &str, script: &str) -> String {
    fs::write(programs.scene.path(name), script).unwrap();
    format!("Program([\"/usr/bin/python3\", \"-u\", \"{{folder}}/{name}\", \"{{output}}/made.txt\"])")
}

fn with_python(test: &str) -> Option<Programs> {
    Programs::new(test).filter(|_| support::have_programs(test, &["/usr/bin/python3"]))
}

/// Waits until the log says this so often, or the run has ended.
fn says(programs: &Programs, file: &str, run: &mut Child, words: &str, times: usize) {
    wait_for(
        || format!("{words}: {}", programs.log(file)),
        || programs.log(file).matches(words).count() >= times || run.try_wait().unwrap().is_some(),
    );
    let log = programs.log(file);
    assert!(log.matches(words).count() >= times, "{words}: {log}");
}

/// Goes on until the program has said so much, and ends it as a node that fails does.
fn kill_at(programs: &Programs, file: &str, said: u64) {
    let mut run = programs.begin(file);
    let resumed = || programs.log(file).matches("Resumes generation").count();
    let before = resumed();
    wait_for(
        || programs.log(file),
        || resumed() > before && programs.said(file) >= said || run.try_wait().unwrap().is_some(),
    );
    run.kill().unwrap();
    assert_eq!(run.wait().unwrap().code(), None, "{}", programs.log(file));
}

#[test]
fn files_that_are_removed_or_renamed_meanwhile_are_no_error() {
    let Some(programs) = with_python("files_that_are_removed_or_renamed_meanwhile_are_no_error") else {
        return;
    };
    let script = "
import os, sys, time
n = 0
while not os.path.exists(os.path.dirname(sys.argv[0]) + '/go'):
    name = 't%d' % (n % 3)
    f = open(name, 'ab'); f.write(b'x'); f.flush(); time.sleep(.003); f.close(); os.remove(name)
    f = open('part', 'ab'); f.write(b'y'); f.flush(); time.sleep(.002); os.rename('part', 'whole'); f.close()
    n += 1
open(sys.argv[1], 'w').write('done')
";
    let run = python(&programs, "moves.py", script);
    let file = periodic(&programs, "moves", "1s", &run, "trial: false");
    let mut run = programs.begin(&file);
    says(&programs, &file, &mut run, "Sealed generation", 4);
    fs::write(programs.scene.path("go"), "").unwrap();
    assert_eq!(run.wait().unwrap().code(), Some(0), "{}", programs.log(&file));
    assert_eq!(programs.result(&file, "made.txt"), b"done");
}

#[test]
fn images_that_cannot_be_written_end_no_program() {
    let Some(programs) = Programs::new("images_that_cannot_be_written_end_no_program") else { return };
    let run = "Shell(\"for i in $(seq 1 40); do echo $i; sleep 0.1; done; until [ -e {folder}/go ]; do sleep 0.02; done; echo $i > {output}/made.txt\")";
    let file = periodic(&programs, "barred", "1s", run, "trial: false");
    let (images, aside) = (programs.chain(&file).join("images"), programs.chain(&file).join("aside"));
    // Whoever runs this may write anywhere: so a file bars the way.
    let bar = || {
        if images.is_dir() {
            fs::rename(&images, &aside).unwrap();
        }
        fs::write(&images, "").unwrap();
    };
    let free = || {
        fs::remove_file(&images).unwrap();
        if aside.is_dir() {
            fs::rename(&aside, &images).unwrap();
        }
    };
    let mut run = programs.begin(&file);
    says(&programs, &file, &mut run, "Begins anew", 1);
    bar();
    says(&programs, &file, &mut run, "A dump failed: ", 1);
    free();
    let sealed = programs.log(&file).matches("Sealed generation").count();
    says(&programs, &file, &mut run, "Sealed generation", sealed + 1);
    bar();
    ask_to_stop(&run);
    says(&programs, &file, &mut run, "The program could not be dumped: ", 1);
    free();
    assert_eq!(run.wait().unwrap().code(), Some(99), "{}", programs.log(&file));
    fs::write(programs.scene.path("go"), "").unwrap();
    programs.run(&file).good();
    assert_eq!(programs.result(&file, "made.txt"), b"40\n");
    let log = programs.log(&file);
    assert_eq!(log.matches("Begins anew").count(), 1, "{log}");
}

#[test]
fn a_program_with_a_terminal_is_told_so_and_left_alone() {
    let test = "a_program_with_a_terminal_is_told_so_and_left_alone";
    let Some(programs) = Programs::new(test).filter(|_| support::have_programs(test, &["script"])) else {
        return;
    };
    let run = "Shell(\"script -qc 'for i in $(seq 60); do echo $i; sleep 0.05; done' /dev/null | tr -d '\\\\r' > {output}/made.txt\")";
    let file = periodic(&programs, "tty", "1s", run, "trial: false");
    programs.run(&file).good();
    assert_eq!(String::from_utf8(programs.result(&file, "made.txt")).unwrap(), numbers_to(60));
    let log = programs.log(&file);
    assert!(
        log.contains("A dump failed: script (process ") && log.contains("it has the terminal /dev/p"),
        "{log}"
    );
    assert!(!log.contains("Sealed"), "{log}");
    // The trial, after a quarter of a short job, refuses it: later nobody could restore it.
    let file = programs.campaign("tried", &run.replace("60", "6000"), &["made.txt"], "");
    let path = programs.scene.path(&file);
    let text = fs::read_to_string(&path).unwrap().replace("00:10:00", "00:03:02");
    fs::write(path, text).unwrap();
    programs.run(&file).failed(69, &["cannot be dumped, as a trial after", "has the terminal"]);
    assert!(programs.generations(&file).is_empty());
}

#[test]
fn a_fifo_with_an_end_outside_is_told_and_not_dumped() {
    let Some(programs) = Programs::new("a_fifo_with_an_end_outside_is_told_and_not_dumped") else { return };
    let fifo = programs.scene.path("pipe");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let run = "Shell(\"cat {folder}/pipe > {output}/made.txt\")";
    let file = periodic(&programs, "outside", "1s", run, "trial: false");
    let mut run = programs.begin(&file);
    // It is opened when both have come.
    let mut writer = fs::OpenOptions::new().write(true).open(&fifo).unwrap();
    writer.write_all(b"1\n").unwrap();
    says(&programs, &file, &mut run, "it reads from the FIFO", 2);
    let log = programs.log(&file);
    assert!(log.contains("A dump failed: ") && log.contains("which is no part of it"), "{log}");
    writer.write_all(b"2\n").unwrap();
    drop(writer);
    assert_eq!(run.wait().unwrap().code(), Some(0), "{}", programs.log(&file));
    assert_eq!(programs.result(&file, "made.txt"), b"1\n2\n");
    assert!(!programs.log(&file).contains("Sealed"), "{}", programs.log(&file));
}

#[test]
fn a_file_that_was_read_and_removed_since_is_there_for_the_image() {
    let Some(programs) = with_python("a_file_that_was_read_and_removed_since_is_there_for_the_image") else {
        return;
    };
    let script = "
import os, sys, time
here = os.path.dirname(sys.argv[0])
open('table', 'w').write('hello'); f = open('table'); begin = f.read(2)
log = open('log', 'a'); log.write('one'); log.flush()
print('open')
while not os.path.exists(here + '/sign'): time.sleep(.01)
rest = f.read(); f.close(); os.remove('table')
log.write(' two'); log.close(); os.rename('log', 'done')
print('removed')
while not os.path.exists(here + '/go'): time.sleep(.01)
open(sys.argv[1], 'w').write(begin + rest + ' ' + open('done').read())
";
    let run = python(&programs, "reads.py", script);
    let file = programs.campaign("reads", &run, &["made.txt"], "");
    programs.cut(&file, || programs.said(&file) >= 5);
    fs::write(programs.scene.path("sign"), "").unwrap();
    kill_at(&programs, &file, 13);
    let table = programs.work(&file).join("table");
    assert!(!table.exists());
    fs::write(programs.scene.path("go"), "").unwrap();
    programs.run(&file).good();
    assert_eq!(String::from_utf8(programs.result(&file, "made.txt")).unwrap(), "hello one two");
    let log = programs.log(&file);
    assert!(log.contains(&format!("{}: put back from its copy", table.display())), "{log}");
    assert_eq!(log.matches("Resumes generation 000001").count(), 2, "{log}");
}

/// `SQLite` looks at the number of its file before it writes.
#[test]
fn a_database_is_written_on_after_a_killed_job() {
    let Some(programs) = with_python("a_database_is_written_on_after_a_killed_job") else { return };
    let script = "
import sqlite3, sys, time
d = sqlite3.connect('d.db'); d.execute('create table t(x)')
for i in range(60):
    d.execute('insert into t values(?)', (i,)); d.commit(); print(i + 100); time.sleep(.05)
print(d.execute('select count(*), sum(x) from t').fetchall(), file=open(sys.argv[1], 'w'))
";
    let run = python(&programs, "rows.py", script);
    let file = programs.campaign("rows", &run, &["made.txt"], "");
    programs.cut(&file, || programs.said(&file) >= 40);
    let said = programs.said(&file);
    kill_at(&programs, &file, said + 40);
    programs.run(&file).good();
    assert_eq!(String::from_utf8(programs.result(&file, "made.txt")).unwrap(), "[(60, 1770)]\n");
    let log = programs.log(&file);
    assert!(log.contains("/d.db: put back from its copy"), "{log}");
}

#[test]
fn holes_of_a_file_take_neither_time_nor_room() {
    let test = "holes_of_a_file_take_neither_time_nor_room";
    let Some(programs) = Programs::new(test).filter(|_| support::have_programs(test, &["truncate"])) else {
        return;
    };
    let run = "Shell(\"exec 7<>{work}/wide; truncate -s 256G {work}/wide; for i in $(seq 40); do echo $i; echo $i >&7; sleep 0.05; done; \
               until [ -e {folder}/go ]; do sleep 0.02; done; (stat -c %s {work}/wide; head -c 111 {work}/wide) > {output}/made.txt\")";
    let file = programs.campaign("wide", run, &["made.txt"], "");
    programs.cut(&file, || programs.said(&file) >= 20);
    let copies = programs.chain(&file).join("images/0001-1/copies");
    let held: u64 = fs::read_dir(copies).unwrap().map(|copy| copy.unwrap().metadata().unwrap().len()).sum();
    assert!(held < 1 << 20, "{held}");
    let said = programs.said(&file);
    kill_at(&programs, &file, said + 20);
    fs::write(programs.scene.path("go"), "").unwrap();
    programs.run(&file).good();
    let made = String::from_utf8(programs.result(&file, "made.txt")).unwrap();
    assert_eq!(made, format!("{}\n{}", 256_u64 << 30, numbers_to(40)));
    let log = programs.log(&file);
    assert!(log.contains("/wide: put back from its copy"), "{log}");
}
