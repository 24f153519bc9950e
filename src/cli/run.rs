//! `alpsckpt run`: a campaign in the foreground, without a scheduler.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::bars::Bars;
use super::{CliError, exit, output, place, submit, verify};
use crate::batch::GO_ON;
use crate::campaign::controller::{self, Controller};
use crate::campaign::identity::Identity;
use crate::campaign::inputs::months_of;
use crate::campaign::registry;
use crate::campaign::snapshot::ChainView;
use crate::campaign::spec::{Loaded, MOST_THREADS, Spec};
use crate::checkpoint::{
    CampaignDir, Chain, ChainDir, ChainId, ExitClass, LOCAL, LinkStart, Phase, Status, fence, form,
};
use crate::clusters::ClusterChoice;
use crate::durable::{patience, tells_of_unknown_form};
use crate::foreign::fitness::tells_of_beginning_anew;
use crate::host;
use crate::job::verify::verify_chain;
use crate::job::{Origin, Outcome, Progress, RunOptions, Stop, entry, run_chain, signals};
use crate::prepare::{self, Order, PrepareError};
use crate::quantity::count;
use crate::shell_words::word;
use crate::words;
use crate::words::failures::{Advice, of_program};

/// Computes a campaign here, in the foreground, chain after chain.
///
/// Ctrl-C checkpoints and ends, and so do SIGTERM and the end of the terminal; the same command goes on from there. A `pace` is ignored: it changes no map.
#[derive(Debug, clap::Args)]
#[command(after_help = after_help())]
pub(super) struct Args {
    /// The campaign file.
    file: PathBuf,
    /// Threads to compute with [default: the campaign's, else all].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_THREADS)))]
    threads: Option<u32>,
    /// Only the chains of these months.
    #[arg(long, value_delimiter = ',', value_name = "M,…", value_parser = clap::value_parser!(u8).range(1..=12))]
    months: Vec<u8>,
    /// Computes the chains anew that are not complete or have lost maps, from the inputs as they are now; what they sealed
    /// so far does not count any more.
    #[arg(long)]
    anew: bool,
}

fn after_help() -> String {
    format!(
        "\
Examples:
  alpsckpt run my.ron
  alpsckpt run my.ron --months 1,7 --threads 8
  alpsckpt run my.ron --months 7 --anew

Exit codes: 0 every map is there and verified, 65 bad campaign file or input, 69 a program cannot be dumped, or not be restored \
here, 73 the disk is full, \
74 the output cannot be written, 75 another run of the chain is at work or took over, 76 the checkpoints belong to another \
campaign file or to other inputs, {GO_ON} checkpointed after Ctrl-C: run it again to go on."
    )
}

pub(super) fn run(args: &Args) -> Result<(), CliError> {
    let loaded = place::load(&args.file)?;
    let months = submit::months(&loaded.spec.months, &args.months)?;
    let order = Order { months: &months, known: true, unchanged: !args.anew };
    let loaded = prepare::settle(loaded, &order, &output::tell).map_err(|e| match e {
        PrepareError::Changed { chain, problem } => {
            CliError::new(exit::FOREIGN, problem, anew(&chain, &args.file))
        }
        e => e.into(),
    })?;
    let campaign = begin(&loaded, &months, args.anew)?;
    // A pace is for watching chains; it changes no map.
    let spec = Spec { pace: None, ..campaign.spec };
    patience::set(patience::OF_LINKS);
    let stop = Stop { asked: signals::stop_flag_of_terminal(), ..Stop::default() };
    let (bars, told) = (Bars::new(), AtomicBool::new(false));
    for chain in &campaign.chains {
        if is_complete(&spec, &chain.id) {
            continue;
        }
        let bar = bars.add(chain.id.as_str(), spec.unit());
        let options = RunOptions {
            spec: spec.clone(),
            spec_hash: campaign.spec_hash.clone(),
            chain: chain.clone(),
            job_id: LOCAL.to_owned(),
            node: entry::host_name(),
            threads: args.threads.unwrap_or_else(|| entry::threads(&spec)),
            stop: stop.clone(),
            origin: Origin::default(),
        };
        let show = |p: &Progress| {
            // A program may take its time to be saved.
            if spec.command().is_some()
                && stop.asked.load(Ordering::Relaxed)
                && !told.swap(true, Ordering::Relaxed)
            {
                output::note(
                    "Asked to stop: the program is saved first; Ctrl-C once more ends at once, without that.",
                );
            }
            bar.show(p.tiles, p.total, phase(p.phase));
        };
        let mut outcome = run_chain(&spec.output, &options, &show);
        // The disk was out of reach for a while, and what was done before is sealed.
        while outcome.class == ExitClass::Checkpointed && !stop.asked.load(Ordering::Relaxed) {
            output::note(format!("{}: {}", chain.id, outcome.message));
            outcome = run_chain(&spec.output, &options, &show);
        }
        bar.end();
        if outcome.class != ExitClass::Complete {
            return Err(ended(&spec, chain, &outcome, &args.file, &stop.asked));
        }
    }
    report(&spec, &months)
}

/// A campaign whose folder is made, as frozen there.
struct Begun {
    spec: Spec,
    spec_hash: String,
    /// The chains to compute.
    chains: Vec<Chain>,
}

/// Makes the campaign's folder if need be; refuses chains that the batch system has.
fn begin(loaded: &Loaded, months: &[u8], anew: bool) -> Result<Begun, CliError> {
    let output = &loaded.spec.output;
    let folder = CampaignDir::new(output);
    // Nothing here needs a cluster: without a home the campaign's would lie beside it.
    let cluster = || {
        let directory = registry::default_cluster().unwrap_or_else(|| folder.state().join("cluster"));
        ClusterChoice::embedded(&directory)
    };
    if !folder.identity().exists() {
        place::warn_of_gone(output);
    }
    let known = Identity::read(&folder).ok();
    let mut controller = match known {
        // By the campaign as it is: what its file says otherwise is taken when the chains begin anew.
        Some(_) if anew => {
            controller::restore(loaded)?;
            Controller::open(output)?
        }
        known => Controller::create(loaded, &known.map_or_else(cluster, |identity| identity.cluster))?,
    };
    place::tell_taken(controller.taken());
    let snapshot = controller.refresh()?;
    let wanted = |c: &Chain| c.months.iter().any(|m| months.contains(m));
    let mut chains = loaded.spec.settled_as(controller.spec()).chains();
    chains.retain(wanted);
    for chain in &chains {
        controller.ensure_known_attempts(&chain.id)?;
    }
    let asked = |c: &&ChainView| chains.iter().any(|chain| chain.id == c.id);
    if let Some(busy) = snapshot.chains.iter().filter(asked).find(|c| c.attempts > 0 && !c.state.is_settled())
    {
        let what = format!("{}: submitted to {} and {}", busy.id, snapshot.cluster.name, words::state(busy));
        let cure = format!(
            "wait for it, or `alpsckpt stop {} --campaign {}` first",
            busy.id,
            word(output.as_os_str())
        );
        return Err(CliError::new(exit::NOT_NOW, what, cure));
    }
    chains
        .iter()
        .try_for_each(|chain| ensure_alone(&CampaignDir::new(output).chain(&chain.id), &chain.id))?;
    if anew {
        let ids: Vec<ChainId> = chains.iter().map(|chain| chain.id.clone()).collect();
        let (taken, said) = controller.begin_anew_here(&ids, loaded)?;
        place::tell_taken(&taken);
        said.iter().for_each(output::warning);
    }
    place::remember(output, &loaded.spec.name);
    Ok(Begun { spec: controller.spec().clone(), spec_hash: controller.spec_hash().to_owned(), chains })
}

/// Refuses a chain that another run in the foreground computes at this moment: its heart beats. One that is dead, or asleep for
/// so long that it counts as dead, is fenced by the next link.
fn ensure_alone(dir: &ChainDir, chain: &ChainId) -> Result<(), CliError> {
    const WATCHED: Duration = Duration::from_secs(3);
    let Some(link) = fence::newest(dir)?.filter(|link| !dir.link_end(*link).exists()) else { return Ok(()) };
    let Ok(start) = form::read::<LinkStart>(&dir.link_start(link)) else { return Ok(()) };
    if !start.is_local() || !host::may_live(&start.node, start.pid) {
        return Ok(());
    }
    let beat = || Status::read(&dir.status(link)).ok().map(|status| status.counter);
    let (before, until) = (beat(), Instant::now() + WATCHED);
    while Instant::now() < until {
        std::thread::sleep(Duration::from_millis(100));
        if dir.link_end(link).exists() {
            return Ok(());
        }
        if beat().is_some_and(|now| Some(now) != before) {
            let what =
                format!("{chain}: another run is at work on it, process {} on {}", start.pid, start.node);
            return Err(CliError::new(exit::NOT_NOW, what, "wait for it, or end it there with Ctrl-C"));
        }
    }
    Ok(())
}

/// The chain's maps are there and good: nothing is left to compute.
fn is_complete(spec: &Spec, chain: &ChainId) -> bool {
    verify_chain(&CampaignDir::new(&spec.output), chain, &spec.dem)
        .is_ok_and(|maps| maps.iter().all(|m| m.problems.is_empty()))
}

fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Opening => "opening",
        Phase::Computing => "computing",
        Phase::Sealing => "sealing",
        Phase::Finishing => "finishing",
        Phase::Waiting => "waiting",
    }
}

fn ended(spec: &Spec, chain: &Chain, outcome: &Outcome, file: &Path, asked: &Arc<AtomicBool>) -> CliError {
    let what = format!("{}: {}", chain.id, outcome.message);
    let (campaign, months) = (word(file.as_os_str()), months_of(&chain.months));
    if outcome.class == ExitClass::Checkpointed && asked.load(Ordering::Relaxed) {
        output::note(&what);
        output::note(if spec.command().is_some() && outcome.sealed.is_none() {
            format!("Nothing of the program is kept; it begins anew with: alpsckpt run {campaign}")
        } else {
            format!("Nothing is lost. Go on with: alpsckpt run {campaign}")
        });
        return CliError::silent(outcome.class.code());
    }
    let cure = match outcome.class {
        ExitClass::Foreign if !tells_of_unknown_form(&outcome.message) => anew(chain, file),
        ExitClass::Unable if tells_of_beginning_anew(&outcome.message) => anew(chain, file),
        ExitClass::Unable => format!("do what it says, then: alpsckpt run {campaign}"),
        ExitClass::Program(_) => {
            let goes_on = match outcome.sealed {
                Some(generation) => format!("it goes on from generation {}", generation.0),
                None => "it begins anew all the same".to_owned(),
            };
            let said = format!("`alpsckpt log {} --program --campaign {campaign}`", chain.id);
            let anew = format!("`alpsckpt run {campaign} --months {months} --anew`");
            let again = format!("give `alpsckpt run {campaign}` again: {goes_on}");
            of_program(Advice { said: &said, anew: &anew, again: &again })
        }
        _ => String::new(),
    };
    CliError::new(outcome.class.code(), what, cure)
}

/// What computes a chain anew here.
fn anew(chain: &Chain, file: &Path) -> String {
    let months = months_of(&chain.months);
    format!("or, to begin anew: alpsckpt run {} --months {months} --anew", word(file.as_os_str()))
}

fn report(spec: &Spec, months: &[u8]) -> Result<(), CliError> {
    let maps = verify::verify(&spec.output, spec, months)?;
    verify::table(spec, &maps).into_iter().try_for_each(output::say)?;
    let campaign = CampaignDir::new(&spec.output);
    let folder = if spec.command().is_some() { campaign.results() } else { campaign.maps() };
    match verify::bad(&maps) {
        0 => output::say(format!(
            "{}, all verified, in {}",
            count(maps.len() as u64, verify::made(spec)),
            folder.display()
        )),
        n => Err(CliError::new(exit::INPUT, verify::not_as_computed(spec, n), "")),
    }
}
