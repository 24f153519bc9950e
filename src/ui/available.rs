//! What can be done now, and why not: for the keys, the bar and the help.

use super::model::Model;
use super::scroll;
use crate::campaign::actions::possible;
use crate::campaign::controller::ActionKind;
use crate::keys::{Command, Screen};
use crate::words;

/// Whether a command can be done now; else why not, in words.
pub(crate) fn available(model: &Model, command: Command) -> Result<(), String> {
    let snapshot = model.snapshot.as_ref().ok_or("the campaign is not read yet");
    if let Command::Act(kind) = command {
        let snapshot = snapshot?;
        let chain = model.chain().ok_or("no month is selected")?;
        let name = words::months(&chain.months, model.glyphs);
        if model.pending.iter().any(|a| a.chain == chain.id) {
            return Err(words::actions::already_under_way(&name));
        }
        return possible(kind, chain, &snapshot.access)
            .map_err(|why| words::actions::why_not_of(&name, &why));
    }
    match command {
        Command::Errors if model.errors().is_empty() => Err("nothing is wrong".to_owned()),
        Command::Events if model.snapshot.as_ref().is_none_or(|s| s.history.is_empty()) => {
            Err("nothing has happened yet".to_owned())
        }
        Command::SubmitAll => match (snapshot?, model.read_only(), model.planned().next()) {
            (_, Some(why), _) => Err(format!("read-only: {why}")),
            (_, None, None) => Err("no month is planned".to_owned()),
            (snapshot, None, Some(planned)) => {
                possible(ActionKind::Submit, planned, &snapshot.access).map_err(|why| why.to_string())
            }
        },
        Command::Open if model.screen == Screen::Jobs => match model.job_rows().get(model.job_row()) {
            None => Err("there is no job yet".to_owned()),
            Some(row) if row.link.is_none() && !scroll::has_log(row) => {
                Err("this job has not begun: it has no log".to_owned())
            }
            Some(_) => Ok(()),
        },
        Command::OlderLog | Command::NewerLog if model.chain().is_none_or(|c| c.logs.len() < 2) => {
            Err("there is no other log of this month".to_owned())
        }
        _ => Ok(()),
    }
}
