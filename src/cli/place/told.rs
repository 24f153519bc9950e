//! Says which campaign is meant, and what its file or its folder has become.

use std::path::Path;

use super::begun;
use super::here::with_campaign;
use crate::campaign::controller::{self, Controller};
use crate::campaign::identity::Identity;
use crate::campaign::registry;
use crate::campaign::spec::{self, Loaded};
use crate::checkpoint::CampaignDir;
use crate::cli::{CliError, output};
use crate::quantity;
use crate::shell_words::word;

/// A campaign's name and folder, for messages.
pub(in crate::cli) fn name_of(output: &Path) -> String {
    match Identity::read(&CampaignDir::new(output)) {
        Ok(identity) => format!("\"{}\" in {}", quantity::one_line(&identity.name), output.display()),
        Err(_) => output.display().to_string(),
    }
}

/// Says which campaign was acted on.
pub(in crate::cli) fn say_where(controller: &Controller) -> Result<(), CliError> {
    output::say(format!(
        "Campaign \"{}\" in {}",
        quantity::one_line(&controller.spec().name),
        controller.campaign().output().display()
    ))
}

/// Puts a campaign at the head of the person's list. That is a convenience: the campaign is whole without it.
pub(in crate::cli) fn remember(output: &Path, name: &str) {
    if let Err(e) = registry::remember(output, name) {
        output::warning(format!(
            "{e}\n  → the campaign is not remembered as the one opened last: name it, as in `alpsckpt status {}`",
            word(output.as_os_str())
        ));
    }
}

/// Says so where a campaign is about to be begun in the place of one that is out of reach.
pub(in crate::cli) fn warn_of_gone(output: &Path) {
    if begun(output.to_path_buf()).is_err()
        && let Some(known) = registry::known(output)
    {
        output::warning(format!(
            "{}: the campaign \"{}\" was here on {}, and is not any more: another one is begun in its place; if its disk is only not \
             mounted, stop this one and mount it",
            output.display(),
            known.name,
            quantity::moment(known.opened_ms)
        ));
    }
}

/// An edited file is never passed over in silence.
pub(in crate::cli) fn tell_edits(loaded: &Loaded, file: &Path) {
    // What is wrong with the campaign is said by whoever opens it.
    let edits = controller::edits(loaded).unwrap_or_default();
    if edits.is_empty() {
        return;
    }
    output::warning(format!("{} was edited, and the campaign goes by what it said before:", file.display()));
    for edit in &edits {
        output::note(format!("  {edit}"));
    }
    // Told by who would take it: a command that is printed is not refused.
    let refused = Controller::open(&loaded.spec.output).and_then(|mut controller| controller.refusal(loaded));
    output::note(match refused {
        Ok(None) => {
            format!("  → `alpsckpt submit {}` takes it, for the next attempts", word(file.as_os_str()))
        }
        Ok(Some(e)) => {
            format!("  it cannot be taken so: {e}\n  → {}", with_campaign(&e.hint(), &loaded.spec.output))
        }
        Err(e) => format!(
            "  whether it can be taken is not known: {e}\n  → {}",
            with_campaign(&e.hint(), &loaded.spec.output)
        ),
    });
}

/// Tells what a campaign's file changed for its next attempts.
pub(in crate::cli) fn tell_taken(taken: &[spec::Changed]) {
    if !taken.is_empty() {
        output::note(
            "The campaign's file was edited; the next attempts go by it, jobs that were submitted do not:",
        );
        for field in taken {
            output::note(format!("  {field}"));
        }
    }
}
