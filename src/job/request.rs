//! From the campaign's spec to the engine's request.

use crate::campaign::spec::Spec;
use crate::checkpoint::ChainId;
use crate::engine::Request;

/// The chains of a spec with their months, in order.
#[must_use]
pub fn chains(_spec: &Spec) -> Vec<(ChainId, Vec<u8>)> {
    unimplemented!()
}

/// The request of the chain with these months. The sky view map goes with the chain of the campaign's first month.
#[must_use]
pub fn request(_spec: &Spec, _months: &[u8]) -> Request {
    unimplemented!()
}
