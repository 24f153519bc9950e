//! The maps of a request, in their fixed order.

use super::request::{Product, Request};
use super::tile::Layer;

/// A layer and what it takes to fill it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
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

/// The layers of a request: the sky view factor, then month by month the products asked for.
pub(super) fn of(request: &Request) -> Vec<(Layer, Source)> {
    let mut layers = Vec::new();
    if request.products.contains(&Product::SkyView) {
        layers.push((sky_view(), Source::SkyView));
    }
    for (number, inputs) in request.months.iter().enumerate() {
        for product in ORDER.into_iter().filter(|product| request.products.contains(product)) {
            layers.push((of_month(product, inputs.month), Source::Month(number, product)));
        }
        if request.products.contains(&Product::Temperature) {
            for (which, temperature) in inputs.temperatures.iter().enumerate() {
                let layer = Layer {
                    name: format!("lst_{}_m{:02}", temperature.name, inputs.month),
                    month: Some(inputs.month),
                    unit: "degC",
                    description: format!(
                        "Land-surface temperature ({}), month {}",
                        temperature.name, inputs.month
                    ),
                    range: (-150.0, 120.0),
                };
                layers.push((layer, Source::Temperature(number, which)));
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
    }
}

fn of_month(product: Product, month: u8) -> Layer {
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
        name: format!("{name}_m{month:02}{flat}"),
        month: Some(month),
        unit: if ratio { "1" } else { "kWh/m2" },
        description: format!("{what}{level}, month {month}"),
        range: (0.0, if ratio { 1000.0 } else { MOST_RADIATION }),
    }
}
