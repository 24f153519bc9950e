//! The scheduler's rules, without a process.
