//! The pure state machine that decides.
