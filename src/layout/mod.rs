//! Where the files of a campaign lie, and what its chains, links and generations are called. It opens none of them.

mod campaign;
mod chain;
mod ids;

pub use campaign::CampaignDir;
pub use chain::ChainDir;
pub use ids::{ChainId, GenerationNumber, LinkNumber};
