//! Where the diffuse light comes from: an even sky, the sky around the sun, and the terrain.

use super::super::model::DiffuseModel;

/// The least sine of the sun's height that the part around the sun is divided by: 1 degree, as pvlib's `haydavies` has it.
const LEAST_SINE: f64 = 0.017_45;

/// The diffuse radiation of a step by where it comes from, kW/m2.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in super::super) struct Sky {
    /// Of the evenly bright sky, on a level plane that sees all of it.
    pub isotropic: f64,
    /// From around the sun, on a plane facing it: to be added to the direct radiation, and shadowed with it.
    pub circumsolar: f64,
}

/// Splits the diffuse radiation on a level plane (kW/m2), given the direct and the extraterrestrial radiation on a plane
/// facing the sun (kW/m2, the latter positive) and the sine of the sun's height.
///
/// Hay and Davies 1980 (*Proceedings of the First Canadian Solar Radiation Data Workshop*, 59-72): the share of the sky's
/// light that comes from around the sun is the share of the beam that the air lets through. On a level plane both parts
/// sum to the diffuse radiation while the sun stands higher than 1 degree.
pub(in super::super) fn split(
    model: DiffuseModel,
    diffuse: f64,
    direct: f64,
    extraterrestrial: f64,
    sin_height: f64,
) -> Sky {
    match model {
        DiffuseModel::Isotropic => Sky { isotropic: diffuse, circumsolar: 0.0 },
        DiffuseModel::HayDavies => {
            let share = (direct / extraterrestrial).clamp(0.0, 1.0);
            let circumsolar = diffuse * share / sin_height.max(LEAST_SINE);
            Sky { isotropic: diffuse * (1.0 - share), circumsolar }
        }
    }
}

/// What the terrain around reflects onto a slope, in the unit of `level`: the direct and diffuse radiation on level
/// ground there, unshaded.
///
/// `sky_view` is the share of the sky in what the slope sees (Dozier and Frew 1990), so the rest is ground: below the
/// slope as well as beside it. Without terrain around it is (1 + cos S)/2, and what is reflected is the albedo times
/// (1 - cos S)/2 of `level`, as by Liu and Jordan 1963 (*Solar Energy* 7, 53-74) and in GRASS `r.sun`.
pub(in super::super) fn reflected(level: f64, sky_view: f64, albedo: f64) -> f64 {
    albedo * level * (1.0 - sky_view).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_even_sky_stays_as_it_is() {
        let sky = split(DiffuseModel::Isotropic, 0.1, 0.9, 1.4, 0.5);
        assert_eq!(sky, Sky { isotropic: 0.1, circumsolar: 0.0 });
    }

    #[test]
    fn both_parts_sum_to_the_diffuse_radiation_on_level_ground() {
        for degree in 2..=90 {
            let sine = f64::from(degree).to_radians().sin();
            for direct in [0.0, 0.3, 1.0, 1.4] {
                let sky = split(DiffuseModel::HayDavies, 0.1, direct, 1.4, sine);
                assert!((sky.isotropic + sky.circumsolar * sine - 0.1).abs() < 1e-15, "{degree} {direct}");
            }
        }
    }

    #[test]
    fn the_setting_sun_is_not_divided_by_nothing() {
        let sky = split(DiffuseModel::HayDavies, 0.01, 0.2, 1.4, 0.0);
        assert!(sky.circumsolar < 0.1 && sky.isotropic > 0.0, "{sky:?}");
    }

    #[test]
    fn a_slope_in_the_open_gets_what_the_classical_formula_gives() {
        let slope = 30_f64.to_radians();
        let open = f64::midpoint(1.0, slope.cos());
        let classical = 0.2 * 5.0 * (1.0 - slope.cos()) / 2.0;
        assert!((reflected(5.0, open, 0.2) - classical).abs() < 1e-15);
        assert!(reflected(5.0, 1.0, 0.2).abs() < f64::EPSILON && reflected(5.0, 1.000_001, 0.2) >= 0.0);
        // A pit without sky that is all snow is as bright as level ground.
        assert!((reflected(5.0, 0.0, 1.0) - 5.0).abs() < f64::EPSILON);
    }
}
