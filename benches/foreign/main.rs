//! What it costs to have a program dumped, restored and started by this program, beside CRIU called by hand.
//!
//! ```sh
//! alpsckpt kit criu
//! cargo bench --bench foreign                      # 0.1, 1 and 4 GB, five times each; three minutes, 10 GB of disk
//! cargo bench --bench foreign -- --sizes 0.1 --times 1
//! ```
//!
//! | row | this program | by hand | bound |
//! |---|---|---|---|
//! | dump | from the order to the sealed image: dumped, checksums taken, on the disk | `criu dump`, then `sync -f` of its folder | 1.1 |
//! | restore | every byte of the image verified, then restored | the images read once, then `criu restore` | 1.1 |
//! | start | `true` started and its status known | the same as a child | 50 ms more |
//!
//! Before each restore the system forgets what it knows of the images, where root runs this; this program's own file it
//! knows, as on a node whose job it is. Medians are compared.
//!
//! Exit codes: 0 all within their bounds, 1 one is not, 65 nothing could be measured.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use alpsckpt::checkpoint::{CampaignDir, ChainDir, ChainId, Dumper, Image, LinkNumber, image};
use alpsckpt::foreign::inside::SupervisorOptions;
use alpsckpt::foreign::{Backend, Clocks, Criu, Network, Program, Supervised, Then, kit};
use clap::Parser;

const BOUND: f64 = 1.1;
const START_BOUND: f64 = 0.050;
/// How often `true` is started.
const STARTS: usize = 21;

type Outcome<T> = Result<T, Box<dyn Error>>;

#[derive(Debug, Parser)]
struct Args {
    /// Sizes of the program, GB.
    #[arg(long, value_delimiter = ',', default_value = "0.1,1,4")]
    sizes: Vec<f64>,
    /// How often each is measured.
    #[arg(long, default_value_t = 5)]
    times: usize,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().collect();
    if let [_, hold, bytes, ready] = words.as_slice()
        && hold == "--hold"
    {
        self::hold(bytes.parse().unwrap_or(0), Path::new(ready));
        return ExitCode::SUCCESS;
    }
    match measure(&Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(e) => {
            eprintln!("foreign: {e}");
            ExitCode::from(65)
        }
    }
}

/// A program of so much memory, none of which can be packed or left out; it ends when the file `ready` is removed.
fn hold(bytes: usize, ready: &Path) {
    let mut word = 0x9e37_79b9_7f4a_7c15_u64;
    let mut memory = vec![0_u64; bytes / 8];
    for cell in &mut memory {
        word ^= word << 13;
        word ^= word >> 7;
        word ^= word << 17;
        *cell = word;
    }
    let _ = fs::write(ready, "");
    while ready.exists() {
        std::thread::sleep(Duration::from_millis(50));
    }
    std::hint::black_box(&memory);
}

fn measure(args: &Args) -> Outcome<bool> {
    let criu = kit::find(None)?;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("foreign");
    let _ = fs::remove_dir_all(&folder);
    let mut good = true;
    println!("CRIU {}, {} times each, medians", criu.version_in_words(), args.times);
    println!("{:<16} {:>12} {:>12} {:>8}  bound", "", "alpsckpt s", "by hand s", "ratio");
    let mut row = |name: String, ours: f64, hand: f64, within: bool, bound: &str| {
        println!("{name:<16} {ours:>12.3} {hand:>12.3} {:>8.3}  {bound}", ours / hand);
        good &= within;
    };
    for gigabytes in &args.sizes {
        let bytes = (gigabytes * 1e9) as usize;
        let (mut dumps, mut restores) = (Vec::new(), Vec::new());
        for _ in 0..args.times {
            let ours = ours(&criu, &folder, bytes)?;
            let hand = by_hand(&criu, &folder, bytes)?;
            dumps.push((ours.0, hand.0));
            restores.push((ours.1, hand.1));
        }
        for (what, pairs) in [("dump", dumps), ("restore", restores)] {
            let (ours, hand): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
            let (ours, hand) = (median(ours), median(hand));
            row(format!("{what} {gigabytes} GB"), ours, hand, ours / hand <= BOUND, "1.1");
        }
    }
    let (ours, hand) = starts(&folder)?;
    row("start".to_owned(), ours, hand, ours - hand <= START_BOUND, "50 ms more");
    fs::remove_dir_all(&folder)?;
    Ok(good)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// An empty chain.
fn chain(folder: &Path) -> Outcome<ChainDir> {
    let _ = fs::remove_dir_all(folder);
    let chain = CampaignDir::new(folder).chain(&ChainId::of_months(&[1]));
    fs::create_dir_all(chain.path())?;
    Ok(chain)
}

fn supervised(criu: Option<&Criu>) -> Supervised {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_alpsckpt"));
    Supervised::new(criu.cloned(), SupervisorOptions { program, ..SupervisorOptions::default() })
}

fn program(folder: &Path, arguments: &[&str]) -> Program {
    Program {
        arguments: arguments.iter().map(Into::into).collect(),
        environment: std::env::vars_os().collect(),
        directory: folder.to_path_buf(),
        output: folder.join("out"),
        errors: folder.join("out"),
        network: Network::Shared,
    }
}

/// Seconds of a dump and of a restore.
fn ours(criu: &Criu, folder: &Path, bytes: usize) -> Outcome<(f64, f64)> {
    let chain = chain(folder)?;
    let own = std::env::current_exe()?;
    let ready = folder.join("ready");
    let (own, told) = (own.to_string_lossy().into_owned(), ready.to_string_lossy().into_owned());
    let program = program(folder, &[&own, "--hold", &bytes.to_string(), &told]);
    let mut running = supervised(Some(criu));
    running.start(&program)?;
    while !ready.exists() {
        std::thread::sleep(Duration::from_millis(50));
    }
    let link = LinkNumber(1);
    let began = Instant::now();
    let place = image::begin(&chain, link, 1)?;
    let files = place.join("files");
    fs::create_dir(&files)?;
    let (mut sealed, mut clocks) = (Vec::new(), Clocks::default());
    let mut behind = image::WriteBehind::of(&files);
    running.dump(&files, Then::Ends, Duration::from_hours(1), &mut |seen| {
        clocks = seen;
        behind.end().map_err(|e| e.to_string())?;
        sealed = image::seal(&place).map_err(|e| e.to_string())?;
        image::publish(&place, &image::name(link, 1)).map(drop).map_err(|e| e.to_string())
    })?;
    let dump = began.elapsed().as_secs_f64();
    drop(running);

    forget();
    // The job that restores is this program, at work already.
    fs::read(env!("CARGO_BIN_EXE_alpsckpt"))?;
    let began = Instant::now();
    let image = Image {
        started: link,
        by: Dumper::Criu,
        folder: image::name(link, 1),
        files: sealed,
        class: None,
        took_ms: 0,
    };
    if let Some(why) = image::damage(&chain, &image, &|| false).map_err(std::io::Error::from)? {
        return Err(why.into());
    }
    let mut running = supervised(Some(criu));
    running.restore(&program, &chain.images().join(&image.folder).join("files"), clocks)?;
    let restore = began.elapsed().as_secs_f64();
    fs::remove_file(&ready)?;
    while running.ended()?.is_none() {
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok((dump, restore))
}

/// The same without this program.
fn by_hand(criu: &Criu, folder: &Path, bytes: usize) -> Outcome<(f64, f64)> {
    chain(folder)?;
    let images = folder.join("images");
    fs::create_dir_all(&images)?;
    let call = criu.command.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ");
    let own = std::env::current_exe()?;
    // The script waits for this name beside the program's.
    let held = folder.join("held");
    std::os::unix::fs::symlink(&own, &held)?;
    let ready = folder.join("held.ready");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/foreign/by_hand.sh");
    let ask = |what: &str| -> Outcome<f64> {
        let mut command = Command::new("bash");
        command.arg(&script).arg(what).arg(&call).arg(&images).arg(&held);
        let output = command.args(["--hold", &bytes.to_string()]).arg(&ready).output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        let nanoseconds: f64 = said.trim().parse().map_err(|_| {
            format!(
                "{what} by hand failed: {} {}",
                said.trim(),
                String::from_utf8_lossy(&output.stderr).trim()
            )
        })?;
        Ok(nanoseconds / 1e9)
    };
    let dump = ask("dump")?;
    forget();
    let restore = ask("restore")?;
    let _ = fs::remove_file(&ready);
    Ok((dump, restore))
}

/// The system forgets what files it has read, where it lets us.
fn forget() {
    let _ = Command::new("sync").status();
    let _ = fs::write("/proc/sys/vm/drop_caches", "1");
}

/// Seconds from the order to the status of a program that does nothing, through us and as a child.
fn starts(folder: &Path) -> Outcome<(f64, f64)> {
    chain(folder)?;
    let program = program(folder, &["true"]);
    let (mut ours, mut hand) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let began = Instant::now();
        let mut running = supervised(None);
        running.start(&program)?;
        while running.ended()?.is_none() {
            std::thread::sleep(Duration::from_micros(200));
        }
        ours.push(began.elapsed().as_secs_f64());
        let began = Instant::now();
        Command::new("true").status()?;
        hand.push(began.elapsed().as_secs_f64());
    }
    Ok((median(ours), median(hand)))
}
