//! The folder of a program, and what in it is not the program's own.

/// The names in a folder of a program that are not the program's own.
pub(super) const NOT_ITS_OWN: [&str; 2] = ["dmtcp", "semaphores"];
