//! The vertical system of a file: in which unit its heights are, and which way they count (GeoKeys 4096 to 4099).

use super::file::TiffFile;
use super::keys::{Keys, USER_DEFINED};
use super::units;
use super::value_scale::{ValueScale, edit};
use crate::engine::Problem;

const VERTICAL_TYPE: u16 = 4096;
const VERTICAL_UNITS: u16 = 4099;

/// Systems of EPSG (version 10.076) in another unit than metres, with the code of their unit. All count upwards.
const IN_FEET: [(u16, u16); 9] = [
    (5702, 9003),
    (6360, 9003),
    (8052, 9003),
    (6130, 9002),
    (6131, 9002),
    (6132, 9002),
    (8050, 9002),
    (8228, 9002),
    (5754, 9095),
];

/// Where the codes of vertical systems lie that are in metres unless they stand above.
const IN_METRES: std::ops::RangeInclusive<u16> = 3855..=9999;

/// Systems of EPSG (version 10.076) that count downwards: depths.
const DEPTHS: [u16; 29] = [
    5336, 5612, 5614, 5706, 5715, 5734, 5739, 5789, 5831, 5861, 5862, 5863, 5864, 5865, 5866, 5867, 5873,
    6357, 6358, 6359, 7976, 8051, 8053, 8358, 8378, 8897, 9287, 9288, 9672,
];

/// What a file says of its heights in its GeoKeys.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Vertical {
    /// Nothing, which is metres.
    Unsaid,
    /// Metres of one of its units.
    Metres(f64),
    /// A unit of length with this code, which is not known.
    Unknown(u16),
    /// Depths below the system with this code.
    Depths(u16),
}

impl Vertical {
    pub(super) fn of(keys: &Keys) -> Self {
        Self::by_codes(keys.code(VERTICAL_TYPE), keys.code(VERTICAL_UNITS))
    }

    /// Metres of one unit of the heights of a file, whose band and horizontal system say this.
    pub(super) fn metres(
        self,
        source: &TiffFile,
        unit: Option<&str>,
        value_scale: ValueScale,
        epsg: u32,
    ) -> Result<f64, Problem> {
        let said = |aim: &str, unit: &str| edit(source, aim, &format!("-units {unit}"));
        let of_system = match self {
            Self::Unsaid => None,
            Self::Metres(metres) => Some(metres),
            Self::Unknown(code) => {
                let what = format!("has heights in the unit EPSG:{code}; known are metres and feet");
                let cure =
                    source.anew("if they are metres, say so", &format!("-a_srs EPSG:{epsg}"), "metres");
                return Err(source.problem(what, cure));
            }
            Self::Depths(code) => {
                let what = format!("has depths, positive downwards (EPSG:{code}), expected heights");
                let (scale, offset) = (-value_scale.scale, 0.0 - value_scale.offset);
                let options = format!("-a_scale {scale} -a_offset {offset} -a_srs EPSG:{epsg}");
                return Err(source.problem(what, source.anew("turn them round", &options, "heights")));
            }
        };
        let Some(unit) = unit else { return Ok(of_system.unwrap_or(1.0)) };
        let Some(of_band) = units::metres_of(unit) else {
            let what = format!("has values in {unit:?}, expected heights in metres or feet");
            return Err(source.problem(what, said("if they are metres, say so", "m")));
        };
        let Some(of_system) = of_system else {
            if !units::is_foot(of_band) {
                return Ok(of_band);
            }
            // gdalwarp turns feet into metres by the vertical system, drops the system, and keeps the unit: it proves nothing.
            let what = format!(
                "says of its heights {unit:?}, without a vertical system; gdalwarp leaves that on heights that it has turned \
                 into metres, too"
            );
            let system = if of_band > units::FOOT { 6360 } else { 8228 };
            let aim = format!(
                "look at the height of a known summit; where it is in feet, give the option -a_srs EPSG:{epsg}+{system} instead \
                 of -units m, where it is in metres, say so"
            );
            return Err(source.problem(what, said(&aim, "m")));
        };
        // An international and a US survey foot differ by two millionths.
        if (of_system / of_band - 1.0).abs() < 1e-5 {
            return Ok(of_system);
        }
        let (name, right) = if of_system > 0.9 { ("metres", "m") } else { ("feet", "ft") };
        let what = format!("has heights in {unit:?}, but in {name} by its vertical system");
        Err(source.problem(what, said("if the system is right, say so", right)))
    }

    fn by_codes(system: Option<u16>, unit: Option<u16>) -> Self {
        if let Some(system) = system.filter(|system| DEPTHS.contains(system)) {
            return Self::Depths(system);
        }
        // The system says more than its unit, which GDAL writes beside it.
        let of_system = system.and_then(|code| IN_FEET.iter().find(|(system, _)| *system == code));
        let in_metres = system.filter(|code| IN_METRES.contains(code)).map(|_| 9001);
        match of_system.map(|(_, unit)| *unit).or(unit).or(in_metres) {
            None | Some(USER_DEFINED) => Self::Unsaid,
            Some(code) => units::metres_of_code(code).map_or(Self::Unknown(code), Self::Metres),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_come_from_the_system_or_the_key_of_its_unit() {
        let feet = Vertical::Metres(0.3048);
        let us = Vertical::Metres(1200.0 / 3937.0);
        for (system, unit, expected) in [
            (None, None, Vertical::Unsaid),
            (Some(5703), None, Vertical::Metres(1.0)),
            (Some(20_000), None, Vertical::Unsaid),
            (Some(5703), Some(9001), Vertical::Metres(1.0)),
            (Some(6360), None, us),
            (Some(6360), Some(9003), us),
            (Some(8228), None, feet),
            (None, Some(9002), feet),
            (Some(USER_DEFINED), Some(9003), us),
            (None, Some(9014), Vertical::Unknown(9014)),
            (Some(5715), Some(9001), Vertical::Depths(5715)),
        ] {
            assert_eq!(Vertical::by_codes(system, unit), expected, "{system:?} {unit:?}");
        }
    }
}
