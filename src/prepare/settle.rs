//! What a campaign file leaves to the planner is settled, once for all, when its campaign begins.

use super::begun::spec_of;
use super::check::{self, examine};
use super::doubts::tell_doubts;
use super::{PrepareError, Tell, probe, seen};
use crate::campaign::spec::Loaded;
use crate::checkpoint::CampaignDir;
use crate::engine::CheckDepth;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    /// The months whose chains are meant.
    pub months: &'a [u8],
    /// A chain that a later program wrote to is refused before anything else is said: nothing else is a cure, least of all to
    /// begin anew.
    pub known: bool,
    /// Inputs that are not what sealed tiles were computed from are refused.
    pub unchanged: bool,
}

/// The campaign file with nothing left open, its inputs found fit: what a campaign is begun or gone on with. The inputs are
/// looked at once; the engine is opened once, and only where a measurement or its memory must tell what was left open.
///
/// # Errors
/// All that is wrong with the inputs and the place of the output.
pub fn settle(mut loaded: Loaded, order: &Order<'_>, tell: Tell<'_>) -> Result<Loaded, PrepareError> {
    let _step = tracing::debug_span!("settle", file = %loaded.file.display()).entered();
    let begun = spec_of(&loaded.spec.output).ok();
    if let Some(begun) = &begun {
        loaded.spec = loaded.spec.settled_as(begun);
    }
    let open = begun.is_none() && loaded.spec.leaves_open();
    if order.known {
        check::ensure_known(&loaded.spec, order.months)?;
    }
    if order.unchanged {
        check::ensure_unchanged(&loaded.spec, order.months)?;
    }
    // What is settled holds for all chains.
    let months = if open { loaded.spec.months.clone() } else { order.months.to_vec() };
    let look = CheckDepth::Remembered(&seen::of(&loaded.spec.output));
    let examined = examine(&loaded, &months, look, tell)?;
    tell_doubts(&loaded, &examined.of_months(&loaded.spec, order.months), tell);
    if let (true, Some(engine)) = (open, &examined.engine) {
        loaded.spec = probe::settled(&loaded.spec, engine)?;
    }
    Ok(loaded)
}

/// A campaign file whose campaign was begun: what it leaves to the planner is what was settled then. Where that is lost it is
/// settled as for a new campaign; where there is no campaign it stays open.
///
/// # Errors
/// As [`settle()`], where what was settled is lost.
pub fn as_begun(mut loaded: Loaded, tell: Tell<'_>) -> Result<Loaded, PrepareError> {
    let output = loaded.spec.output.clone();
    if let Ok(begun) = spec_of(&output) {
        loaded.spec = loaded.spec.settled_as(&begun);
    } else if loaded.spec.leaves_open() && CampaignDir::new(&output).identity().exists() {
        let months = loaded.spec.months.clone();
        return settle(loaded, &Order { months: &months, known: false, unchanged: false }, tell);
    }
    Ok(loaded)
}
