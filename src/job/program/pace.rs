//! How fast a program gets on.

/// A program that takes less of a core than this waits for something else: its CPU time tells nothing of its end.
const LEAST_CPU: f64 = 0.05;

/// How a program gets on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Since this job lets it run.
    pub(super) minutes: f64,
    /// CPU time that it took since its beginning, s, and of that in former jobs.
    pub(super) cpu: f64,
    pub(super) cpu_before: f64,
    /// What it has got done since its beginning, in its own unit, and of that in former jobs.
    pub(super) done: f64,
    pub(super) done_before: f64,
}

impl Pace {
    /// Seconds of CPU time in a minute.
    pub(super) fn of_cpu(&self) -> f64 {
        (self.cpu - self.cpu_before).max(0.0) / self.minutes
    }

    /// Units in a minute: by the CPU time that it took since its beginning, in other jobs too, and by how much of that it gets now. So
    /// a job that has just gone on has an end in sight at once, also on a node that is faster or fuller. What takes no CPU time of its
    /// own is reckoned by the clock of this job.
    pub(super) fn of_work(&self) -> Option<f64> {
        let works = self.of_cpu() >= LEAST_CPU * 60.0;
        let rate = if works {
            self.done / self.cpu * self.of_cpu()
        } else {
            (self.done - self.done_before) / self.minutes
        };
        Some(rate).filter(|rate| *rate > 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_follows_from_all_that_was_done_and_from_what_the_program_gets_now() {
        // 30 units in 600 s of CPU time; now two cores.
        let pace = Pace { minutes: 1.0, cpu: 600.0, cpu_before: 480.0, done: 30.0, done_before: 30.0 };
        assert_eq!(
            (pace.of_cpu(), pace.of_work()),
            (120.0, Some(6.0)),
            "before it has counted on in this job"
        );
        assert_eq!(Pace { done: 0.0, done_before: 0.0, ..pace }.of_work(), None, "it has not got on");
        // It waits for something else.
        let idle = Pace { minutes: 2.0, cpu: 481.0, done: 34.0, ..pace };
        assert_eq!(idle.of_work(), Some(2.0));
        assert_eq!(Pace { done: 30.0, ..idle }.of_work(), None);
        // Rolled back, it has done less than before, and has taken no time yet.
        assert_eq!(Pace { cpu: 0.0, done: 20.0, ..pace }.of_work(), None);
    }
}
