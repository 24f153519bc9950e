//! What is known of a month, its links and its jobs, a fact each.

use crate::campaign::snapshot::{ChainView, JobView, LinkView};

spoken! { details:
    /// How far it is, with what is sealed, how fast it goes and what it does.
    fn progress(chain: &ChainView) -> String;
    /// Its newest link; `None` before the first.
    fn link(chain: &ChainView, now_ms: i64) -> Option<String>;
    /// Its newest good checkpoint; `None` before the first.
    fn checkpoint(chain: &ChainView, now_ms: i64) -> Option<String>;
    /// How often it was submitted, and by whom.
    fn submitted(chain: &ChainView) -> String;
    /// Its finished maps.
    fn maps(chain: &ChainView) -> String;
    /// Why it failed, in a line.
    fn failure(chain: &ChainView) -> String;
    /// What a link began with: a generation, its program, its inputs.
    fn began_with(link: &LinkView) -> String;
    /// A job with its number, and which it was made from.
    fn job_in_full(job: &JobView, now_ms: i64) -> String;
    /// The end of a link that was killed.
    fn killed() -> &'static str;
    /// A checkpoint that cannot be used.
    fn damaged(why: &str) -> String;
    /// How long ago, for narrow columns.
    fn ago(seconds: u64) -> String;
    /// Size and age of a checkpoint, for narrow columns.
    fn saved(bytes: u64, seconds: u64) -> String;
    /// A log among those of its month; `at` counts from 0.
    fn log_of(name: &str, at: Option<usize>, logs: usize) -> String;
    /// The jobs of a month, or of all.
    fn jobs_of(name: Option<&str>) -> String;
    /// The map of a month with how far it is.
    fn map_of(name: &str, percent: Option<u64>) -> String;
    /// The outputs of a month's program with how far it is.
    fn outputs_of(name: &str, percent: Option<u64>) -> String;
    /// Where the outputs are, or will be.
    fn outputs_in(folder: &str, are_there: bool) -> String;
}
