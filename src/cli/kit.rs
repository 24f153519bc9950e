//! `alpsckpt kit`: what a node lacks for checkpoints of programs that cannot save themselves, in a folder of one's own.

use std::path::PathBuf;

use super::{CliError, exit, output};
use crate::foreign::kit::{self, KitOrder, KitSource};
use crate::foreign::{Trouble, TroubleKind};
use crate::quantity::count;

/// Makes what nodes lack for checkpoints of programs that cannot save themselves.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "\
Examples:
  alpsckpt kit criu

Exit codes: those of its commands; 2 wrong usage.")]
pub(super) enum Command {
    Criu(Args),
}

/// Puts a newer CRIU with all its libraries into a folder; needs no right, and nothing of the system is touched.
///
/// It comes from Debian's packages by this machine's own mirror, their signatures verified by apt: 8 MB to fetch, 35 MB of disk,
/// ten seconds. The folder may be copied and moved. A kit that is there is kept.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  alpsckpt kit criu                                     for yourself, in your home folder
  alpsckpt kit criu --to /shared/me/criu                where all nodes see it; then: export ALPSCKPT_CRIU=/shared/me/criu
  alpsckpt kit criu --suite sid --again                 a newer one in its place
  alpsckpt kit criu --from /shared/me/criu/debs         without a network, from the packages of another kit

Exit codes: 0 it is there and runs, 65 unfit packages, 69 nothing can be fetched or this is no Debian, 73 the disk is full, 74 the \
folder cannot be written.")]
pub(super) struct Args {
    /// The kit's folder; without it `criu-kit` in your data folder, where it is found without being named.
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    /// Debian's suite that it is taken from.
    #[arg(long, default_value = "trixie", value_parser = suite)]
    suite: String,
    /// The mirror of Debian; without it the one that this machine itself uses.
    #[arg(long, value_name = "URL", value_parser = url)]
    mirror: Option<String>,
    /// The keys that the suite is signed by; without it those of the package debian-archive-keyring.
    #[arg(long, value_name = "FILE")]
    keyring: Option<PathBuf>,
    /// Takes packages that lie in this folder, as they are: their signatures are not verified.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["suite", "mirror", "keyring"])]
    from: Option<PathBuf>,
    /// Makes it anew where there is one.
    #[arg(long)]
    again: bool,
}

/// A suite's name: it becomes a line of a file that apt reads.
fn suite(text: &str) -> Result<String, String> {
    let good = |c: char| c.is_ascii_alphanumeric() || "-._/".contains(c);
    if !text.is_empty() && text.chars().all(good) && !text.ends_with('/') {
        return Ok(text.to_owned());
    }
    Err("write a suite's name, such as trixie, sid or stable".to_owned())
}

fn url(text: &str) -> Result<String, String> {
    if text.contains(':') && !text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Ok(text.to_owned());
    }
    Err("write an address, such as http://deb.debian.org/debian".to_owned())
}

pub(super) fn run(command: &Command) -> Result<(), CliError> {
    let Command::Criu(args) = command;
    let to = args.to.clone().or_else(kit::default_folder).ok_or_else(|| {
        CliError::new(exit::OUTPUT, "there is no home folder for the kit", "name a folder with --to")
    })?;
    let from = match &args.from {
        Some(folder) => KitSource::Folder(folder.clone()),
        None => KitSource::Suite {
            name: args.suite.clone(),
            mirror: args.mirror.clone(),
            keyring: args.keyring.clone(),
        },
    };
    let order = KitOrder { to, from, again: args.again };
    let (kit, criu, made) = kit::make(&order)?;
    let version = criu.version_in_words();
    let packages = count(kit.packages.len() as u64, "package");
    let is = if made { "is now" } else { "was already" };
    output::say(format!("CRIU {version} {is} in {}: {packages} from {}.", order.to.display(), kit.from))?;
    if args.to.is_some() {
        let folder = std::path::absolute(&order.to).unwrap_or(order.to);
        let named = crate::shell_words::word(folder.as_os_str());
        output::say(format!("It is used where it is named: export {}={named}", kit::VARIABLE))?;
    }
    Ok(())
}

impl From<Trouble> for CliError {
    fn from(trouble: Trouble) -> Self {
        let code = match trouble.kind {
            TroubleKind::Unavailable | TroubleKind::TimedOut => exit::BATCH,
            TroubleKind::DiskFull => exit::DISK_FULL,
            TroubleKind::Damaged | TroubleKind::Undumpable | TroubleKind::Unfit => exit::INPUT,
            TroubleKind::Refused | TroubleKind::Other => exit::OUTPUT,
        };
        Self::new(code, trouble.what, trouble.cure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_becomes_a_line_for_apt_is_one_word() {
        for good in ["trixie", "sid", "bookworm-backports", "stable/updates"] {
            assert_eq!(suite(good).as_deref(), Ok(good));
        }
        for bad in ["", "a b", "trixie\nTrusted: yes", "[x]", "./"] {
            assert!(suite(bad).is_err(), "{bad:?}");
        }
        assert!(url("http://deb.debian.org/debian").is_ok());
        assert!(url("http://x\nTrusted: yes").is_err() && url("deb").is_err());
    }
}
