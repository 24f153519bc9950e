//! What to do about inputs that were changed.

use crate::checkpoint::{Chain, ChainDir, ExitClass, LinkEnd, fence};
use crate::durable::{beneath, sealed};
use crate::shell_words::word;

/// What to do about a changed input. A chain that was complete is not submitted again.
#[must_use]
pub fn way_on(chain: &Chain, dir: &ChainDir) -> String {
    let anew = if was_complete(dir) {
        format!("alpsckpt run FILE --months {} --anew", months_of(&chain.months))
    } else {
        let output = dir.path().ancestors().nth(3).unwrap_or(dir.path());
        format!("alpsckpt resubmit {} --anew --campaign {}", chain.id, word(output.as_os_str()))
    };
    format!("put the file back as it was, or begin the chain anew from it: `{anew}`")
}

/// Months as an option takes them.
#[must_use]
pub fn months_of(months: &[u8]) -> String {
    months.iter().map(u8::to_string).collect::<Vec<_>>().join(",")
}

/// The chain is complete, or a link completed it and its maps are not whole any more.
fn was_complete(dir: &ChainDir) -> bool {
    let by =
        |link| sealed::read::<LinkEnd>(&dir.link_end(link)).is_ok_and(|e| e.class == ExitClass::Complete);
    beneath::exists(&dir.complete()) || fence::all(dir).unwrap_or_default().into_iter().any(by)
}
