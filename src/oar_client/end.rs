//! How a job of OAR ended and whose doing it was, from its state, its exit status and the events that OAR wrote down.

use super::manner::UNCOUNTED;
use crate::batch::{By, End, Ending, GO_ON, How, JobState, Next};

/// An event of a job: its type and its text.
pub(super) type OarEvent = (String, String);

/// What is told of a job that bears on its end.
pub(super) struct ToldEnd<'a> {
    pub(super) state: &'a JobState,
    /// Its command's.
    pub(super) ending: Option<Ending>,
    pub(super) owner: &'a str,
    /// Seconds since 1970; 0: not told.
    pub(super) started: i64,
    /// Likewise.
    pub(super) stopped: i64,
    pub(super) message: &'a str,
    /// In their order.
    pub(super) events: &'a [OarEvent],
}

impl ToldEnd<'_> {
    /// How it ended; `None` while it has not.
    pub(super) fn end(&self) -> Option<End> {
        End::by_state(self.state, self.ending, || self.killed(), |ending| self.next(ending))
    }

    /// OAR resubmits an idempotent job by its exit code, if it ran for long enough.
    fn next(&self, ending: Ending) -> Next {
        if ending == Ending::Code(GO_ON) {
            Next::of_run(self.started, self.stopped, UNCOUNTED)
        } else {
            Next::Nothing
        }
    }

    /// State Error: killed, deleted or never started; the events tell which.
    fn killed(&self) -> End {
        let event = |kind: &str| self.events.iter().find(|(k, _)| k == kind).map(|(_, text)| text.as_str());
        if event("EXTERMINATE_JOB").is_some() {
            return End::killed(How::NodeDied, By::Site);
        }
        // The change of a walltime is recorded under the same type, upper or lower case.
        let over =
            |(kind, text): &OarEvent| kind == "WALLTIME" && !text.to_lowercase().contains("walltime changed");
        if self.events.iter().any(over) {
            return End::killed(How::Walltime, By::Site);
        }
        if let Some(text) = event("FRAG_JOB_REQUEST") {
            return End::killed(How::Deleted(text.to_owned()), self.requested_by(text));
        }
        let not_started = |kind: &str| matches!(kind, "WORKING_DIRECTORY" | "OUTPUT_FILES");
        if let Some((kind, text)) = self.events.iter().find(|(kind, _)| not_started(kind)) {
            return End::killed(How::NotStarted(format!("{text} ({kind})")), By::Site);
        }
        if let Some(signal @ Ending::Signal(_)) = self.ending {
            return End::killed(How::Command(signal), By::Unknown);
        }
        let words = [self.message, self.events.last().map_or("", |(_, text)| text)];
        let words = words.into_iter().find(|w| !w.is_empty()).unwrap_or_default();
        End::killed(How::Other(words.to_owned()), By::Site)
    }

    /// Who asked that it be deleted: "User alice requested to frag the job 7".
    fn requested_by(&self, text: &str) -> By {
        let name = text.split_whitespace().skip_while(|word| *word != "User").nth(1);
        match name {
            Some(name) if !self.owner.is_empty() && name == self.owner => By::User,
            Some("root" | "oar") => By::Administrator,
            Some(_) if !self.owner.is_empty() => By::Administrator,
            _ => By::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Row = (&'static str, &'static str);

    fn end(state: &JobState, ending: Option<Ending>, events: &[Row], ran: i64) -> Option<End> {
        let events: Vec<OarEvent> = events.iter().map(|(k, t)| ((*k).to_owned(), (*t).to_owned())).collect();
        let (started, stopped) = (1000, 1000 + ran);
        ToldEnd { state, ending, owner: "alice", started, stopped, message: "", events: &events }.end()
    }

    #[test]
    fn the_events_of_a_killed_job_tell_how_and_by_whom() {
        let by_root = ("FRAG_JOB_REQUEST", "User root requested to frag the job 10");
        let by_alice = ("FRAG_JOB_REQUEST", "User alice requested to frag the job 10");
        let by_bob = ("FRAG_JOB_REQUEST", "User bob requested to frag the job 10");
        let walltime = ("WALLTIME", "[sarko] Job [10] from 1 with 80; current time=99 (Elapsed)");
        let deleted = |(_, text): Row| How::Deleted(text.to_owned());
        let cases: [(&[Row], How, By); 9] = [
            (&[by_root, walltime, ("EXTERMINATE_JOB", "")], How::NodeDied, By::Site),
            (&[by_root, walltime], How::Walltime, By::Site),
            (&[("WALLTIME", "WALLTIME CHANGED"), by_root], deleted(by_root), By::Administrator),
            (&[by_alice], deleted(by_alice), By::User),
            (&[by_bob], deleted(by_bob), By::Administrator),
            (
                &[("OUTPUT_FILES", "cannot write")],
                How::NotStarted("cannot write (OUTPUT_FILES)".to_owned()),
                By::Site,
            ),
            (
                &[("WORKING_DIRECTORY", "none")],
                How::NotStarted("none (WORKING_DIRECTORY)".to_owned()),
                By::Site,
            ),
            (&[("CPUSET_ERROR", "bad cpuset")], How::Other("bad cpuset".to_owned()), By::Site),
            (&[], How::Other(String::new()), By::Site),
        ];
        for (events, how, by) in cases {
            let told = end(&JobState::Error, None, events, 500);
            assert_eq!(told, Some(End::killed(how, by)), "{events:?}");
        }
        let signal = Ending::Signal(9);
        let told = end(&JobState::Error, Some(signal), &[], 500).unwrap();
        assert_eq!((told.how, told.ending), (How::Command(signal), Some(signal)));
    }

    #[test]
    fn what_is_resubmitted_ran_for_longer_than_a_minute_and_asked_for_it() {
        let over = JobState::Terminated;
        let next = |code: u8, ran: i64| end(&over, Some(Ending::Code(code)), &[], ran).unwrap().next;
        assert_eq!(next(99, 61), Next::Successor);
        assert_eq!(next(99, 60), Next::TooShort { ran: 60, uncounted: 60 });
        assert_eq!((next(0, 500), next(98, 500)), (Next::Nothing, Next::Nothing));
        assert_eq!(end(&over, None, &[], 500), Some(End::untold()));
        for state in [JobState::Waiting, JobState::Running, JobState::Unknown("Dreaming".to_owned())] {
            assert_eq!(end(&state, None, &[], 0), None);
        }
    }
}
