//! Keys that no fingers typed: pastes, in brackets or not. They may move about and type, and never act.
//!
//! What acts is shown at once and done [`WAIT`] later, so that the rest of a burst can still call it off.

/// Keys that follow each other faster than this are of one burst, milliseconds. A key held down repeats more slowly.
const GAP: u64 = 30;
/// Longer bursts come from no fingers.
const FINGERS: usize = 8;
/// How long what acts waits, how near to a paste a key counts as pasted, and how long a question must have stood before an
/// answer can be meant, milliseconds.
pub(crate) const WAIT: u64 = 100;

/// How fast the keys come.
#[derive(Debug, Clone, Default)]
pub(crate) struct Haste {
    /// When the last key came.
    last: Option<u64>,
    /// When the first key of its burst came.
    began: u64,
    /// Keys of the burst.
    keys: usize,
    /// When the last paste ended.
    pasted: Option<u64>,
}

impl Haste {
    /// A key came, at a moment of the steady clock in milliseconds; whether it may be a person's.
    pub(crate) fn key(&mut self, at: u64) -> bool {
        if self.last.is_none_or(|last| at.saturating_sub(last) >= GAP) {
            (self.began, self.keys) = (at, 0);
        }
        self.last = Some(at);
        self.keys = self.keys.saturating_add(1);
        self.keys <= FINGERS && self.pasted.is_none_or(|pasted| at.saturating_sub(pasted) >= WAIT)
    }

    /// Whether no key came yet.
    pub(crate) fn is_new(&self) -> bool {
        self.last.is_none()
    }

    /// A paste ended.
    pub(crate) fn paste(&mut self, at: u64) {
        self.pasted = Some(at);
    }

    /// Until when what acts must wait at least: what belongs to a burst is known only at its end.
    pub(crate) fn settles(&self, at: u64) -> u64 {
        if self.keys > 1 { at + GAP } else { at }
    }

    /// From when on what was asked for belongs to the burst or paste that ends at a moment.
    pub(crate) fn since(&self, at: u64) -> u64 {
        if self.keys > FINGERS { self.began } else { at.saturating_sub(WAIT) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ninth_key_of_a_burst_is_no_persons() {
        let mut haste = Haste::default();
        assert!((0..8).all(|key| haste.key(1_000 + key * 5)));
        assert!(!haste.key(1_040) && !haste.key(1_050));
        assert!(haste.key(1_080), "a new one begins after a gap");
    }

    #[test]
    fn a_key_held_down_stays_a_persons() {
        let mut haste = Haste::default();
        assert!((0..100).all(|key| haste.key(key * 33)));
    }

    #[test]
    fn keys_just_after_a_paste_are_of_it() {
        let mut haste = Haste::default();
        haste.paste(500);
        assert!(!haste.key(520) && !haste.key(599));
        assert!(haste.key(700));
    }
}
