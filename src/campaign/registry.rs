//! The list of campaigns of this person (XDG state), and the one opened last.
