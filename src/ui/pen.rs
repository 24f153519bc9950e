//! What every drawing function needs: styles by meaning, signs, and lines put where they belong.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::glyphs::Glyphs;
use crate::keys::{self, Command};
use crate::ui::shared::Shared;
use crate::ui::text;
use crate::ui::theme::{Meaning, Theme};

/// Theme and signs of one drawing.
#[derive(Clone, Copy)]
pub(crate) struct Pen {
    pub(crate) theme: Theme,
    pub(crate) glyphs: &'static Glyphs,
}

/// Marks a row as the selected one, over the whole width.
pub(crate) fn mark_selected(line: &mut Line<'static>, room: usize) {
    let gap = room.saturating_sub(text::line_width(line));
    line.spans.push(Span::raw(" ".repeat(gap)));
    for span in &mut line.spans {
        span.style = span.style.patch(Theme::selected());
    }
}

impl Pen {
    /// Of the terminal.
    pub(crate) fn of(shared: &Shared) -> Self {
        Self { theme: shared.theme, glyphs: shared.glyphs }
    }

    /// The style of a meaning.
    pub(crate) fn style(self, meaning: Meaning) -> Style {
        self.theme.style(meaning)
    }

    /// Text with a meaning.
    pub(crate) fn span(self, meaning: Meaning, content: impl Into<String>) -> Span<'static> {
        Span::styled(text::clean(&content.into()), self.style(meaning))
    }

    /// A line in which the key of a command stands out.
    pub(crate) fn with_key(
        self,
        command: impl Into<Command>,
        line: impl Fn(&str) -> String,
    ) -> Line<'static> {
        let key = keys::shown(command, self.glyphs);
        // No text of ours has this character.
        let said = line("\0");
        let (before, after) = said.split_once('\0').unwrap_or((&said, ""));
        Line::from(vec![
            self.span(Meaning::Base, before),
            self.span(Meaning::Key, key),
            self.span(Meaning::Base, after),
        ])
    }

    /// A line of one meaning.
    pub(crate) fn line(self, meaning: Meaning, content: impl Into<String>) -> Line<'static> {
        Line::from(vec![self.span(meaning, content)])
    }

    /// Lines of one meaning, wrapped to `columns`, at most `most`, the first after `indent`.
    pub(crate) fn wrapped(
        self,
        meaning: Meaning,
        content: &str,
        columns: usize,
        most: usize,
    ) -> Vec<Line<'static>> {
        let mut lines = text::wrap(content, columns);
        if lines.len() > most {
            lines.truncate(most);
            if let Some(last) = lines.last_mut() {
                // The line was full: what follows it is shown as cut.
                *last = text::cut(&format!("{last}{}", " ".repeat(columns)), columns, self.glyphs);
                let kept = last.trim_end_matches(self.glyphs.ellipsis).trim_end().to_owned();
                *last = format!("{kept}{}", self.glyphs.ellipsis);
            }
        }
        lines.into_iter().map(|l| self.line(meaning, l)).collect()
    }

    /// `left … right` over `columns`; the right part is cut first, and left out when little of it would remain.
    pub(crate) fn spread_from_left(
        self,
        left: Line<'static>,
        right: Line<'static>,
        columns: usize,
    ) -> Line<'static> {
        let room = columns.saturating_sub(text::line_width(&left) + 2);
        let fits = text::line_width(&right) <= room;
        let right =
            if fits || room >= 16 { text::cut_line(right, room, self.glyphs) } else { Line::default() };
        self.spread(left, right, columns)
    }

    /// `left … right` over `columns`; the left part is cut first.
    pub(crate) fn spread(self, left: Line<'static>, right: Line<'static>, columns: usize) -> Line<'static> {
        let right = text::cut_line(right, columns, self.glyphs);
        let taken = text::line_width(&right);
        let room = if taken == 0 { columns } else { columns.saturating_sub(taken + 2) };
        let mut line = text::cut_line(left, room, self.glyphs);
        let gap = columns.saturating_sub(text::line_width(&line) + taken);
        line.spans.push(Span::raw(" ".repeat(gap)));
        line.spans.extend(right.spans);
        line
    }

    /// The title of a panel, drawn out to a rule.
    pub(crate) fn rule(self, title: &str, columns: usize) -> Line<'static> {
        let title = text::cut(title, columns.saturating_sub(6), self.glyphs);
        let taken = text::width(&title) + 4;
        Line::from(vec![
            self.span(Meaning::Border, format!("{0}{0} ", self.glyphs.line)),
            self.span(Meaning::Title, title),
            self.span(
                Meaning::Border,
                format!(" {}", self.glyphs.line.repeat(columns.saturating_sub(taken))),
            ),
        ])
    }

    /// Puts lines into an area, one a row; what does not fit is cut.
    pub(crate) fn put(self, frame: &mut Frame<'_>, area: Rect, lines: &[Line<'static>]) {
        let area = area.intersection(frame.area());
        for (row, line) in (area.y..area.bottom()).zip(lines) {
            let line = text::cut_line(line.clone(), usize::from(area.width), self.glyphs);
            frame.buffer_mut().set_line(area.x, row, &line, area.width);
        }
    }
}
