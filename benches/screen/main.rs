//! How long a key waits for its screen: this build beside the former one, 79912a0, on a campaign of twelve running months.
//!
//! ```sh
//! cargo bench --bench screen                       # seven minutes; the first time it builds the former
//! cargo bench --bench screen -- --keys 40          # to see that it runs
//! ```
//!
//! Each program steers a campaign of its own on an embedded cluster of its own and shows it in a pseudo-terminal of
//! 120 x 30. Keys are pressed one by one, at moments that fit no tick. Two times are told, each with median, 99th
//! percentile and worst:
//!
//! - **drawn**: from the key's byte in the terminal to the last byte of the frame with its effect, seen from outside;
//! - **answered**: from the program's own read of the key to the end of its write of the next frame, by the times of its
//!   system calls (a second round under `strace`, where there is one; its cost is in them).
//!
//! Exit codes: 0 the 99th percentile of this build's answers is within the bound, 1 it is not, 2 wrong usage, 65 nothing
//! could be measured.

mod calls;
#[path = "../against_former/former.rs"]
mod former;
mod months;
mod screen;
#[path = "../against_former/source.rs"]
mod source;
#[path = "../against_former/terrain.rs"]
mod terrain;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

use crate::months::Months;

/// What went well, or a sentence that says why not.
type Outcome<T> = Result<T, String>;

/// The answers' 99th percentile may be so long: a frame at 60 a second, ms.
const BOUND: f64 = 16.0;

/// Measures how long a key waits for its screen, in this build and in the former one.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo bench --bench screen --", disable_help_subcommand = true)]
struct Args {
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
    /// Keys of each round.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(10..=10_000))]
    keys: u32,
    /// Another program to stand for the former one, such as one built from another commit.
    #[arg(long, value_name = "FILE")]
    former: Option<PathBuf>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    match compare(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(why) => {
            eprintln!("screen: {why}");
            ExitCode::from(65)
        }
    }
}

fn compare(args: &Args) -> Outcome<bool> {
    let former = match &args.former {
        Some(program) => program.clone(),
        None => former::build()?,
    };
    let present = PathBuf::from(env!("CARGO_BIN_EXE_alpsckpt"));
    println!("{} keys, twelve running months, 120 x 30; former {}, ms", args.keys, source::COMMIT);
    println!("{:<10} {:<10} {:>8} {:>8} {:>8}", "program", "time", "median", "p99", "worst");
    let mut good = true;
    for (name, program) in [("former", &former), ("present", &present)] {
        let months = Months::start(program)?;
        let drawn = screen::press(&months, &[], args.keys)?;
        row(name, "drawn", &drawn);
        let answered = if calls::can_be_seen() { calls::press(&months, args.keys)? } else { Vec::new() };
        if answered.is_empty() {
            println!("{name:<10} answered   not measured: there is no `strace` here");
        } else {
            row(name, "answered", &answered);
        }
        if name == "present" {
            // What is drawn includes the answer: without `strace` it is the bound of both.
            let bound = if answered.is_empty() { &drawn } else { &answered };
            good = percentile(bound, 0.99) <= BOUND;
        }
    }
    Ok(good)
}

fn row(program: &str, time: &str, values: &[f64]) {
    let [median, high, worst] = [0.5, 0.99, 1.0].map(|part| percentile(values, part));
    println!("{program:<10} {time:<10} {median:>8.2} {high:>8.2} {worst:>8.2}");
}

/// By the nearest rank; NaN of nothing.
fn percentile(values: &[f64], part: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (sorted.len() as f64 * part).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied().unwrap_or(f64::NAN)
}

/// An error with the file that it is about.
fn at(path: &Path) -> impl Fn(std::io::Error) -> String + '_ {
    move |e| format!("{}: {e}", path.display())
}
