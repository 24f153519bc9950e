//! The first lines: whose campaign, which cluster, how fresh, and what everybody must know.

use ratatui::text::{Line, Span};

use crate::campaign::snapshot::{ChainState, Snapshot};
use crate::keys::{self, Command, Screen};
use crate::ui::pen::Pen;
use crate::ui::shared::Shared;
use crate::ui::text;
use crate::ui::theme::{Meaning, Theme};
use crate::words::{self, commands, notices, screens};

/// An answer older than this is called old.
const OLD_ANSWER: u64 = 30;

/// Name, cluster, and the notes about terrain, pace and time.
pub(crate) fn lines(shared: &Shared, pen: Pen) -> Vec<Line<'static>> {
    let columns = usize::from(shared.size.0);
    let mut left = vec![pen.span(Meaning::Key, " alpsckpt")];
    let Some(snapshot) = &shared.snapshot else { return vec![Line::from(left)] };
    left.push(Span::raw("  "));
    left.push(pen.span(Meaning::Title, snapshot.name.clone()));
    let mut lines = vec![pen.spread_from_left(Line::from(left), cluster(shared, snapshot, pen), columns)];
    let notes = notes(snapshot);
    if !notes.is_empty() {
        let joined = notes.join(&format!(" {} ", pen.glyphs.dot));
        lines.push(pen.line(Meaning::Warning, format!(" {joined}")));
    }
    lines
}

fn cluster(shared: &Shared, snapshot: &Snapshot, pen: Pen) -> Line<'static> {
    let name = pen.span(Meaning::Base, snapshot.cluster.name.clone());
    let fresh = match shared.answer_age() {
        _ if snapshot.cluster.error.is_some() => Some((Meaning::Bad, screens::no_answer().to_owned())),
        None => None,
        Some(age) if age > OLD_ANSWER => Some((Meaning::Warning, screens::answered(age))),
        Some(age) => Some((Meaning::Muted, screens::answered(age))),
    };
    let mut spans = vec![name];
    if let Some((meaning, said)) = fresh {
        spans.push(pen.span(Meaning::Muted, format!(" {} ", pen.glyphs.dot)));
        spans.push(pen.span(meaning, said));
    }
    spans.push(Span::raw(" "));
    Line::from(spans)
}

/// What makes this campaign other than a plain one.
fn notes(snapshot: &Snapshot) -> Vec<String> {
    let mut notes: Vec<String> = snapshot.terrain_note.iter().cloned().collect();
    notes.extend(snapshot.paced.as_ref().map(|pace| screens::paced(pace)));
    notes.extend(words::scale(snapshot.cluster.time_scale));
    notes
}

/// The screens and the sum of all months.
pub(crate) fn tabs(shared: &Shared, pen: Pen) -> Line<'static> {
    let mut left = Vec::new();
    for screen in Screen::ALL {
        let key = keys::shown(Command::Go(screen), pen.glyphs);
        let label = format!(" {key} {} ", commands::title(screen));
        let mut span = pen.span(if screen == shared.screen { Meaning::Title } else { Meaning::Muted }, label);
        if screen == shared.screen {
            span.style = span.style.patch(Theme::selected());
        }
        left.push(span);
        left.push(Span::raw(" "));
    }
    let right = shared.snapshot.as_ref().map_or_else(Line::default, |s| summary(s, pen));
    pen.spread_from_left(Line::from(left), right, usize::from(shared.size.0))
}

/// A count of months, in words.
type Told = fn(usize) -> String;

fn summary(snapshot: &Snapshot, pen: Pen) -> Line<'static> {
    let chains = &snapshot.chains;
    let months: usize = chains.iter().map(|c| c.months.len()).sum();
    let in_state =
        |state| -> usize { chains.iter().filter(|c| c.state == state).map(|c| c.months.len()).sum() };
    let done = in_state(ChainState::Complete);
    let mut spans = Vec::new();
    // First what must be seen: where room is short the rest is cut.
    let wrong: [(ChainState, Meaning, Told); 2] = [
        (ChainState::Failed, Meaning::Bad, screens::months_failed),
        (ChainState::Silent, Meaning::Warning, screens::months_silent),
    ];
    for (state, meaning, told) in wrong {
        let months = in_state(state);
        if months > 0 {
            spans.push(pen.span(meaning, told(months)));
            spans.push(pen.span(Meaning::Muted, format!(" {} ", pen.glyphs.dot)));
        }
    }
    spans.push(pen.span(Meaning::Base, screens::months_complete(done, months)));
    let (tiles, total) =
        chains.iter().fold((0u64, 0u64), |(t, n), c| (t.saturating_add(c.tiles), n.saturating_add(c.total)));
    if chains.iter().all(|c| c.total > 0)
        && let Some(percent) = words::percent(tiles, total)
    {
        spans.push(pen.span(Meaning::Muted, format!(" {} ", pen.glyphs.dot)));
        spans.push(pen.span(Meaning::Base, format!("{percent} %")));
    }
    spans.push(Span::raw(" "));
    Line::from(spans)
}

/// What everybody must know before reading on: errors, who else holds the campaign, where the maps are.
pub(crate) fn banners(shared: &Shared, pen: Pen) -> Vec<Line<'static>> {
    let Some(snapshot) = &shared.snapshot else {
        return shared.refresh_error.iter().flat_map(|e| banner(shared, pen, Meaning::Bad, e)).collect();
    };
    let mut lines = Vec::new();
    if let Some(error) = &shared.refresh_error {
        lines.extend(banner(shared, pen, Meaning::Bad, &notices::unreadable(error)));
    }
    if let Some(error) = &snapshot.cluster.error {
        let said = notices::mute(&snapshot.cluster, error, shared.answer_age());
        lines.extend(banner(shared, pen, Meaning::Bad, &said));
    }
    if let Some(why) = shared.read_only() {
        lines.extend(banner(shared, pen, Meaning::Warning, &notices::only_watched(why)));
    }
    if snapshot.complete {
        lines.extend(banner(shared, pen, Meaning::Good, &notices::complete(snapshot)));
    }
    lines
}

fn banner(shared: &Shared, pen: Pen, meaning: Meaning, said: &str) -> Vec<Line<'static>> {
    let columns = usize::from(shared.size.0).saturating_sub(4).max(1);
    let most = if shared.size.1 >= 20 { 3 } else { 2 };
    let mut sign = if meaning == Meaning::Good { words::sign(ChainState::Complete, pen.glyphs) } else { "!" };
    let mut lines = Vec::new();
    for text in pen.wrapped(meaning, said, columns, most) {
        let mut line = Line::from(vec![pen.span(meaning, format!(" {sign} "))]);
        line.spans.extend(text::cut_line(text, columns, pen.glyphs).spans);
        lines.push(line);
        sign = " ";
    }
    lines
}
