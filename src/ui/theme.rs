//! What each colour means. No other file of the screens names a colour of text.

use ratatui::style::{Color, Modifier, Style};

/// Why a piece of text looks as it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Ordinary text.
    Base,
    /// What explains or repeats: labels, units, what can wait.
    Muted,
    /// Names of screens and panels.
    Title,
    /// A key that can be pressed.
    Key,
    /// Done and well.
    Good,
    /// Under way.
    Active,
    /// Wants attention, but nothing is lost.
    Warning,
    /// Failed: a person has to act.
    Bad,
    /// Lines around panels.
    Border,
}

/// How many colours the terminal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// None wanted or none there: attributes only.
    Mono,
    /// The 256 of the usual palette.
    Indexed,
    /// 24 bits.
    True,
}

impl Depth {
    /// From the environment: `NO_COLOR` (any non-empty value), `TERM`, `COLORTERM`.
    pub(crate) fn of_environment(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let term = lookup("TERM").unwrap_or_default();
        if lookup("NO_COLOR").is_some_and(|v| !v.is_empty()) || term == "dumb" || term.ends_with("-mono") {
            return Self::Mono;
        }
        let colours = lookup("COLORTERM").unwrap_or_default();
        if colours.contains("truecolor") || colours.contains("24bit") || term.ends_with("-direct") {
            Self::True
        } else {
            Self::Indexed
        }
    }
}

/// Turns meanings into styles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Theme {
    depth: Depth,
}

impl Theme {
    /// For a terminal of this depth.
    pub(crate) fn new(depth: Depth) -> Self {
        Self { depth }
    }

    /// Whether there are colours at all.
    pub(crate) fn has_colour(self) -> bool {
        self.depth != Depth::Mono
    }

    /// The style of a meaning. The colours are the terminal's own sixteen, so that they fit its background.
    pub(crate) fn style(self, meaning: Meaning) -> Style {
        let style = match meaning {
            Meaning::Base | Meaning::Active | Meaning::Good => Style::new(),
            Meaning::Muted | Meaning::Border => Style::new().add_modifier(Modifier::DIM),
            Meaning::Title | Meaning::Key | Meaning::Warning => Style::new().add_modifier(Modifier::BOLD),
            Meaning::Bad => Style::new().add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
        };
        if self.depth == Depth::Mono {
            return style;
        }
        match meaning {
            Meaning::Base => Style::new(),
            Meaning::Muted => Style::new().add_modifier(Modifier::DIM),
            Meaning::Border => Style::new().fg(Color::DarkGray),
            Meaning::Title => Style::new().add_modifier(Modifier::BOLD),
            Meaning::Key => Style::new().fg(Color::Cyan).add_modifier(Modifier::BOLD),
            Meaning::Good => Style::new().fg(Color::Green),
            Meaning::Active => Style::new().fg(Color::Cyan),
            Meaning::Warning => Style::new().fg(Color::Yellow),
            Meaning::Bad => Style::new().fg(Color::Red).add_modifier(Modifier::BOLD),
        }
    }

    /// What is put over the style of the selected row.
    pub(crate) fn selected() -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// The colour of a pixel; `None` on a terminal without colours.
    pub(crate) fn pixel(self, [r, g, b]: [u8; 3]) -> Option<Color> {
        match self.depth {
            Depth::Mono => None,
            Depth::True => Some(Color::Rgb(r, g, b)),
            Depth::Indexed => Some(Color::Indexed(indexed([r, g, b]))),
        }
    }
}

/// The nearest of the 216 colours of the cube (16..232) and of the 24 greys (232..256) of the usual palette.
fn indexed(rgb: [u8; 3]) -> u8 {
    const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let nearest = |v: u8| {
        (0u8..6).min_by_key(|&i| LEVELS.get(usize::from(i)).map_or(255, |l| l.abs_diff(v))).unwrap_or(0)
    };
    let level = |i: u8| LEVELS.get(usize::from(i)).copied().unwrap_or(255);
    let distance =
        |other: [u8; 3]| -> u32 { rgb.iter().zip(other).map(|(a, b)| u32::from(a.abs_diff(b)).pow(2)).sum() };
    let [r, g, b] = rgb.map(nearest);
    let mean = (u16::from(rgb[0]) + u16::from(rgb[1]) + u16::from(rgb[2])) / 3;
    let grey = (mean.saturating_sub(3) / 10).min(23) as u8;
    let shade = 8 + 10 * grey;
    if distance([shade; 3]) < distance([level(r), level(g), level(b)]) {
        232 + grey
    } else {
        16 + 36 * r + 6 * g + b
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn depth(vars: &[(&str, &str)]) -> Depth {
        Depth::of_environment(|name| vars.iter().find(|v| v.0 == name).map(|v| v.1.to_owned()))
    }

    #[test]
    fn no_color_wins_over_everything() {
        assert_eq!(depth(&[("NO_COLOR", "1"), ("COLORTERM", "truecolor")]), Depth::Mono);
        assert_eq!(depth(&[("NO_COLOR", ""), ("COLORTERM", "truecolor")]), Depth::True);
        assert_eq!(depth(&[("TERM", "xterm-256color")]), Depth::Indexed);
        assert_eq!(depth(&[("TERM", "dumb")]), Depth::Mono);
    }

    #[test]
    fn the_nearest_indexed_colour_is_found() {
        assert_eq!(indexed([0, 0, 0]), 16);
        assert_eq!(indexed([255, 255, 255]), 231);
        assert_eq!(indexed([255, 0, 0]), 196);
        assert_eq!(indexed([128, 128, 128]), 244);
    }

    #[test]
    fn without_colours_no_style_names_one() {
        let theme = Theme::new(Depth::Mono);
        for meaning in
            [Meaning::Base, Meaning::Key, Meaning::Good, Meaning::Active, Meaning::Warning, Meaning::Bad]
        {
            let style = theme.style(meaning);
            assert_eq!((style.fg, style.bg), (None, None), "{meaning:?}");
        }
        assert_eq!(theme.pixel([1, 2, 3]), None);
    }
}
