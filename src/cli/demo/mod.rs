//! `alpsckpt demo`: four months of the Parc des Écrins on three embedded nodes, one of which dies.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use super::{CliError, exit, open, output, place};
use crate::batch::embedded;
use crate::campaign::controller::{ActionKind, Controller};
use crate::campaign::snapshot::ChainState;
use crate::clusters::{self, ClusterChoice};
use crate::shell_words::quoted;
use crate::ui::{self, UiError};

mod headless;
mod recipe;

use super::submit::cluster_names;
use recipe::{Folder, Jobs};

/// Shows alpsckpt at work: four months of the Parc des Écrins as chained jobs on three embedded nodes.
///
/// Each month is a chain of jobs that checkpoint before their walltime and go on elsewhere; the scheduler's clock runs
/// at 1 s = 3 h. One node dies on purpose; its month is resubmitted from its last good checkpoint (key `r`).
/// Quit the screen and run the command again: the jobs have gone on meanwhile.
#[derive(Debug, clap::Args)]
#[command(after_help = after_help())]
pub(super) struct Args {
    /// Ends a former demo's jobs, removes it and makes a new one.
    #[arg(long)]
    fresh: bool,
    /// Without a screen: progress bars, then a table; exit 0 only if every map is there and verified.
    #[arg(long)]
    headless: bool,
    /// The demo's folder [default: alpsckpt/demo in the user's data folder].
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// A terrain model of your own (a projected raster in metres): radiation only, its middle 12.8 km.
    #[arg(long, value_name = "FILE")]
    dem: Option<PathBuf>,
    /// The batch system.
    #[arg(long, value_parser = cluster_names(), default_value = embedded::MANNER.name, help = help_of_cluster())]
    cluster: String,
    /// What its site wants, as in a campaign file.
    #[arg(long, value_name = "SITE", help = help_of_site())]
    site: Option<String>,
}

fn help_of_cluster() -> String {
    let title = clusters::usual().title;
    format!("The batch system; on {title} two months of short jobs, in a folder that its nodes see")
}

fn help_of_site() -> String {
    format!("What {}'s site wants, as in a campaign file", clusters::usual().title)
}

fn after_help() -> String {
    format!(
        "\
Examples:
  alpsckpt demo
  alpsckpt demo --headless            without a screen, at most 5 minutes
  alpsckpt demo --fresh               ends and removes the former demo first
  alpsckpt demo --dir alps --dem alps_25m.tif
  alpsckpt demo --cluster {} --site project=climat --dir /shared/me/demo

Exit codes: 0 shown; with --headless: every map is there and verified, 65 one is not, 70 a chain failed for good, \
74 the folder cannot be written or is no demo's.",
        clusters::usual().name
    )
}

impl Args {
    /// The command of this demo, in the same folder and on the same terrain and batch system.
    fn again(&self) -> String {
        let in_quotes = |text: &OsStr| String::from_utf8_lossy(&quoted(text.as_bytes())).into_owned();
        let mut command = "alpsckpt demo".to_owned();
        let files = [("--dir", &self.dir), ("--dem", &self.dem)];
        for (option, file) in files.into_iter().filter_map(|(option, file)| Some((option, file.as_ref()?))) {
            command.push_str(&format!(" {option} {}", in_quotes(file.as_os_str())));
        }
        if self.site_cluster().is_some() {
            command.push_str(&format!(" --cluster {}", self.cluster));
        }
        if let Some(site) = &self.site {
            command.push_str(&format!(" --site {}", in_quotes(OsStr::new(site))));
        }
        command
    }

    fn jobs(&self) -> Result<Jobs, CliError> {
        match (self.site_cluster(), &self.site) {
            (Some(cluster), site) => Ok(Jobs::OfSite { cluster, site: site.clone() }),
            (None, None) => Ok(Jobs::Embedded),
            (None, Some(_)) => {
                let what = format!("--site belongs to --cluster {}", clusters::usual().name);
                Err(CliError::new(exit::USAGE, what, ""))
            }
        }
    }

    /// The batch system, where it is a site's.
    fn site_cluster(&self) -> Option<ClusterChoice> {
        ClusterChoice::of_site(&self.cluster)
    }
}

pub(super) fn run(args: &Args) -> Result<(), CliError> {
    let jobs = args.jobs()?;
    // Before anything is made or submitted.
    if !args.headless
        && let Err(e) = ui::check_terminal()
    {
        let cure = format!("`{} --headless` shows the demo without one", args.again());
        let what = match e {
            UiError::NoTerminal => "the demo's screen needs a terminal".to_owned(),
            other => other.to_string(),
        };
        return Err(CliError::new(exit::USAGE, what, cure));
    }
    let folder = Folder { path: folder(args)? };
    if args.fresh {
        folder.remove()?;
    }
    if folder.is_ready() {
        reopen(&folder, args)?;
    } else {
        folder.prepare(args.dem.as_deref(), &jobs)?;
    }
    let loaded = place::load(&folder.campaign_file())?;
    let cluster = match jobs {
        Jobs::Embedded => ClusterChoice::embedded(&folder.cluster()),
        Jobs::OfSite { cluster, .. } => cluster,
    };
    let mut controller = Controller::create(&loaded, &cluster)?;
    submit_planned(&mut controller)?;
    place::remember(&loaded.spec.output, &loaded.spec.name);
    if args.headless {
        return headless::follow(&mut controller, &loaded);
    }
    drop(controller);
    open::screen(&loaded.spec.output)?;
    output::say(format!("The demo goes on in {0}; its maps come to {0}/maps.", folder.path.display()))?;
    output::say(format!("`alpsckpt` opens it again, `{} --fresh` begins anew.", args.again()))
}

fn folder(args: &Args) -> Result<PathBuf, CliError> {
    if let Some(dir) = &args.dir {
        return place::absolute(dir);
    }
    let dirs = directories::ProjectDirs::from("", "", "alpsckpt").ok_or_else(|| {
        CliError::new(exit::OUTPUT, "there is no home folder for the demo", "name a folder with --dir")
    })?;
    Ok(dirs.data_dir().join("demo"))
}

fn reopen(folder: &Folder, args: &Args) -> Result<(), CliError> {
    if let Some(dem) = &args.dem {
        let loaded = place::load(&folder.campaign_file())?;
        if !recipe::uses(&loaded, dem) {
            let what = format!("{}: holds a demo over another terrain", folder.path.display());
            return Err(CliError::new(exit::OUTPUT, what, "add --fresh to remove it, or name another --dir"));
        }
    }
    output::note(format!("Reopening the demo in {}.", folder.path.display()));
    Ok(())
}

/// Submits every chain that was not yet: all of a new demo, the rest of one interrupted at its beginning.
fn submit_planned(controller: &mut Controller) -> Result<(), CliError> {
    let snapshot = controller.refresh()?;
    for chain in snapshot.chains.into_iter().filter(|c| c.state == ChainState::Planned) {
        output::note(controller.act(&ActionKind::Submit.on(chain.id))?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    #[test]
    fn the_way_back_to_a_demo_names_all_that_makes_it_this_one() {
        let again = |words: &[&str]| Line::parse_from([&["demo"], words].concat()).args.again();
        assert_eq!(again(&["--fresh", "--headless"]), "alpsckpt demo");
        assert_eq!(
            again(&["--dir", "my demo", "--dem", "a.tif"]),
            "alpsckpt demo --dir 'my demo' --dem 'a.tif'"
        );
        assert_eq!(
            again(&["--cluster", "oar", "--site", "dahu; project=alps", "--dir", "d"]),
            "alpsckpt demo --dir 'd' --cluster oar --site 'dahu; project=alps'"
        );
    }
}
