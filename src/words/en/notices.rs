//! What the screens tell of themselves in English.

use crate::campaign::actions::ActionKind;
use crate::campaign::snapshot::ChainView;
use crate::keys::{self, Command};
use crate::words::resume_point;

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

pub(in crate::words) fn log_stays(cut: bool) -> String {
    let key = keys::of(Command::Follow);
    if cut { format!("stays; {key} follows; the last 64 kB only") } else { format!("stays; {key} follows") }
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
