//! Programs that are cut: what they make is what they make uninterrupted.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{Programs, counter, numbers_to};
use crate::scene::Scene;
use crate::support;

#[test]
fn a_program_goes_on_where_it_was_whenever_it_is_cut() {
    let Some(programs) = Programs::new("a_program_goes_on_where_it_was_whenever_it_is_cut") else { return };
    let file = programs.campaign(
        "count",
        &counter(60, "0.05"),
        &["sum.txt", "kept.txt"],
        "progress: Lines(\"{stdout}\", 60)",
    );
    for cut in 1..=3 {
        let said = cut * 12 * 2;
        programs.cut(&file, || programs.said(&file) >= said);
    }
    programs.run(&file).good();
    assert_eq!(programs.result(&file, "sum.txt"), b"1830\n");
    assert_eq!(String::from_utf8(programs.result(&file, "kept.txt")).unwrap(), numbers_to(60));
    let log = programs.log(&file);
    assert_eq!(log.matches("Resumes generation").count(), 3, "{log}");
    assert!(log.contains("Begins anew: bash -c"), "{log}");
    // Nothing of it is kept once it is complete; a second run verifies and runs nothing.
    assert!(!programs.chain(&file).join("images").exists());
    assert!(programs.run(&file).good().stdout.contains("sum.txt"), "{}", programs.log(&file));
    programs.scene.ask(&["verify", &file]).good();
    let status = programs.scene.status("count");
    assert_eq!(status["chains"][0]["state"], "Complete");
    // A changed result is told, put aside, and made again from the beginning.
    fs::write(programs.scene.path("count/results/sum.txt"), "1831\n").unwrap();
    programs.scene.ask(&["verify", &file]).failed(65, &[]);
    programs.run(&file).good();
    assert_eq!(programs.result(&file, "sum.txt"), b"1830\n");
    assert_eq!(programs.result(&file, "sum.txt.damaged"), b"1831\n");
}

#[test]
fn a_program_that_ignores_everything_is_dumped_all_the_same() {
    let Some(programs) = Programs::new("a_program_that_ignores_everything_is_dumped_all_the_same") else {
        return;
    };
    let run = "Shell(\"trap '' TERM INT HUP USR1 USR2 QUIT; for i in $(seq 1 20); do echo $i; sleep 0.1; done; echo end > {output}/made.txt\")";
    let file = programs.campaign("deaf", run, &["made.txt"], "");
    programs.cut(&file, || programs.said(&file) >= 8);
    programs.run(&file).good();
    assert_eq!(programs.result(&file, "made.txt"), b"end\n");
}

/// Runs it once uninterrupted and once cut twice, and compares what it makes.
fn is_the_same_cut(programs: &Programs, name: &str, run: &str, output: &str, fields: &str, steps: u64) {
    let whole = programs.campaign(&format!("{name}-whole"), run, &[output], fields);
    programs.run(&whole).good();
    let lines = |file: &str| {
        let logs = fs::read_dir(programs.chain(file).join("logs")).into_iter().flatten().flatten();
        let outs = logs.filter(|e| e.file_name().to_string_lossy().ends_with(".program.out"));
        outs.map(|e| fs::read_to_string(e.path()).unwrap().matches('\n').count() as u64).sum::<u64>()
    };
    let cut = programs.campaign(&format!("{name}-cut"), run, &[output], fields);
    for part in 1..=2 {
        programs.cut(&cut, || lines(&cut) >= part * steps / 3);
    }
    programs.run(&cut).good();
    let log = programs.log(&cut);
    assert_eq!(log.matches("Resumes generation").count(), 2, "{log}");
    assert!(programs.result(&whole, output) == programs.result(&cut, output), "{name}: not the same\n{log}");
}

#[test]
fn an_r_script_with_forked_children_gives_the_same_cut() {
    let test = "an_r_script_with_forked_children_gives_the_same_cut";
    let Some(programs) = Programs::new(test).filter(|_| support::have_programs(test, &["Rscript"])) else {
        return;
    };
    programs.script("fork.R");
    let run = "Program([\"Rscript\", \"--vanilla\", \"{folder}/fork.R\", \"{output}/made.txt\"])";
    is_the_same_cut(&programs, "fork", run, "made.txt", "", 9);
}

#[test]
fn an_r_cluster_over_tcp_gives_the_same_cut() {
    let test = "an_r_cluster_over_tcp_gives_the_same_cut";
    let Some(kit) = support::newer_kit(test).filter(|_| support::have_programs(test, &["Rscript"])) else {
        return;
    };
    let programs = Programs { scene: Scene::new(8), kit };
    programs.script("psock.R");
    let run = "Program([\"Rscript\", \"--vanilla\", \"{folder}/psock.R\", \"{output}/made.txt\"])";
    is_the_same_cut(&programs, "psock", run, "made.txt", "network: Private", 9);
}

#[test]
fn a_python_pool_over_numpy_gives_the_same_cut() {
    let test = "a_python_pool_over_numpy_gives_the_same_cut";
    let Some(programs) = Programs::new(test).filter(|_| support::have_programs(test, &["/usr/bin/python3"]))
    else {
        return;
    };
    programs.script("pool.py");
    let run = "Program([\"/usr/bin/python3\", \"{folder}/pool.py\", \"{output}/made.txt\"])";
    is_the_same_cut(&programs, "pool", run, "made.txt", "semaphores: Files", 9);
}

#[test]
fn the_originals_steps_by_saga_are_the_same_cut() {
    let test = "the_originals_steps_by_saga_are_the_same_cut";
    let Some(programs) =
        Programs::new(test).filter(|_| support::have_programs(test, &["saga_cmd", "gdal_translate"]))
    else {
        return;
    };
    let dem = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/alps256/dem.tif");
    let made = Command::new("gdal_translate")
        .args(["-q", "-of", "SAGA", "-srcwin", "0", "0", "160", "160"])
        .args([&dem, &programs.scene.path("dem.sdat")])
        .status();
    assert!(made.unwrap().success());
    let example =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/examples/original.ron"))
            .unwrap();
    // A few days of half-hours instead of a month, by two threads, of one month.
    let change = |text: &str, from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    };
    for (name, file) in [("whole", "whole.ron"), ("cut", "cut.ron")] {
        let mut text = change(&example, "output: \"original\"", &format!("output: \"{name}\""));
        text = change(&text, "months: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]", "months: [6]");
        text = change(&text, "'2018-{month}-01 +1 month -1 day'", "2018-06-04");
        text = change(&text, "threads: 32", "threads: 2");
        fs::write(programs.scene.path(file), text).unwrap();
    }
    programs.run("whole.ron").good();
    // Cut where a third and two thirds of what it says have been said.
    let all = programs.said("whole.ron");
    for part in 1..=2 {
        programs.cut("cut.ron", || programs.said("cut.ron") >= part * all / 3);
    }
    programs.run("cut.ron").good();
    let log = programs.log("cut.ron");
    assert_eq!(log.matches("Resumes generation").count(), 2, "{log}");
    for grid in ["svf_06.sdat", "total_06.sdat", "svf_06.sgrd"] {
        assert!(
            programs.result("whole.ron", grid) == programs.result("cut.ron", grid),
            "{grid}: not the same\n{log}"
        );
    }
}

/// Four threads, a barrier, a mutex, a condition by which they take turns, and what each keeps for itself.
const THREADS: &str = r#"
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>
enum { THREADS = 4, STEPS = 30 };
static pthread_barrier_t barrier;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static int turn;
static uint64_t shared;
static __thread uint64_t own;
static void *work(void *argument) {
    int me = (int)(intptr_t)argument;
    own = 88172645463325252ULL + me;
    for (int step = 0; step < STEPS; step++) {
        for (int i = 0; i < 300000; i++) { own ^= own << 13; own ^= own >> 7; own ^= own << 17; }
        pthread_mutex_lock(&lock);
        while (turn != me) pthread_cond_wait(&turned, &lock);
        shared = shared * 31 + own;
        turn = (me + 1) % THREADS;
        pthread_cond_broadcast(&turned);
        pthread_mutex_unlock(&lock);
        if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD) {
            printf("%d\n", step);
            fflush(stdout);
            usleep(50000);
        }
        pthread_barrier_wait(&barrier);
    }
    return NULL;
}
int main(int count, char **arguments) {
    pthread_t threads[THREADS];
    pthread_barrier_init(&barrier, NULL, THREADS);
    for (intptr_t i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, work, (void *)i);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    FILE *made = fopen(arguments[count - 1], "w");
    fprintf(made, "%016llx\n", (unsigned long long)shared);
    return fclose(made);
}
"#;

#[test]
fn a_program_of_many_threads_gives_the_same_cut() {
    let test = "a_program_of_many_threads_gives_the_same_cut";
    let Some(programs) = Programs::new(test).filter(|_| support::have_programs(test, &["cc"])) else {
        return;
    };
    let (source, program) = (programs.scene.path("threads.c"), programs.scene.path("threads"));
    fs::write(&source, THREADS).unwrap();
    let made = Command::new("cc").args(["-O1", "-pthread", "-o"]).args([&program, &source]).status();
    assert!(made.unwrap().success());
    let run = "Program([\"{folder}/threads\", \"{output}/made.txt\"])";
    is_the_same_cut(&programs, "threads", run, "made.txt", "", 30);
}
