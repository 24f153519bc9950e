//! Where the parts of the screen lie, and the lines around its body.

use ratatui::layout::Rect;
use ratatui::text::Line;

use super::model::Model;
use super::pen::Pen;
use super::{bar, header};

/// Where the parts of the screen lie.
pub(crate) struct Areas {
    pub(crate) header: Rect,
    pub(crate) tabs: Rect,
    pub(crate) banner: Rect,
    pub(crate) body: Rect,
    pub(crate) notice: Rect,
    pub(crate) bar: Rect,
}

/// The parts of a screen, from the number of lines that each needs.
fn areas(model: &Model, header: usize, banner: usize, notice: usize, bar: usize) -> Areas {
    let (width, height) = model.shared.size;
    let mut top = 0;
    let mut take = |rows: usize| {
        let rows = u16::try_from(rows).unwrap_or(u16::MAX).min(height - top);
        let area = Rect::new(0, top, width, rows);
        top += rows;
        area
    };
    let (header_area, tabs) = (take(header), take(1));
    let banner_area = take(banner);
    let used = header + 1 + banner + notice + bar;
    let body = take(usize::from(height).saturating_sub(used));
    Areas { header: header_area, tabs, banner: banner_area, body, notice: take(notice), bar: take(bar) }
}

/// All lines around the body, and where they go.
pub(crate) struct ScreenParts {
    pub(crate) header: Vec<Line<'static>>,
    pub(crate) banner: Vec<Line<'static>>,
    pub(crate) notice: Vec<Line<'static>>,
    pub(crate) bar: Vec<Line<'static>>,
    pub(crate) areas: Areas,
}

/// What stands around the body.
pub(crate) fn surroundings(model: &Model) -> ScreenParts {
    let pen = Pen::of(&model.shared);
    let header = header::lines(&model.shared, pen);
    let banner = header::banners(&model.shared, pen);
    let notice = bar::notice(model, pen);
    let bar = bar::lines(model, pen);
    let areas = areas(model, header.len(), banner.len(), notice.len(), bar.len());
    ScreenParts { header, banner, notice, bar, areas }
}

/// Where the body lies.
pub(crate) fn body(model: &Model) -> Rect {
    surroundings(model).areas.body
}
