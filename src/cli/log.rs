//! `alpsckpt log`: what a chain's links said.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use super::{CliError, exit, output, place};
use crate::checkpoint::{CampaignDir, ChainId, LinkNumber};
use crate::durable::beneath;

/// Prints what a chain's links said, or where their logs lie.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  alpsckpt log m07              the newest link of July
  alpsckpt log m07 --link 2
  alpsckpt log m07 --program    what the program of a campaign of commands said
  alpsckpt log m07 --list       all files, those of the batch system too

Exit codes: 0 printed, 66 no such campaign, chain or log.")]
pub(super) struct Args {
    /// The chain, such as m01.
    #[arg(value_parser = super::job::chain)]
    chain: ChainId,
    /// The link's number; the newest without it.
    #[arg(long, value_name = "N")]
    link: Option<u32>,
    /// What the chain's program said, in a campaign of commands: its standard output, then its standard error.
    #[arg(long, conflicts_with_all = ["link", "list"])]
    program: bool,
    /// Names the files instead of printing one.
    #[arg(long, conflicts_with = "link")]
    list: bool,
    /// A campaign file or output folder; without it the current folder's campaign, else the one opened last.
    #[arg(long, short, value_name = "CAMPAIGN")]
    campaign: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result<(), CliError> {
    let campaign = CampaignDir::new(&place::output_of(args.campaign.as_deref())?);
    let chain = campaign.chain(&args.chain);
    let all = files(&chain.logs())?;
    if args.list {
        return all.iter().try_for_each(|file| output::say_path(file));
    }
    if args.program {
        return print_program(args, &all);
    }
    let file = match args.link {
        Some(number) => Some(chain.log(LinkNumber(number))),
        None => all.iter().rev().find(|f| is_of_link(f)).or(all.last()).cloned(),
    };
    if let Some(file) = file.filter(|f| f.is_file()) {
        return print(&file);
    }
    let link = args.link.map_or(String::new(), |n| format!(" of link {n}"));
    let what = format!("{}: no log{link} yet", args.chain);
    Err(CliError::new(exit::MISSING, what, "see `alpsckpt status`, or `alpsckpt log CHAIN --list`"))
}

/// What the program said that was started last.
fn print_program(args: &Args, all: &[PathBuf]) -> Result<(), CliError> {
    let of = |ending: &str| {
        let is_it = |file: &&PathBuf| file.to_string_lossy().ends_with(ending);
        all.iter().rev().find(is_it)
    };
    let files: Vec<&PathBuf> = [".program.out", ".program.err"].into_iter().filter_map(of).collect();
    if files.is_empty() {
        let what = format!("{}: no program has been started", args.chain);
        return Err(CliError::new(
            exit::MISSING,
            what,
            "see `alpsckpt status`, or `alpsckpt log CHAIN --list`",
        ));
    }
    files.into_iter().try_for_each(|file| print(file))
}

/// `0003.log`, not a file of the batch system.
fn is_of_link(file: &Path) -> bool {
    file.extension().is_some_and(|e| e == "log")
        && file.file_stem().is_some_and(|s| s.to_string_lossy().bytes().all(|b| b.is_ascii_digit()))
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, CliError> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(CliError::output(format!("{}: {e}", folder.display()))),
    };
    let mut files: Vec<PathBuf> = entries.flatten().map(|e| e.path()).filter(|p| p.is_file()).collect();
    files.sort();
    Ok(files)
}

fn print(file: &Path) -> Result<(), CliError> {
    let failed = |e| CliError::output(format!("{}: {e}", file.display()));
    let mut reader = BufReader::new(beneath::open(file).map_err(failed)?);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).map_err(failed)? > 0 {
        output::say(String::from_utf8_lossy(&line).trim_end())?;
        line.clear();
    }
    Ok(())
}
