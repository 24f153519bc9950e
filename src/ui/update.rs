//! What each message changes: a pure function from the model and a message to the model and effects.

use std::path::PathBuf;

use ratatui::crossterm::event::{KeyEvent, KeyEventKind};

use super::available::available;
use super::haste::WAIT;
use super::model::{About, Ask, Clock, Effect, Message, Model, Notice, Overlay, Tail, logs_of};
use super::theme::Meaning;
use super::{confirm, scroll, view};
use crate::campaign::actions::{Asks, possible};
use crate::campaign::controller::Action;
use crate::campaign::snapshot::{ChainState, Snapshot};
use crate::keys::{self, Command, Screen};
use crate::words;

/// How long a notice stands, milliseconds; one of something that failed, longer.
const NOTICED: u64 = 60_000;
const FAILURE_NOTICED: u64 = 600_000;

/// Takes a message at a moment.
pub(crate) fn update(model: &mut Model, message: Message, now: Clock) -> Vec<Effect> {
    model.clock = now;
    // What was asked for before this key is done before it.
    let mut effects = take_due(model);
    let mut reads = true;
    match message {
        Message::Key(key) if key.kind != KeyEventKind::Release => effects.extend(press(model, &key)),
        Message::Paste => {
            pasted(model);
            reads = false;
        }
        Message::Resize(columns, rows) => {
            model.size = (columns, rows);
            reads = false;
        }
        // A person who went somewhere meanwhile is not taken away again.
        Message::Recalled(visit) if model.haste.is_new() => visit.go_on(model),
        Message::Key(_) | Message::Recalled(_) => reads = false,
        Message::Tick | Message::Due => {}
        Message::Snapshot(snapshot) => take_snapshot(model, *snapshot),
        Message::RefreshFailed(why) => model.refresh_error = Some(why),
        Message::Acted(action, result) => {
            acted(model, &action, result);
            reads = false;
        }
        Message::Log(path, result) => {
            take_log(model, path, result);
            reads = false;
        }
        Message::Picture(chain, result) => {
            match result {
                Ok(picture) => {
                    model.pictures.insert(chain, picture);
                    model.picture_error = None;
                }
                Err(why) => model.picture_error = Some((chain, why)),
            }
            reads = false;
        }
    }
    if model.notice.as_ref().is_some_and(|notice| is_over(model, notice)) {
        model.notice = None;
    }
    if reads {
        effects.extend(wanted_files(model));
    }
    effects
}

/// Whether a notice has stood long enough, or what it is about is over.
fn is_over(model: &Model, notice: &Notice) -> bool {
    let age = model.clock.steady_ms.saturating_sub(notice.at.steady_ms);
    let over = match &notice.about {
        About::State(id, state) => model.chain_of(id).is_some_and(|chain| chain.state != *state),
        About::Action | About::Moment => false,
    };
    let stands = match notice.meaning {
        // It ends with what is under way.
        Meaning::Active => return over || model.pending.is_empty(),
        Meaning::Bad => FAILURE_NOTICED,
        _ => NOTICED,
    };
    over || age > stands
}

/// What was asked for and is to be done by now.
fn take_due(model: &mut Model) -> Vec<Effect> {
    let now = model.clock.steady_ms;
    model.soon.extract_if(.., |(due, _)| *due <= now).map(|(_, effect)| effect).collect()
}

/// Does something a moment later, if no burst or paste calls it off.
fn soon(model: &mut Model, effect: Effect) {
    model.soon.push((model.clock.steady_ms + WAIT, effect));
}

/// A paste came: it has nowhere to type, and what its first bytes may have asked for is called off.
fn pasted(model: &mut Model) {
    model.haste.paste(model.clock.steady_ms);
    call_off(model, model.clock.steady_ms.saturating_sub(WAIT));
    say(model, "what is pasted does nothing here", Meaning::Warning);
}

/// Takes back what was asked for since a moment; whether there was anything.
fn call_off(model: &mut Model, since: u64) -> bool {
    let mut any = !model.soon.is_empty();
    for (_, effect) in std::mem::take(&mut model.soon) {
        if let Effect::Act(action) = effect {
            model.pending.retain(|pending| *pending != action);
        }
    }
    if let Some(Overlay::Confirm(ask)) = &model.overlay
        && ask.since >= since
    {
        model.overlay = None;
        any = true;
    }
    any
}

/// The files that the screen shows now; the reader leaves out those that did not change.
fn wanted_files(model: &Model) -> Vec<Effect> {
    let mut effects = Vec::new();
    if model.screen == Screen::Log
        && let Some(path) = model.log_path()
    {
        effects.push(Effect::ReadLog(path.clone()));
    }
    if view::shows_picture(model)
        && let Some((chain, path)) = model.chain().and_then(|c| Some((c, c.quicklook.as_ref()?)))
    {
        effects.push(Effect::ReadPicture(chain.id.clone(), path.clone()));
    }
    effects
}

fn take_snapshot(model: &mut Model, snapshot: Snapshot) {
    let news = news(model, &snapshot);
    let answers_again = model.snapshot.as_ref().is_some_and(|before| before.cluster.error.is_some())
        && snapshot.cluster.error.is_none();
    // What failed while the batch system was mute is no news any more once it answers; it stays on its page.
    if answers_again && model.notice.as_ref().is_some_and(|n| n.about == About::Action) {
        model.notice = None;
    }
    model.pictures.retain(|id, _| snapshot.chains.iter().any(|c| c.id == *id));
    let known = |id| snapshot.chains.iter().any(|c| Some(&c.id) == id);
    if !known(model.selected.as_ref()) {
        let needs = |wanted: &[ChainState]| snapshot.chains.iter().find(|c| wanted.contains(&c.state));
        model.selected = needs(&[ChainState::Failed])
            .or_else(|| needs(&[ChainState::Running, ChainState::Silent, ChainState::Between]))
            .or_else(|| snapshot.chains.first())
            .map(|c| c.id.clone());
    }
    model.snapshot = Some(snapshot);
    model.read_at = model.clock.steady_ms;
    model.refresh_error = None;
    if let Some((text, meaning, about)) = news {
        say_about(model, text, meaning, about);
    }
    // A question about a chain that went on meanwhile is no longer the question.
    if let Some(Overlay::Confirm(ask)) = &model.overlay
        && !still_fits(model, ask)
    {
        model.overlay = None;
        say(model, "the question is gone: the month's state changed meanwhile", Meaning::Warning);
    }
}

fn still_fits(model: &Model, ask: &Ask) -> bool {
    model.snapshot.as_ref().is_some_and(|snapshot| {
        ask.actions.iter().any(|action| {
            let chain = model.chain_of(&action.chain);
            chain.is_some_and(|chain| possible(action.kind, chain, &snapshot.access).is_ok())
        })
    })
}

/// What a person should hear of although the month may not be selected.
fn news(model: &Model, snapshot: &Snapshot) -> Option<(String, Meaning, About)> {
    let before = model.snapshot.as_ref()?;
    if snapshot.complete && !before.complete {
        let what = if words::is_of_programs(&snapshot.chains) { "outputs" } else { "maps" };
        return Some((format!("all {what} are there and verified"), Meaning::Good, About::Moment));
    }
    snapshot.chains.iter().find_map(|chain| {
        let was = before.chains.iter().find(|c| c.id == chain.id)?.state;
        if was == chain.state {
            return None;
        }
        let name = words::months(&chain.months, model.glyphs);
        let about = About::State(chain.id.clone(), chain.state);
        match chain.state {
            ChainState::Failed => {
                let class = chain.failure.as_ref().map_or("no cause known", |f| f.class.as_str());
                Some((format!("{name} failed: {class}"), Meaning::Bad, about))
            }
            ChainState::Silent => {
                let since = chain.silent_for.map_or_else(|| "a while".to_owned(), words::duration);
                Some((format!("{name} is silent: no heartbeat for {since}"), Meaning::Warning, about))
            }
            ChainState::Complete => Some((format!("{name} is complete"), Meaning::Good, about)),
            _ => None,
        }
    })
}

fn acted(model: &mut Model, action: &Action, result: Result<String, String>) {
    if let Some(at) = model.pending.iter().position(|a| a == action) {
        model.pending.remove(at);
    }
    match result {
        Ok(done) => {
            model.trouble = None;
            say_about(model, done, Meaning::Good, About::Action);
        }
        Err(why) => {
            let text = confirm::failed(model, action, &why);
            model.trouble = Some(text.clone());
            say_about(model, text, Meaning::Bad, About::Action);
        }
    }
}

fn take_log(model: &mut Model, path: PathBuf, result: Result<Tail, String>) {
    match result {
        Ok(tail) => {
            model.log.tail = Some(tail);
            model.log.error = None;
        }
        Err(why) => model.log.error = Some((path, why)),
    }
}

fn say(model: &mut Model, text: impl Into<String>, meaning: Meaning) {
    say_about(model, text, meaning, About::Moment);
}

fn say_about(model: &mut Model, text: impl Into<String>, meaning: Meaning, about: About) {
    model.notice = Some(Notice { text: text.into(), meaning, about, at: model.clock });
}

fn press(model: &mut Model, key: &KeyEvent) -> Vec<Effect> {
    let now = model.clock.steady_ms;
    let by_hand = model.haste.key(now);
    let settles = model.haste.settles(now);
    for (due, _) in &mut model.soon {
        *due = settles.max(*due);
    }
    if !by_hand && call_off(model, model.haste.since(now)) {
        say(model, "nothing was done: these keys came as those of a paste do", Meaning::Warning);
    }
    match model.overlay.take() {
        // The question stays; what answers it must be typed.
        Some(Overlay::Confirm(ask)) if !by_hand => {
            model.overlay = Some(Overlay::Confirm(ask));
            Vec::new()
        }
        Some(Overlay::Confirm(ask)) => answer(model, ask, key),
        Some(Overlay::Help(line)) => {
            page_key(model, Overlay::Help, line, key);
            Vec::new()
        }
        Some(Overlay::Errors(line)) => {
            page_key(model, Overlay::Errors, line, key);
            Vec::new()
        }
        Some(Overlay::Events(line)) => {
            page_key(model, Overlay::Events, line, key);
            Vec::new()
        }
        None => match keys::command_of(key, model.screen) {
            Some(command) if by_hand || command.only_shows() => self::command(model, command),
            _ => Vec::new(),
        },
    }
}

/// Keys while a question is asked: yes, no, or nothing (the question stays).
fn answer(model: &mut Model, ask: Ask, key: &KeyEvent) -> Vec<Effect> {
    if keys::is(key, if ask.typed { Command::TypedYes } else { Command::Yes }) {
        if model.clock.steady_ms.saturating_sub(ask.since) < WAIT {
            say(model, "too quick an answer to be meant: give it again", Meaning::Warning);
            model.overlay = Some(Overlay::Confirm(ask));
        } else {
            start(model, ask.actions);
        }
        return Vec::new();
    }
    if keys::is(key, Command::No) {
        say(model, "nothing was done", Meaning::Muted);
    } else {
        model.overlay = Some(Overlay::Confirm(ask));
    }
    Vec::new()
}

/// Keys while a page lies over the screen.
fn page_key(model: &mut Model, page: fn(usize) -> Overlay, line: usize, key: &KeyEvent) {
    let most = view::page_overflow(model, &page(0));
    let line = match keys::command_of(key, Screen::Months) {
        Some(Command::Up) => line.saturating_sub(1),
        Some(Command::Down) => line + 1,
        Some(Command::PageUp) => line.saturating_sub(10),
        Some(Command::PageDown) => line + 10,
        Some(Command::First) => 0,
        Some(Command::Last) => most,
        // Any other key closes it.
        _ => return,
    };
    model.overlay = Some(page(line.min(most)));
}

fn start(model: &mut Model, actions: Vec<Action>) {
    let Some(first) = actions.first() else { return };
    let text = match actions.len() {
        1 => confirm::under_way(model, first),
        n => words::actions::all_under_way(n as u64),
    };
    say(model, format!("{text} {}", model.glyphs.ellipsis), Meaning::Active);
    for action in actions {
        model.pending.push(action.clone());
        soon(model, Effect::Act(action));
    }
}

fn command(model: &mut Model, command: Command) -> Vec<Effect> {
    if let Err(why) = available(model, command) {
        say(model, why, Meaning::Warning);
        return Vec::new();
    }
    match command {
        Command::Act(kind) if kind.row().asks == Asks::Nothing => {
            let action = model.chain().map(|chain| kind.on(chain.id.clone()));
            start(model, action.into_iter().collect());
        }
        Command::Act(kind) => model.overlay = confirm::question(model, kind).map(Overlay::Confirm),
        Command::SubmitAll => model.overlay = confirm::submit_all(model).map(Overlay::Confirm),
        Command::Open => open(model),
        Command::Back => back(model),
        Command::AllLinks => model.jobs.all = !model.jobs.all,
        Command::OlderLog => choose_log(model, -1),
        Command::NewerLog => choose_log(model, 1),
        Command::Follow => scroll::toggle_follow(model),
        Command::PreviousMonth => move_chain(model, -1),
        Command::NextMonth => move_chain(model, 1),
        Command::Up => step(model, -1),
        Command::Down => step(model, 1),
        Command::PageUp => step(model, -scroll::page(model)),
        Command::PageDown => step(model, scroll::page(model)),
        Command::First => step(model, isize::MIN),
        Command::Last => step(model, isize::MAX),
        Command::Go(screen) => model.screen = screen,
        Command::NextScreen => turn(model, 1),
        Command::PreviousScreen => turn(model, Screen::ALL.len() - 1),
        Command::Errors => model.overlay = Some(Overlay::Errors(0)),
        Command::Events => model.overlay = Some(Overlay::Events(0)),
        Command::Help => model.overlay = Some(Overlay::Help(0)),
        Command::Redraw => return vec![Effect::Redraw],
        Command::Suspend => return vec![Effect::Suspend],
        Command::Quit => soon(model, Effect::Quit),
        Command::Yes | Command::TypedYes | Command::No => {}
    }
    Vec::new()
}

fn turn(model: &mut Model, by: usize) {
    let at = Screen::ALL.iter().position(|s| *s == model.screen).unwrap_or(0);
    model.screen = Screen::ALL.get((at + by) % Screen::ALL.len()).copied().unwrap_or_default();
}

/// Enter goes deeper: months, jobs of the month, log of the job.
fn open(model: &mut Model) {
    if model.screen == Screen::Months {
        model.screen = Screen::Jobs;
        model.jobs.all = false;
        model.jobs.row = None;
        return;
    }
    let chosen = model.job_rows().get(model.job_row()).map(|row| (row.chain.id.clone(), scroll::log_of(row)));
    if let Some((chain, log)) = chosen {
        select(model, chain);
        model.log.choose(log);
        model.screen = Screen::Log;
    }
}

fn back(model: &mut Model) {
    model.notice = None;
    model.screen = match model.screen {
        Screen::Log => Screen::Jobs,
        _ => Screen::Months,
    };
}

fn select(model: &mut Model, chain: crate::checkpoint::ChainId) {
    if model.selected.as_ref() != Some(&chain) {
        model.selected = Some(chain);
        model.log.choose(None);
    }
}

fn step(model: &mut Model, by: isize) {
    match model.screen {
        Screen::Months | Screen::Map => move_chain(model, by),
        Screen::Jobs => {
            let rows = model.job_rows();
            let at = scroll::stepped(model.job_row(), by, rows.len());
            let row = rows.get(at).map(|row| (row.chain.id.clone(), row.name()));
            if let Some((chain, name)) = row {
                select(model, chain.clone());
                model.jobs.row = Some((chain, name));
            }
        }
        Screen::Log => scroll::log_by(model, by),
    }
}

fn move_chain(model: &mut Model, by: isize) {
    let at = scroll::stepped(model.row(), by, model.chains().len());
    if let Some(id) = model.chains().get(at).map(|c| c.id.clone()) {
        select(model, id);
        model.jobs.row = None;
    }
}

fn choose_log(model: &mut Model, by: isize) {
    let Some(chain) = model.chain() else { return };
    let logs = logs_of(chain);
    let now = model.log_path().and_then(|p| logs.iter().position(|l| *l == p)).unwrap_or(0);
    let at = scroll::stepped(now, by, logs.len());
    // The newest is not held by name, so that the next job's log is followed too.
    let chosen = logs.get(at).filter(|_| at + 1 < logs.len()).map(|path| (*path).clone());
    if at == now {
        say(model, if by < 0 { "this is the oldest log" } else { "this is the newest log" }, Meaning::Muted);
    } else {
        model.log.choose(chosen);
    }
}
