//! A restore: the node and the program's files are compared with what the image asks for, then the files go back with it.

use super::Session;
use super::beside::{CLOSED, COPIES};
use super::resume::VerifiedImage;
use super::runner::Runner;
use crate::campaign::spec::Resolved;
use crate::checkpoint::{Image, UnfitNode, image};
use crate::foreign::closed::Bounds;
use crate::foreign::copies;
use crate::foreign::fitness::{Misfit, RestoreSite, Unfit, unfit};
use crate::job::failure::LinkFailure;
use crate::quantity::count;

/// So many files that were brought back are told by name.
const MOST_TOLD: usize = 20;

impl Session<'_> {
    /// Restores the program from a verified image.
    pub(super) fn restore(
        &self,
        runner: &mut Runner,
        resolved: &Resolved,
        image: &Image,
        verified: &VerifiedImage,
    ) -> Result<(), LinkFailure> {
        let VerifiedImage { held, beside } = verified;
        let folder = held.way();
        let here =
            RestoreSite::look(runner.criu).map_err(|e| LinkFailure::Internal(format!("this node: {e}")))?;
        let mut unfit = unfit(&beside.needs, &here, &folder.join(COPIES));
        unfit.extend(beside.closed.unfit(&folder.join(CLOSED), Bounds::default()));
        for told in unfit.iter().filter(|unfit| !unfit.refuses) {
            self.shell.log.say(&format!("{told}."));
        }
        let refused: Vec<Unfit> = unfit.into_iter().filter(|unfit| unfit.refuses).collect();
        if !refused.is_empty() {
            let what =
                format!("the program is not restored on {}: {}", self.shell.options.node, in_words(&refused));
            return Err(match of_the_node(&refused) {
                Some(of_node) => LinkFailure::Unfit(of_node, what),
                None => LinkFailure::Unable(what),
            });
        }
        image::unpack(held, image)?;
        let aside = self.shell.dir.programs().join(format!("{}-later", image.started));
        let brought_back = beside
            .closed
            .roll_back(&folder.join(CLOSED), &aside, Bounds::default())
            .and_then(|mut closed| {
                closed.extend(copies::roll_back(&beside.needs, &folder.join(COPIES))?);
                Ok(closed)
            })
            .map_err(|unfit| {
                LinkFailure::Unable(format!("the program is not restored: {}", in_words(&unfit)))
            })?;
        for back in brought_back.iter().take(MOST_TOLD) {
            self.shell.log.say(&format!("{}: {}.", back.path.display(), back.how));
        }
        if let Some(more @ 1..) = brought_back.len().checked_sub(MOST_TOLD) {
            self.shell.log.say(&format!("Likewise {}.", count(more as u64, "other file")));
        }
        runner
            .backend
            .restore(&resolved.program, &folder.join(image::FILES), beside.clocks)
            .map_err(|e| Self::unable(&e))
    }
}

/// What of the node does not fit, where nothing else stands in the way of another.
fn of_the_node(refused: &[Unfit]) -> Option<UnfitNode> {
    let processor = refused.iter().any(|unfit| unfit.kind == Misfit::Processor);
    let of_node = refused.iter().all(|unfit| unfit.kind.is_of_the_node());
    of_node.then_some(if processor { UnfitNode::Processor } else { UnfitNode::Other })
}

fn in_words(unfit: &[Unfit]) -> String {
    unfit.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
