//! What the kernel tells of a process in `/proc/NUMBER/stat`: `proc_pid_stat(5)`.

use std::io;

/// What is used of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessStat {
    /// `Z` of one that has ended and was not waited for.
    pub state: char,
    /// The number of its parent.
    pub parent: u32,
    /// The number of its session.
    pub session: i32,
    /// The number of its controlling terminal; 0 without.
    pub terminal: i64,
    /// Ticks that it and the children it has waited for have computed.
    pub ticks: u64,
    /// Ticks since the machine's start when it was started.
    pub started: u64,
}

impl ProcessStat {
    /// Of a process of this PID namespace, by its number or as `self`.
    ///
    /// # Errors
    /// When there is none, or the kernel tells it in a way that is not known.
    pub fn of(process: impl std::fmt::Display) -> io::Result<Self> {
        let path = format!("/proc/{process}/stat");
        // Names of programs need not be text.
        let text = String::from_utf8_lossy(&std::fs::read(&path)?).into_owned();
        let unknown =
            || io::Error::new(io::ErrorKind::InvalidData, format!("{path}: of a form that is not known"));
        Self::parse(&text).ok_or_else(unknown)
    }

    /// It has not ended.
    #[must_use]
    pub fn is_running(&self) -> bool {
        !matches!(self.state, 'Z' | 'X' | 'x')
    }

    fn parse(text: &str) -> Option<Self> {
        // The program's name, in parentheses, may hold anything, parentheses too.
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_ascii_whitespace().collect();
        // Numbered as in the manual, where the state is the third.
        let number = |of: usize| fields.get(of - 3)?.parse::<i64>().ok();
        let ticks = (14..=17).map(number).sum::<Option<i64>>()?;
        Some(Self {
            state: fields.first()?.chars().next()?,
            parent: number(4)?.try_into().ok()?,
            session: number(6)?.try_into().ok()?,
            terminal: number(7)?,
            ticks: u64::try_from(ticks).unwrap_or(0),
            started: number(22)?.try_into().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_blanks_does_not_confuse_the_reading() {
        let text = "42 (a) b (c)) S 7 42 41 34816 42 4194304 100 0 0 0 11 12 13 14 20 0 1 0 12345 1000 10";
        let stat =
            ProcessStat { state: 'S', parent: 7, session: 41, terminal: 34816, ticks: 50, started: 12345 };
        assert_eq!(ProcessStat::parse(text), Some(stat));
        for cut in ["42 (cut", "42 (cut) S 7", ""] {
            assert_eq!(ProcessStat::parse(cut), None, "{cut}");
        }
    }

    #[test]
    fn this_process_runs() {
        let (own, same) = (ProcessStat::of("self").unwrap(), ProcessStat::of(std::process::id()).unwrap());
        assert!(own.is_running() && own.started == same.started);
        assert!(ProcessStat::of(0).is_err());
    }
}
