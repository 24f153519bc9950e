//! How far around a tile the terrain counts.

use super::layers::{self, LayerSource};
use super::model::{Shadow, SkyView};
use super::request::MapRequest;
use super::sky_view;

/// Cells of this edge, m, around a tile that its pixels can see.
pub(super) fn halo(request: &MapRequest, cell: f64) -> usize {
    let model = &request.model;
    let sunny = || layers::of(request).iter().any(|(_, source)| *source != LayerSource::SkyView);
    let own = model.shadow == Shadow::Horizon
        || model.sky_view == SkyView::Horizon
        || !request.months.is_empty() && sunny();
    let rays = if own { model.horizon_distance } else { 0.0 };
    let sky = if model.sky_view == SkyView::Saga { sky_view::SAGA_DISTANCE } else { 0.0 };
    // One more for the second node of a crossing and for slopes.
    (rays.max(sky) / cell).ceil() as usize + 2
}
