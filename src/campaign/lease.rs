//! Which frontend may write the journal.
