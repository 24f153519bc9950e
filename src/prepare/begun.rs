//! The campaign that was begun, and the beginning of one.

use std::path::Path;

use super::PrepareError;
use crate::campaign::controller::Controller;
use crate::campaign::identity::Identity;
use crate::campaign::registry;
use crate::campaign::spec::{self, Loaded, Spec};
use crate::checkpoint::CampaignDir;
use crate::clusters::ClusterChoice;
use crate::durable::DurableError;

/// The frozen spec of the campaign in an output folder.
///
/// # Errors
/// When there is no campaign, or its files cannot be read.
pub fn spec_of(output: &Path) -> Result<Spec, DurableError> {
    let campaign = CampaignDir::new(output);
    let identity = Identity::read(&campaign)?;
    spec::frozen(&campaign, &identity.spec)
}

/// Hands a settled campaign to the controller, which makes it or goes on with it. Where there is no batch system no campaign is
/// begun: nothing is written then.
///
/// # Errors
/// When there is no batch system for a new campaign, when the output folder is another campaign's, or cannot be written.
pub fn begin(loaded: &Loaded, cluster: &ClusterChoice) -> Result<Controller, PrepareError> {
    let _step = tracing::debug_span!("begin", output = %loaded.spec.output.display()).entered();
    if !CampaignDir::new(&loaded.spec.output).identity().exists() {
        cluster.find(registry::state_folder().as_deref()).map_err(|e| PrepareError::NoBatch(e.into()))?;
    }
    Ok(Controller::create(loaded, cluster)?)
}
