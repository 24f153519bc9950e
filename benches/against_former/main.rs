//! This build beside the former one, 79912a0, on this machine: both in turn, pair after pair, at equal `storage`.
//!
//! ```sh
//! cargo bench --bench against_former                              # half an hour; the first time it builds the former
//! cargo bench --bench against_former -- --size 512 --pairs 3      # to see that it runs
//! cargo bench --bench against_former -- --only status,verify
//! ```
//!
//! A row is one number of one program, lower is better: see [`rows::ROWS`], where another is easily added. Speeds are
//! former / present, the median over the pairs with its quartiles; one above 1 is an advance.
//!
//! `benches/against_former/faults PROGRAM` tells which of the known ways to a wrong map a build has, `benches/against_former/promises
//! PROGRAM` which promises to those who run campaigns it breaks.
//!
//! Exit codes: 0 no row is slower than its bound, 1 one is, 2 wrong usage, 65 nothing could be measured.

mod busy;
mod former;
mod rows;
mod scene;
mod screen;
mod source;
mod terrain;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::rows::{ROWS, Row};
use crate::scene::Scene;

/// What went well, or a sentence that says why not.
type Outcome<T> = Result<T, String>;

/// Runs this build and the former one in turn and compares them.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo bench --bench against_former --", disable_help_subcommand = true)]
struct Args {
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
    /// Cells across and down of what is mapped.
    #[arg(long, default_value_t = 2048, value_parser = clap::value_parser!(u32).range(256..=8192))]
    size: u32,
    /// Pairs of runs of each row, at least.
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u32).range(1..=99))]
    pairs: u32,
    /// Pairs at most: between the two numbers it ends when the quartiles lie within 1 %.
    #[arg(long, default_value_t = 21, value_parser = clap::value_parser!(u32).range(1..=99))]
    most: u32,
    /// Only these rows.
    #[arg(long, value_delimiter = ',', value_name = "ROW,…")]
    only: Vec<String>,
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
            eprintln!("against_former: {why}");
            ExitCode::from(65)
        }
    }
}

fn compare(args: &Args) -> Outcome<bool> {
    let rows: Vec<&Row> = ROWS
        .iter()
        .filter(|row| args.only.is_empty() || args.only.iter().any(|name| name == row.name))
        .collect();
    if rows.is_empty() {
        let names: Vec<&str> = ROWS.iter().map(|row| row.name).collect();
        return Err(format!("no such row; there are {}", names.join(", ")));
    }
    let former = match &args.former {
        Some(program) => program.clone(),
        None => former::build()?,
    };
    let present = PathBuf::from(env!("CARGO_BIN_EXE_alpsckpt"));
    let scene = Scene::make(args.size, [&former, &present])?;
    println!("{} x {0} cells, former {}, storage Integer", args.size, source::COMMIT);
    println!(
        "{:<10} {:<14} {:>12} {:>12}  {:>5} {:>15}  {:>5}",
        "row", "unit", "former", "present", "speed", "quartiles", "pairs"
    );
    let mut good = true;
    for row in rows {
        let pairs = measure(row, args, &scene)?;
        let speeds = quartiles(pairs.iter().map(|(former, present)| former / present).collect());
        let [_, before, _] = quartiles(pairs.iter().map(|pair| pair.0).collect());
        let [_, now, _] = quartiles(pairs.iter().map(|pair| pair.1).collect());
        // A bound is broken when even the better quarter of the pairs lies below it.
        let slow = row.bound.is_some_and(|bound| speeds[2] < bound);
        good &= !slow;
        println!(
            "{:<10} {:<14} {before:>12.2} {now:>12.2}  {:>5.3} {:>7.3} … {:<5.3}  {:>5}{}",
            row.name,
            row.unit,
            speeds[1],
            speeds[0],
            speeds[2],
            pairs.len(),
            row.bound.filter(|_| slow).map_or(String::new(), |bound| format!("  below {bound}"))
        );
    }
    Ok(good)
}

/// Pairs of the former's number and ours; who begins changes from pair to pair.
fn measure(row: &Row, args: &Args, scene: &Scene) -> Outcome<Vec<(f64, f64)>> {
    let [former, present] = &scene.sides;
    // What is first read from the disk is in memory then.
    (row.measure)(former, scene)?;
    (row.measure)(present, scene)?;
    let mut pairs = Vec::new();
    while pairs.len() < args.pairs as usize || (pairs.len() < args.most as usize && !settled(&pairs)) {
        let pair = if pairs.len() % 2 == 0 {
            let first = (row.measure)(former, scene)?;
            (first, (row.measure)(present, scene)?)
        } else {
            let first = (row.measure)(present, scene)?;
            ((row.measure)(former, scene)?, first)
        };
        pairs.push(pair);
    }
    Ok(pairs)
}

/// The quartiles of the speeds lie within 1 %.
fn settled(pairs: &[(f64, f64)]) -> bool {
    let [low, median, high] = quartiles(pairs.iter().map(|(former, present)| former / present).collect());
    high - low <= 0.01 * median
}

/// Lower quartile, median, upper quartile, by the nearest ranks.
fn quartiles(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1) as f64;
    [0.25, 0.5, 0.75].map(|part| values.get((last * part).round() as usize).copied().unwrap_or(f64::NAN))
}
