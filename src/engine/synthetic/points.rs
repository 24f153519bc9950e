//! The real places the terrain goes through: `assets/ecrins/control-points.csv`.

use std::sync::OnceLock;

const FILE: &str = include_str!("../../../assets/ecrins/control-points.csv");

/// What a control point is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PointKind {
    /// A summit.
    Summit,
    /// A pass.
    Pass,
    /// A valley floor.
    Valley,
}

/// A real place of known position and height; rounding and sources stand in `assets/ecrins/README.md`.
#[derive(Debug, Clone, PartialEq)]
pub struct ControlPoint {
    /// Its French name.
    pub name: &'static str,
    /// Longitude, degrees east.
    pub longitude: f64,
    /// Latitude, degrees north.
    pub latitude: f64,
    /// Height, m.
    pub height: f32,
    /// What it is.
    pub kind: PointKind,
}

/// The control points, in the file's order: summits, passes, valley floors, each from high to low.
#[must_use]
pub fn control_points() -> &'static [ControlPoint] {
    static POINTS: OnceLock<Vec<ControlPoint>> = OnceLock::new();
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "the file is part of the program, and a test parses it"
    )]
    POINTS.get_or_init(|| parse(FILE).expect("the built-in control points"))
}

/// Parses the file: `name,longitude,latitude,height_m,kind`, `#` comments.
fn parse(text: &'static str) -> Result<Vec<ControlPoint>, String> {
    rows(text)
        .map(|(number, line)| parse_point(line).ok_or_else(|| format!("line {number}: {line}")))
        .collect()
}

/// The lines that are neither empty nor comments, with their numbers from 1.
pub(super) fn rows(text: &'static str) -> impl Iterator<Item = (usize, &'static str)> {
    (1..).zip(text.lines()).filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

fn parse_point(line: &'static str) -> Option<ControlPoint> {
    let mut fields = line.split(',');
    let point = ControlPoint {
        name: fields.next().filter(|name| !name.is_empty())?,
        longitude: fields.next()?.parse().ok()?,
        latitude: fields.next()?.parse().ok()?,
        height: fields.next()?.parse().ok()?,
        kind: match fields.next()? {
            "summit" => PointKind::Summit,
            "pass" => PointKind::Pass,
            "valley" => PointKind::Valley,
            _ => return None,
        },
    };
    fields.next().is_none().then_some(point)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: PointKind) -> impl Iterator<Item = &'static ControlPoint> {
        control_points().iter().filter(move |point| point.kind == kind)
    }

    #[test]
    fn there_are_many_points_all_in_the_box_and_between_its_heights() {
        assert!(control_points().len() >= 40);
        for point in control_points() {
            assert!((5.95..=6.75).contains(&point.longitude), "{point:?}");
            assert!((44.6..=45.15).contains(&point.latitude), "{point:?}");
            assert!((600.0..=4102.0).contains(&point.height), "{point:?}");
        }
    }

    #[test]
    fn the_barre_des_ecrins_alone_is_highest() {
        let highest: Vec<_> = control_points().iter().filter(|point| point.height >= 4102.0).collect();
        assert_eq!(highest.iter().map(|point| point.name).collect::<Vec<_>>(), ["Barre des Écrins"]);
    }

    #[test]
    fn kinds_fit_heights() {
        let lowest_summit = of(PointKind::Summit).map(|p| p.height).fold(f32::INFINITY, f32::min);
        assert!(of(PointKind::Valley).all(|point| point.height < lowest_summit.min(2000.0)));
        assert!(of(PointKind::Pass).all(|point| point.height < 3500.0));
        assert!(
            of(PointKind::Summit).count() >= 20
                && of(PointKind::Pass).count() >= 5
                && of(PointKind::Valley).count() >= 15
        );
    }

    #[test]
    fn no_name_and_no_place_occurs_twice() {
        for (i, a) in control_points().iter().enumerate() {
            for b in &control_points()[i + 1..] {
                assert_ne!(a.name, b.name);
                let apart = (a.longitude - b.longitude).abs().max((a.latitude - b.latitude).abs());
                assert!(apart > 0.004, "{} and {}", a.name, b.name);
            }
        }
    }

    #[test]
    fn the_file_is_ordered_by_kind_then_from_high_to_low() {
        for pair in control_points().windows(2) {
            let rank = |point: &ControlPoint| (point.kind as u8, -point.height as i32);
            assert!(rank(&pair[0]) <= rank(&pair[1]), "{} before {}", pair[0].name, pair[1].name);
        }
    }

    #[test]
    fn a_bad_line_is_named() {
        assert_eq!(parse("# head\nA,6.3,44.9,high,summit\n"), Err("line 2: A,6.3,44.9,high,summit".into()));
        assert!(parse("A,6.3,44.9,3000,hill\n").is_err());
        assert!(parse("A,6.3,44.9,3000,summit,more\n").is_err());
    }
}
