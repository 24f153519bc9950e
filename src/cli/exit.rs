//! The exit codes of commands, which scripts read; `docs/commands.md` lists them.

/// The command line is wrong, as the parser of arguments says it too.
pub(super) const USAGE: u8 = 2;
/// The campaign file or an input is unfit (`EX_DATAERR`).
pub(super) const INPUT: u8 = 65;
/// There is no such campaign, chain or link (`EX_NOINPUT`).
pub(super) const MISSING: u8 = 66;
/// The batch system does not answer or refuses (`EX_UNAVAILABLE`).
pub(super) const BATCH: u8 = 69;
/// A defect of the program (`EX_SOFTWARE`).
pub(super) const DEFECT: u8 = 70;
/// The disk is full (`EX_CANTCREAT`).
pub(super) const DISK_FULL: u8 = 73;
/// A file cannot be read or written (`EX_IOERR`).
pub(super) const OUTPUT: u8 = 74;
/// Another session holds the campaign, or the chain is not in a state for this (`EX_TEMPFAIL`).
pub(super) const NOT_NOW: u8 = 75;

/// What was computed belongs to another campaign file or to other inputs, or is a newer program's (`EX_PROTOCOL`).
pub(super) const FOREIGN: u8 = 76;
