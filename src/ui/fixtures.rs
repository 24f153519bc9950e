//! Models of made-up campaigns for the tests of the screens.

use std::path::PathBuf;

use jiff::tz::TimeZone;

use super::message::Message;
use super::model::Model;
use super::screens::map::Picture;
use super::shared::Clock;
use super::theme::{Depth, Theme};
use super::update::update;
pub(crate) use crate::campaign::fixtures::*;
use crate::campaign::snapshot::Snapshot;
use crate::checkpoint::Quicklook;
use crate::glyphs;

/// A picture: a slope, half of it not computed yet.
pub(crate) fn picture() -> Picture {
    let (width, height) = (60u32, 40u32);
    let values = (0..height)
        .flat_map(|y| {
            (0..width).map(move |x| if y * 3 > x + 60 { f32::NAN } else { 120.0 + (3 * x + 4 * y) as f32 })
        })
        .collect();
    let look = Quicklook { layer: "total".to_owned(), unit: "W/m2".to_owned(), width, height, values };
    Picture {
        path: PathBuf::from("0003.quicklook"),
        look,
        range: Some((120.0, 430.0)),
        colours: (0..=255).map(|v| [v, v / 2, 255 - v]).collect(),
    }
}

/// A model in colour and Unicode that has just read `snapshot`.
pub(crate) fn model(snapshot: Snapshot, columns: u16, rows: u16) -> Model {
    model_in(Depth::Indexed, &glyphs::UNICODE, snapshot, columns, rows)
}

/// A model of any terminal.
pub(crate) fn model_in(
    depth: Depth,
    signs: &'static glyphs::Glyphs,
    snapshot: Snapshot,
    columns: u16,
    rows: u16,
) -> Model {
    let mut model = Model::new((columns, rows), Theme::new(depth), signs, TimeZone::UTC);
    update(&mut model, Message::Snapshot(Box::new(snapshot)), clock(0));
    model
}

/// So many seconds after [`NOW`].
pub(crate) fn clock(seconds: u64) -> Clock {
    Clock { steady_ms: seconds * 1_000, wall_ms: NOW + seconds as i64 * 1_000 }
}
