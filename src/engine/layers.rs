//! The maps of a request, in their fixed order.

use super::request::{MapRequest, Product};

/// One map of the request.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// Its name, also the file's without `.tif`: `lst_mean_m01`, `total_m07_flat`, `total_m07_2031-rcp85`.
    pub name: String,
    /// Its month; `None` for the sky view factor.
    pub month: Option<u8>,
    /// Its unit, as written into the file.
    pub unit: &'static str,
    /// What it is, in words, as written into the file.
    pub description: String,
    /// Values outside are impossible.
    pub range: (f32, f32),
    /// The steps in which it is stored as integers; `None`: always float32.
    pub steps: Option<FixedSteps>,
}

/// What it takes to fill a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LayerSource {
    /// The sky view factor.
    SkyView,
    /// A product of the n-th month of the request.
    Month(usize, Product),
    /// The n-th month's land-surface temperature with its m-th coarse temperature.
    Temperature(usize, usize),
}

/// The order of the products of a month.
const ORDER: [Product; 9] = [
    Product::Direct,
    Product::Diffuse,
    Product::Total,
    Product::Solar,
    Product::DirectFlat,
    Product::DiffuseFlat,
    Product::TotalFlat,
    Product::SolarFlat,
    Product::Quotient,
];

/// More than the sun outside the atmosphere gives in 31 days, kWh/m2.
const MOST_RADIATION: f32 = 1100.0;

/// Fixed steps, in which a layer is stored as integers of 16 bits: the value times [`FixedSteps::per_unit`], rounded.
///
/// The error is half a step at most. The steps reach over the layer's whole range, except the quotient's: what is
/// beyond 32.767 (a slope in the sun that level ground hardly sees) is stored as 32.767.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FixedSteps {
    /// Steps of one unit of the layer.
    pub per_unit: u16,
    /// Whether values may be negative: integers from -32767 instead of 0.
    pub signed: bool,
}

impl FixedSteps {
    /// Of a layer without negative values: 0 to 65534 steps.
    #[must_use]
    pub const fn unsigned(per_unit: u16) -> Self {
        Self { per_unit, signed: false }
    }

    /// Of any layer: -32767 to 32767 steps.
    #[must_use]
    pub const fn signed(per_unit: u16) -> Self {
        Self { per_unit, signed: true }
    }

    /// The power of two that is as many steps of one unit, or the next more: what rounded floats are multiples of.
    #[must_use]
    pub const fn finer(self) -> u32 {
        (self.per_unit as u32).next_power_of_two()
    }

    /// The integer that means "no data".
    #[must_use]
    pub const fn nodata(self) -> i32 {
        if self.signed { i16::MIN as i32 } else { u16::MAX as i32 }
    }

    /// The least and the largest number of steps.
    #[must_use]
    pub const fn reach(self) -> (i32, i32) {
        if self.signed { (-(i16::MAX as i32), i16::MAX as i32) } else { (0, u16::MAX as i32 - 1) }
    }
}

/// 0.00002: far below the error of the directions that the sky view factor is found in, 0.0007.
const SKY_VIEW: FixedSteps = FixedSteps::unsigned(50_000);
/// 0.02 kWh/m2, up to 1310.
const RADIATION: FixedSteps = FixedSteps::unsigned(50);
/// 0.0005, up to 32.767.
const QUOTIENT: FixedSteps = FixedSteps::unsigned(2_000);
/// 0.005 K, from -163.8 to 163.8 degC.
const TEMPERATURE: FixedSteps = FixedSteps::signed(200);

/// The maps of a request, in their fixed order. No file is opened.
#[must_use]
pub fn layers_of(request: &MapRequest) -> Vec<Layer> {
    of(request).into_iter().map(|(layer, _)| layer).collect()
}

/// The layer of this name, as the files of maps have it: `lst_mean_m01`.
#[must_use]
pub fn layer_named(name: &str) -> Option<Layer> {
    let of_month = || {
        let (at, month) = month_in(name)?;
        let (before, after) = (name.get(..at)?, name.get(at + MONTH..)?);
        let (flat, tag) = match after.strip_prefix(FLAT).filter(|tag| tag.is_empty() || tag.starts_with('_'))
        {
            Some(tag) => (FLAT, tag),
            None => ("", after),
        };
        // Nothing follows, or a tag does.
        let tag = if tag.is_empty() { "" } else { tag.strip_prefix('_').filter(|tag| !tag.is_empty())? };
        let when = When { month, tag };
        match before.strip_prefix("lst_") {
            Some(kind) if flat.is_empty() => Some(of_temperature(kind, when)),
            _ => ORDER.into_iter().map(|p| of_month(p, when)).find(|l| l.name == name),
        }
    };
    Some(sky_view()).filter(|l| l.name == name).or_else(of_month)
}

/// What ends the names of maps of level ground.
const FLAT: &str = "_flat";

/// The length of a month in a name: `_m01`.
const MONTH: usize = 4;

/// Where the last month stands in a name, and which: what is called by a person may look like one, too.
fn month_in(name: &str) -> Option<(usize, u8)> {
    let mut found = name.rmatch_indices("_m").filter_map(|(at, _)| {
        let ends = name.get(at + MONTH..).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'));
        let digits =
            name.get(at + 2..at + MONTH).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?;
        let month = digits.parse().ok().filter(|month| (1..=12).contains(month))?;
        ends.then_some((at, month))
    });
    found.next()
}

/// The month of a layer, and what tells it from the same month of another request: [`super::MapRequest::tag`].
#[derive(Debug, Clone, Copy)]
struct When<'a> {
    month: u8,
    tag: &'a str,
}

impl When<'_> {
    /// The end of the layer's name.
    fn suffix(self) -> String {
        if self.tag.is_empty() { String::new() } else { format!("_{}", self.tag) }
    }

    /// The end of its description.
    fn words(self) -> String {
        let of = if self.tag.is_empty() { String::new() } else { format!(", {}", self.tag) };
        format!("month {}{of}", self.month)
    }
}

/// The layers of a request: the sky view factor, then month by month the products asked for.
pub(super) fn of(request: &MapRequest) -> Vec<(Layer, LayerSource)> {
    let mut layers = Vec::new();
    if request.products.contains(&Product::SkyView) {
        layers.push((sky_view(), LayerSource::SkyView));
    }
    for (number, inputs) in request.months.iter().enumerate() {
        let when = When { month: inputs.month, tag: &request.tag };
        for product in ORDER.into_iter().filter(|product| request.products.contains(product)) {
            layers.push((of_month(product, when), LayerSource::Month(number, product)));
        }
        if request.products.contains(&Product::Temperature) {
            for (which, temperature) in inputs.temperatures.iter().enumerate() {
                let layer = of_temperature(&temperature.name, when);
                layers.push((layer, LayerSource::Temperature(number, which)));
            }
        }
    }
    layers
}

fn sky_view() -> Layer {
    Layer {
        name: "svf".into(),
        month: None,
        unit: "1",
        description: "Sky view factor on the slope".into(),
        range: (0.0, 1.000_01),
        steps: Some(SKY_VIEW),
    }
}

fn of_temperature(name: &str, when: When<'_>) -> Layer {
    Layer {
        name: format!("lst_{name}_m{:02}{}", when.month, when.suffix()),
        month: Some(when.month),
        unit: "degC",
        description: format!("Land-surface temperature ({name}), {}", when.words()),
        range: (-150.0, 120.0),
        steps: Some(TEMPERATURE),
    }
}

fn of_month(product: Product, when: When<'_>) -> Layer {
    let (name, what, flat) = match product {
        Product::Direct => ("direct", "Potential direct radiation", ""),
        Product::Diffuse => ("diffuse", "Potential diffuse radiation", ""),
        Product::Solar => ("solar", "Solar radiation under clouds", ""),
        Product::DirectFlat => ("direct", "Potential direct radiation", "_flat"),
        Product::DiffuseFlat => ("diffuse", "Potential diffuse radiation", "_flat"),
        Product::TotalFlat => ("total", "Potential total radiation", "_flat"),
        Product::SolarFlat => ("solar", "Solar radiation under clouds", "_flat"),
        Product::Quotient => ("quotient", "Radiation on the terrain over radiation on level ground", ""),
        Product::Total | Product::SkyView | Product::Temperature => {
            ("total", "Potential total radiation", "")
        }
    };
    let ratio = product == Product::Quotient;
    let level = if flat.is_empty() { "" } else { " on level ground 1 m above the sea" };
    Layer {
        name: format!("{name}_m{:02}{flat}{}", when.month, when.suffix()),
        month: Some(when.month),
        unit: if ratio { "1" } else { "kWh/m2" },
        description: format!("{what}{level}, {}", when.words()),
        range: (0.0, if ratio { 1000.0 } else { MOST_RADIATION }),
        steps: Some(if ratio { QUOTIENT } else { RADIATION }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JANUARY: When<'_> = When { month: 1, tag: "" };

    #[test]
    fn a_layer_is_found_by_its_name() {
        for tag in ["", "2031", "rcp85", "2031-rcp85", "mid", "2031-m03"] {
            let products = ORDER.map(|product| of_month(product, When { month: 7, tag }));
            let named = |kind| of_temperature(kind, When { month: 12, tag });
            for layer in
                products.into_iter().chain([sky_view(), named("mean"), named("max_m03"), named("a_m03_2031")])
            {
                assert_eq!(layer_named(&layer.name), Some(layer));
            }
        }
        for stranger in
            ["", "svf_m01", "total", "total_m13", "total_m01_", "total_m1", "lst_mean", "dem", "hut_m01"]
        {
            assert_eq!(layer_named(stranger), None, "{stranger}");
        }
    }

    #[test]
    fn integers_reach_beyond_the_range_of_every_layer_but_the_quotient() {
        let products = ORDER.map(|product| (Some(product), of_month(product, JANUARY)));
        let reaches = |layer: &Layer| {
            let steps = layer.steps.unwrap();
            let unit = f64::from(steps.per_unit);
            let (least, most) = steps.reach();
            f64::from(least) / unit <= f64::from(layer.range.0)
                && f64::from(layer.range.1) < f64::from(most) / unit
        };
        for (product, layer) in products.into_iter().chain([(None, sky_view())]) {
            assert_eq!(reaches(&layer), product != Some(Product::Quotient), "{}", layer.name);
        }
        assert!(reaches(&of_temperature("mean", JANUARY)));
    }
}
