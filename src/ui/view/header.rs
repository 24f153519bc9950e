//! The first lines: whose campaign, which cluster, how fresh, and what everybody must know.

use ratatui::text::{Line, Span};

use super::pen::Pen;
use crate::campaign::snapshot::{ChainState, Snapshot};
use crate::checkpoint::CampaignDir;
use crate::keys::Screen;
use crate::ui::model::Model;
use crate::ui::text;
use crate::ui::theme::{Meaning, Theme};
use crate::words;

/// An answer older than this is called old.
const OLD_ANSWER: u64 = 30;

/// Name, cluster, and the notes about terrain, pace and time.
pub(super) fn lines(model: &Model, pen: Pen) -> Vec<Line<'static>> {
    let columns = usize::from(model.size.0);
    let mut left = vec![pen.span(Meaning::Key, " alpsckpt")];
    let Some(snapshot) = &model.snapshot else { return vec![Line::from(left)] };
    left.push(Span::raw("  "));
    left.push(pen.span(Meaning::Title, snapshot.name.clone()));
    let mut lines = vec![pen.spread_from_left(Line::from(left), cluster(model, snapshot, pen), columns)];
    let notes = notes(snapshot);
    if !notes.is_empty() {
        let joined = notes.join(&format!(" {} ", pen.glyphs.dot));
        lines.push(pen.line(Meaning::Warning, format!(" {joined}")));
    }
    lines
}

fn cluster(model: &Model, snapshot: &Snapshot, pen: Pen) -> Line<'static> {
    let name = pen.span(Meaning::Base, snapshot.cluster.name.clone());
    let fresh = match model.answer_age() {
        _ if snapshot.cluster.error.is_some() => Some((Meaning::Bad, "no answer".to_owned())),
        None => None,
        Some(age) if age > OLD_ANSWER => {
            Some((Meaning::Warning, format!("answered {} ago", words::duration(age))))
        }
        Some(age) => Some((Meaning::Muted, format!("answered {} ago", words::duration(age)))),
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
    notes.extend(snapshot.paced.as_ref().map(|pace| format!("paced {pace}")));
    notes.extend(words::scale(snapshot.cluster.time_scale));
    notes
}

/// The screens and the sum of all months.
pub(super) fn tabs(model: &Model, pen: Pen) -> Line<'static> {
    let mut left = Vec::new();
    for (number, screen) in (1..).zip(Screen::ALL) {
        let label = format!(" {number} {} ", words::commands::title(screen));
        let mut span = pen.span(if screen == model.screen { Meaning::Title } else { Meaning::Muted }, label);
        if screen == model.screen {
            span.style = span.style.patch(Theme::selected());
        }
        left.push(span);
        left.push(Span::raw(" "));
    }
    let right = model.snapshot.as_ref().map_or_else(Line::default, |s| summary(s, pen));
    pen.spread_from_left(Line::from(left), right, usize::from(model.size.0))
}

fn summary(snapshot: &Snapshot, pen: Pen) -> Line<'static> {
    let chains = &snapshot.chains;
    let months: usize = chains.iter().map(|c| c.months.len()).sum();
    let in_state =
        |state| -> usize { chains.iter().filter(|c| c.state == state).map(|c| c.months.len()).sum() };
    let done = in_state(ChainState::Complete);
    let mut spans = Vec::new();
    // First what must be seen: where room is short the rest is cut.
    let wrong =
        [(ChainState::Failed, Meaning::Bad, "failed"), (ChainState::Silent, Meaning::Warning, "silent")];
    for (state, meaning, word) in wrong {
        let months = in_state(state);
        if months > 0 {
            spans.push(pen.span(meaning, format!("{months} {word}")));
            spans.push(pen.span(Meaning::Muted, format!(" {} ", pen.glyphs.dot)));
        }
    }
    let all = words::count(months as u64, "month");
    spans.push(pen.span(Meaning::Base, format!("{done} of {all} complete")));
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
pub(super) fn banners(model: &Model, pen: Pen) -> Vec<Line<'static>> {
    let Some(snapshot) = &model.snapshot else {
        return model.refresh_error.iter().flat_map(|e| banner(model, pen, Meaning::Bad, e)).collect();
    };
    let mut lines = Vec::new();
    if let Some(error) = &model.refresh_error {
        lines.extend(banner(model, pen, Meaning::Bad, &format!("the campaign cannot be read: {error}")));
    }
    if let Some(error) = &snapshot.cluster.error {
        let known = match model.answer_age() {
            Some(age) => format!("shown is what it said {} ago", words::duration(age)),
            None => "it has not answered yet".to_owned(),
        };
        lines.extend(banner(
            model,
            pen,
            Meaning::Bad,
            &format!("{}: {error} ({known})", snapshot.cluster.name),
        ));
    }
    if let Some(why) = model.read_only() {
        let said = format!("read-only: {why}; here it can only be watched");
        lines.extend(banner(model, pen, Meaning::Warning, &said));
    }
    if snapshot.complete {
        let campaign = CampaignDir::new(&snapshot.output);
        let (maps, pictures) = (campaign.maps(), campaign.pictures());
        let said = if words::is_of_programs(&snapshot.chains) {
            format!("All outputs are there and verified, in {}", campaign.results().display())
        } else {
            format!(
                "All maps are there and verified: GeoTIFF files in {}, pictures in {}",
                maps.display(),
                pictures.display()
            )
        };
        lines.extend(banner(model, pen, Meaning::Good, &said));
    }
    lines
}

fn banner(model: &Model, pen: Pen, meaning: Meaning, said: &str) -> Vec<Line<'static>> {
    let columns = usize::from(model.size.0).saturating_sub(4).max(1);
    let most = if model.size.1 >= 20 { 3 } else { 2 };
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
