//! A row of cells of one month: its radiation, and the products made of it.

#![expect(clippy::inline_always, reason = "kernels are compiled as a whole for each class of processors")]

use super::super::coarse::ROW;
use super::super::radiation::{Flat, Radiation};
use super::super::request::Product;
use super::super::surface;

/// A row of cells of one month.
pub(super) struct MonthRow {
    direct: [f32; ROW],
    diffuse: [f32; ROW],
    direct_flat: [f32; ROW],
    diffuse_flat: [f32; ROW],
    /// What clouds leave.
    pub(super) clouds: [f32; ROW],
}

impl MonthRow {
    #[inline(always)]
    pub(super) fn new(radiation: &Radiation<'_>, from: usize, count: usize) -> Self {
        let mut row = Self {
            direct: [0.0; ROW],
            diffuse: [0.0; ROW],
            direct_flat: [0.0; ROW],
            diffuse_flat: [0.0; ROW],
            clouds: [1.0; ROW],
        };
        row.direct[..count].copy_from_slice(&radiation.direct[from..from + count]);
        row.diffuse[..count].copy_from_slice(&radiation.diffuse[from..from + count]);
        match radiation.flat {
            Flat::Same { direct, diffuse } => {
                row.direct_flat = [direct; ROW];
                row.diffuse_flat = [diffuse; ROW];
            }
            Flat::Cells { direct, diffuse } => {
                row.direct_flat[..count].copy_from_slice(&direct[from..from + count]);
                row.diffuse_flat[..count].copy_from_slice(&diffuse[from..from + count]);
            }
        }
        row
    }

    #[inline(always)]
    pub(super) fn product(&self, product: Product) -> [f32; ROW] {
        let mut values = [0.0; ROW];
        for (i, value) in values.iter_mut().enumerate() {
            let (total, flat) =
                (self.direct[i] + self.diffuse[i], self.direct_flat[i] + self.diffuse_flat[i]);
            *value = match product {
                Product::Direct => self.direct[i],
                Product::Diffuse => self.diffuse[i],
                Product::DirectFlat => self.direct_flat[i],
                Product::DiffuseFlat => self.diffuse_flat[i],
                Product::TotalFlat => flat,
                Product::Solar => total * self.clouds[i],
                Product::SolarFlat => flat * self.clouds[i],
                // The clouds' factor stands above and below.
                Product::Quotient => surface::quotient(total, flat),
                Product::Total | Product::SkyView | Product::Temperature => total,
            };
        }
        values
    }
}
