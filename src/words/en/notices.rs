//! What the screens tell of themselves in English.

use crate::campaign::actions::ActionKind;
use crate::campaign::snapshot::{ChainState, ChainView, ClusterView, Snapshot};
use crate::checkpoint::CampaignDir;
use crate::keys::{self, Command};
use crate::words::notices::{Idle, Told};
use crate::words::{duration, is_of_programs, resume_point};

pub(in crate::words) fn idle(why: Idle) -> &'static str {
    match why {
        Idle::NotRead => "the campaign is not read yet",
        Idle::NoMonth => "no month is selected",
        Idle::NothingWrong => "nothing is wrong",
        Idle::NothingHappened => "nothing has happened yet",
        Idle::NothingPlanned => "no month is planned",
        Idle::NoJob => "there is no job yet",
        Idle::NoLogOfJob => "this job has not begun: it has no log",
        Idle::NoOtherLog => "there is no other log of this month",
    }
}

pub(in crate::words) fn told(what: Told) -> &'static str {
    match what {
        Told::Pasted => "what is pasted does nothing here",
        Told::CalledOff => "nothing was done: these keys came as those of a paste do",
        Told::QuestionGone => "the question is gone: the month's state changed meanwhile",
        Told::TooQuick => "too quick an answer to be meant: give it again",
        Told::NothingDone => "nothing was done",
        Told::OldestLog => "this is the oldest log",
        Told::NewestLog => "this is the newest log",
    }
}

pub(in crate::words) fn read_only(why: &str) -> String {
    format!("read-only: {why}")
}

pub(in crate::words) fn all_there(of_programs: bool) -> String {
    if of_programs { "all outputs are there and verified" } else { "all maps are there and verified" }
        .to_owned()
}

pub(in crate::words) fn news(chain: &ChainView, name: &str) -> Option<String> {
    Some(match chain.state {
        ChainState::Failed => match &chain.failure {
            Some(failure) => format!("{name} failed: {}", failure.class),
            None => format!("{name} failed: no cause known"),
        },
        ChainState::Silent => match chain.silent_for {
            Some(seconds) => format!("{name} is silent: no heartbeat for {}", duration(seconds)),
            None => format!("{name} is silent: no heartbeat for a while"),
        },
        ChainState::Complete => format!("{name} is complete"),
        _ => return None,
    })
}

pub(in crate::words) fn with_hint(said: &str, hint: &str) -> String {
    let said = said.trim_end();
    if hint.is_empty() { said.to_owned() } else { format!("{said}\nTo do: {hint}") }
}

pub(in crate::words) fn of_last_action() -> &'static str {
    "The last action"
}

pub(in crate::words) fn of_reading() -> &'static str {
    "The campaign cannot be read"
}

pub(in crate::words) fn no_shell() -> String {
    format!("there is no shell to go back to: use {} to leave", keys::of(Command::Quit))
}

pub(in crate::words) fn too_small((w, h): (u16, u16), (need_w, need_h): (u16, u16)) -> String {
    let quit = keys::of(Command::Quit);
    format!("This terminal is too small: {w}x{h}; {need_w}x{need_h} is needed. Jobs go on. {quit} quits.")
}

pub(in crate::words) fn either(these: &[String]) -> String {
    these.join(" or ")
}

pub(in crate::words) fn not_submitted() -> String {
    let (one, all) = (keys::of(ActionKind::Submit), keys::of(Command::SubmitAll));
    format!("not submitted: press {one} to submit, {all} to submit all")
}

pub(in crate::words) fn resubmit_by(key: &str, chain: &ChainView, named: Option<&str>) -> String {
    let from = resume_point(chain);
    match named {
        None => format!("press {key} to resubmit it {from}"),
        Some(name) => format!("select {name}, then press {key} to resubmit it {from}"),
    }
}

pub(in crate::words) fn waiting_for_answer() -> &'static str {
    "waiting for the answer to what was asked last (a submission cut in two must be looked up)"
}

pub(in crate::words) fn thread_ended() -> &'static str {
    "a thread ended without a word"
}

pub(in crate::words) fn not_answered() -> &'static str {
    "no answer yet: it is looked up when the campaign is opened next"
}

pub(in crate::words) fn unreadable(why: &str) -> String {
    format!("the campaign cannot be read: {why}")
}

pub(in crate::words) fn mute(cluster: &ClusterView, error: &str, age: Option<u64>) -> String {
    match age {
        Some(age) => format!("{}: {error} (shown is what it said {} ago)", cluster.name, duration(age)),
        None => format!("{}: {error} (it has not answered yet)", cluster.name),
    }
}

pub(in crate::words) fn only_watched(why: &str) -> String {
    format!("read-only: {why}; here it can only be watched")
}

pub(in crate::words) fn complete(snapshot: &Snapshot) -> String {
    let campaign = CampaignDir::new(&snapshot.output);
    if is_of_programs(&snapshot.chains) {
        return format!("All outputs are there and verified, in {}", campaign.results().display());
    }
    let (maps, pictures) = (campaign.maps(), campaign.pictures());
    format!(
        "All maps are there and verified: GeoTIFF files in {}, pictures in {}",
        maps.display(),
        pictures.display()
    )
}
