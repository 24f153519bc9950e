//! Every sign that is not a letter, with its ASCII fallback. No other file names one.

use ratatui::symbols::border::{ROUNDED, Set};

/// The signs of one kind of terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Glyphs {
    /// Whether more than ASCII may be drawn.
    pub(crate) unicode: bool,
    /// Before the selected row.
    pub(crate) pointer: &'static str,
    /// Between facts on a line.
    pub(crate) dot: &'static str,
    /// A hop to another node.
    pub(crate) hop: &'static str,
    /// Cut text ends with it.
    pub(crate) ellipsis: &'static str,
    /// A range, as in `Jun–Jul`.
    pub(crate) range: &'static str,
    /// Signs of the states: planned, unknown, waiting, running, between, silent, failed, stopped, complete.
    pub(crate) states: [&'static str; 9],
    /// A progress bar's steps from empty to full.
    pub(crate) bar: &'static [&'static str],
    /// The bar's empty part.
    pub(crate) bar_empty: &'static str,
    /// A horizontal line.
    pub(crate) line: &'static str,
    /// A vertical line.
    pub(crate) wall: &'static str,
    /// Two pixels in one cell: the upper in the foreground's colour, the lower in the background's.
    pub(crate) half: Option<&'static str>,
    /// The lower half of a cell in the foreground's colour, where the upper half has none.
    pub(crate) lower_half: Option<&'static str>,
    /// Cells of a picture without colours, dark to bright.
    pub(crate) ramp: &'static [&'static str],
    /// A pixel that is not computed yet.
    pub(crate) unknown: &'static str,
    /// The key Enter.
    pub(crate) enter: &'static str,
    /// The keys up and down.
    pub(crate) up_down: &'static str,
    /// The keys left and right.
    pub(crate) left_right: &'static str,
}

impl Glyphs {
    /// The lines around a window.
    pub(crate) fn border(&self) -> Set<'static> {
        if self.unicode {
            return ROUNDED;
        }
        Set {
            top_left: "+",
            top_right: "+",
            bottom_left: "+",
            bottom_right: "+",
            vertical_left: self.wall,
            vertical_right: self.wall,
            horizontal_top: self.line,
            horizontal_bottom: self.line,
        }
    }
}

/// For UTF-8 terminals.
pub(crate) static UNICODE: Glyphs = Glyphs {
    unicode: true,
    pointer: "▸",
    dot: "·",
    hop: "↷",
    ellipsis: "…",
    range: "–",
    states: ["○", "?", "◌", "●", "◐", "‖", "✗", "■", "✓"],
    bar: &["▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"],
    bar_empty: "░",
    line: "─",
    wall: "│",
    half: Some("▀"),
    lower_half: Some("▄"),
    ramp: &[" ", "░", "▒", "▓", "█"],
    unknown: "·",
    enter: "⏎",
    up_down: "↑↓",
    left_right: "←→",
};

/// For all others.
pub(crate) static ASCII: Glyphs = Glyphs {
    unicode: false,
    pointer: ">",
    dot: "-",
    hop: "^",
    ellipsis: "~",
    range: "-",
    states: ["o", "?", ".", "*", "%", "|", "X", "#", "+"],
    bar: &["#"],
    bar_empty: ".",
    line: "-",
    wall: "|",
    half: None,
    lower_half: None,
    ramp: &[" ", ".", ":", "-", "=", "+", "*", "#", "%", "@"],
    unknown: "'",
    enter: "Enter",
    up_down: "up/down",
    left_right: "left/right",
};

/// The terminal's signs, from the environment: `ALPSCKPT_ASCII`, else the locale's character set.
pub(crate) fn of_environment(lookup: impl Fn(&str) -> Option<String>) -> &'static Glyphs {
    let set = |name: &str| lookup(name).filter(|v| !v.is_empty());
    if set("ALPSCKPT_ASCII").is_some() {
        return &ASCII;
    }
    let locale =
        ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set).unwrap_or_default().to_ascii_lowercase();
    if locale.contains("utf-8") || locale.contains("utf8") { &UNICODE } else { &ASCII }
}

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_width::UnicodeWidthStr;

    fn choose(vars: &[(&str, &str)]) -> &'static Glyphs {
        of_environment(|name| vars.iter().find(|v| v.0 == name).map(|v| v.1.to_owned()))
    }

    #[test]
    fn the_locale_chooses_and_the_variable_overrides() {
        assert_eq!(choose(&[("LANG", "de_CH.UTF-8")]), &UNICODE);
        assert_eq!(choose(&[("LANG", "de_CH.UTF-8"), ("LC_ALL", "C")]), &ASCII);
        assert_eq!(choose(&[("LC_CTYPE", "C.utf8")]), &UNICODE);
        assert_eq!(choose(&[("LANG", "de_CH.UTF-8"), ("ALPSCKPT_ASCII", "1")]), &ASCII);
        assert_eq!(choose(&[]), &ASCII);
    }

    #[test]
    fn signs_are_one_column_wide_and_the_fallback_is_ascii() {
        for g in [&UNICODE, &ASCII] {
            let signs =
                [g.pointer, g.dot, g.hop, g.ellipsis, g.range, g.line, g.wall, g.unknown, g.bar_empty];
            for sign in
                signs.iter().chain(&g.states).chain(g.bar).chain(g.ramp).chain(&g.half).chain(&g.lower_half)
            {
                assert_eq!(sign.width(), 1, "{sign}");
                assert!(g.unicode || sign.is_ascii(), "{sign}");
            }
            assert!(g.unicode || [g.enter, g.up_down, g.left_right].iter().all(|s| s.is_ascii()));
        }
    }
}
