//! Sums of radiation through SAGA's lumped atmosphere.

use super::ground::Cell;
use super::suns::Sun;

/// Length of a step, h.
const HOURS: f64 = 0.5;
/// Height of the flat twin, m.
const FLAT: f64 = 1.0;

/// Radiation of a month, kWh/m2.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Month {
    /// Of the sun, on the cell.
    pub direct: f64,
    /// Of all of the sky, at the cell's height.
    pub sky: f64,
    /// Of sun and sky, on level ground at the height of the sea, with nothing around.
    pub flat: f64,
}

/// Sums over the suns that stand above the plane horizon; `lit` says which of them shine on the cell.
pub(crate) fn sums(cell: &Cell, suns: &[Sun], lit: &[bool]) -> [Month; 12] {
    let mut months = [Month::default(); 12];
    for (sun, lit) in suns.iter().zip(lit) {
        let Some(month) = months.get_mut(sun.month) else { continue };
        let (beam, sky) = through(sun, cell.z);
        if *lit {
            month.direct += HOURS * beam * cell.cosine(sun);
        }
        month.sky += HOURS * sky;
        let (beam, sky) = through(sun, FLAT);
        month.flat += HOURS * (beam * sun.height.sin() + sky);
    }
    months
}

/// Direct radiation facing the sun and that of all of the sky, kW/m2, at a height of the ground, m.
fn through(sun: &Sun, z: f64) -> (f64, f64) {
    let pressure = 10_f64.powf(-5.4667e-5 * z);
    let left = 0.7_f64.powf(air_mass(sun.height) * pressure);
    // By the sun's height in radians, as SAGA does.
    (sun.outside * left, (sun.outside * (0.271 - 0.294 * left) * sun.height).max(0.0))
}

/// Air mass at the height of the sea (List 1968 below 30 degrees) for a sun's height, radians.
fn air_mass(height: f64) -> f64 {
    const TABLE: [f64; 32] = [
        2.00, 2.06, 2.12, 2.19, 2.27, 2.36, 2.45, 2.55, 2.65, 2.77, 2.90, 3.05, 3.21, 3.39, 3.59, 3.82, 4.07,
        4.37, 4.72, 5.12, 5.60, 6.18, 6.88, 7.77, 8.90, 10.39, 12.44, 15.36, 19.79, 26.96, 26.96, 26.96,
    ];
    let zenith = 30.0 - height.to_degrees();
    if zenith <= 0.0 {
        return 1.0 / height.sin();
    }
    let i = (zenith as usize).min(TABLE.len() - 2);
    TABLE[i] + (zenith - i as f64) * (TABLE[i + 1] - TABLE[i])
}
