//! Colour scales as small tables, linear between their stops.

/// A colour scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Palette {
    /// Dark to bright yellow: radiation (perceptually uniform).
    Inferno,
    /// Blue to red: temperature.
    Thermal,
    /// Green lowland to white summits: height.
    Terrain,
    /// Black to white.
    Grey,
}

/// Every 32nd colour of matplotlib's inferno (CC0), by S. van der Walt and N. Smith.
const INFERNO: [[u8; 3]; 9] = [
    [0, 0, 4],
    [31, 12, 72],
    [85, 15, 109],
    [136, 34, 106],
    [186, 54, 85],
    [227, 89, 51],
    [249, 140, 10],
    [249, 201, 50],
    [252, 255, 164],
];

/// `ColorBrewer`'s `RdYlBu` with 9 classes, reversed (Apache 2.0), by C. Brewer: told apart by colour-blind people.
const THERMAL: [[u8; 3]; 9] = [
    [69, 117, 180],
    [116, 173, 209],
    [171, 217, 233],
    [224, 243, 248],
    [255, 255, 191],
    [254, 224, 144],
    [253, 174, 97],
    [244, 109, 67],
    [215, 48, 39],
];

/// Meadow, forest, pasture, scree, rock, snow.
const TERRAIN: [[u8; 3]; 6] =
    [[105, 150, 90], [70, 120, 75], [165, 170, 105], [160, 140, 115], [190, 185, 180], [250, 250, 252]];

const GREY: [[u8; 3]; 2] = [[0, 0, 0], [255, 255, 255]];

impl Palette {
    /// The palette for a layer's name: `lst_…` thermal, `svf` grey, else radiation.
    #[must_use]
    pub fn for_layer(name: &str) -> Self {
        match name {
            "svf" => Self::Grey,
            "dem" => Self::Terrain,
            _ if name.starts_with("lst_") => Self::Thermal,
            _ => Self::Inferno,
        }
    }

    /// Red, green, blue of a value between `low` and `high`, the end colours beyond them; `None` for NaN.
    #[must_use]
    pub fn colour(self, value: f32, low: f32, high: f32) -> Option<[u8; 3]> {
        if value.is_nan() {
            return None;
        }
        let span = high - low;
        // All values equal: the middle.
        let part = if span > 0.0 { ((value - low) / span).clamp(0.0, 1.0) } else { 0.5 };
        let stops = self.stops();
        let place = part * (stops.len() - 1) as f32;
        let first = (place as usize).min(stops.len() - 2);
        let t = place - first as f32;
        let channel = |c: usize| {
            let [a, b] = [stops[first][c], stops[first + 1][c]].map(f32::from);
            (a + t * (b - a)).round() as u8
        };
        Some([channel(0), channel(1), channel(2)])
    }

    fn stops(self) -> &'static [[u8; 3]] {
        match self {
            Self::Inferno => &INFERNO,
            Self::Thermal => &THERMAL,
            Self::Terrain => &TERRAIN,
            Self::Grey => &GREY,
        }
    }
}
