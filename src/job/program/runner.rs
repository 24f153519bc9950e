//! What runs a program and dumps it: CRIU, DMTCP, or the program itself.

use super::Session;
use crate::campaign::spec::{Checkpoint, Resolved};
use crate::checkpoint::{Dumper, LinkNumber};
use crate::durable::atomic;
use crate::foreign::dmtcp::Dmtcp;
use crate::foreign::inside::{Supervised, SupervisorOptions};
use crate::foreign::plain::Plain;
use crate::foreign::{Backend, Trouble, TroubleKind, dmtcp, kit};
use crate::job::failure::LinkFailure;

/// What runs the program, and dumps it.
pub(super) struct Runner {
    pub(super) backend: Box<dyn Backend>,
    pub(super) by: Dumper,
    pub(super) criu: (u32, u32, u32),
}

impl Session<'_> {
    /// What runs the program; `before`: what has dumped it.
    pub(super) fn runner(
        &self,
        resolved: &Resolved,
        started: LinkNumber,
        before: Option<Dumper>,
    ) -> Result<Runner, LinkFailure> {
        let by = match (before, &resolved.checkpoint) {
            (Some(before), _) => Some(before),
            (None, Checkpoint::Own { .. } | Checkpoint::None) => Some(Dumper::Program),
            (None, Checkpoint::Criu) => Some(Dumper::Criu),
            (None, Checkpoint::Dmtcp) => Some(Dumper::Dmtcp),
            (None, Checkpoint::Auto) => None,
        };
        let made = match by {
            Some(Dumper::Program) => {
                Ok(Runner { backend: Box::new(Plain::default()), by: Dumper::Program, criu: (0, 0, 0) })
            }
            Some(Dumper::Criu) => Self::with_criu(resolved),
            Some(Dumper::Dmtcp) => self.with_dmtcp(started),
            None => Self::with_criu(resolved).or_else(|no_criu| {
                self.with_dmtcp(started).map_err(|no_dmtcp| {
                    let what =
                        format!("nothing here can dump a program: {}; {}", no_criu.what, no_dmtcp.what);
                    Trouble::new(TroubleKind::Unavailable, what, no_criu.cure)
                })
            }),
        };
        made.map_err(|e| Self::unable(&e))
    }

    fn with_criu(resolved: &Resolved) -> Result<Runner, Trouble> {
        let found = kit::find(resolved.kit.as_deref())?;
        let criu = found.version;
        let backend = Box::new(Supervised::new(Some(found), SupervisorOptions::default()));
        Ok(Runner { backend, by: Dumper::Criu, criu })
    }

    fn with_dmtcp(&self, started: LinkNumber) -> Result<Runner, Trouble> {
        let tools = dmtcp::find(None)?;
        let folder = self.shell.dir.program(started).join("dmtcp");
        atomic::create_folder_within(&folder)
            .map_err(|e| Trouble::new(TroubleKind::Other, e.to_string(), ""))?;
        Ok(Runner { backend: Box::new(Dmtcp::new(tools, &folder)), by: Dumper::Dmtcp, criu: (0, 0, 0) })
    }

    /// A program that cannot be run, dumped or restored here.
    pub(super) fn unable(trouble: &Trouble) -> LinkFailure {
        match trouble.kind {
            TroubleKind::Other => LinkFailure::Program(127, trouble.to_string()),
            _ => LinkFailure::Unable(trouble.to_string()),
        }
    }
}
