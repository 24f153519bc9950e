//! The courses of the rivers, from `assets/ecrins/rivers.csv`: the drainage that the relief grows from.

use super::points::{control_points, rows};
use super::{domain, noise};

const FILE: &str = include_str!("../../../assets/ecrins/rivers.csv");

/// How far a course strays from the straight line between two known places, as a part of their distance.
const STRAY: f64 = 0.09;

/// Halvings of each straight line.
const HALVINGS: u32 = 5;

/// A vertex of a course: projected coordinates and height, m.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Vertex {
    pub x: f64,
    pub y: f64,
    pub height: f64,
}

/// Longitude, latitude and, where it is known, height.
type Station = (f64, f64, Option<f64>);

/// A course as the file says it; the last height is missing where it joins a river above.
struct RiverCourse {
    name: &'static str,
    stations: Vec<Station>,
}

/// All courses in projected coordinates, source to mouth, winding, trunks before tributaries.
pub(super) fn courses(project: impl Fn(f64, f64) -> (f64, f64)) -> Vec<Vec<Vertex>> {
    #[expect(clippy::expect_used, reason = "the file is part of the program, and a test parses it")]
    let parsed = parse(FILE).expect("the built-in rivers");
    let mut done: Vec<Vec<Vertex>> = Vec::new();
    for (number, course) in parsed.iter().enumerate() {
        let stations: Vec<Vertex> = course
            .stations
            .iter()
            .filter_map(|&(longitude, latitude, height)| {
                let (x, y) = project(longitude, latitude);
                match height {
                    Some(height) => Some(Vertex { x, y, height }),
                    None => nearest(&done, x, y),
                }
            })
            .collect();
        done.push(wind(&stations, number as u32));
    }
    done
}

/// Courses as the relief has them.
pub(super) fn bent(mut courses: Vec<Vec<Vertex>>) -> Vec<Vec<Vertex>> {
    for vertex in courses.iter_mut().flatten() {
        (vertex.x, vertex.y) = domain::bend(vertex.x, vertex.y);
    }
    courses
}

fn nearest(courses: &[Vec<Vertex>], x: f64, y: f64) -> Option<Vertex> {
    let squared = |v: &Vertex| (v.x - x) * (v.x - x) + (v.y - y) * (v.y - y);
    courses.iter().flatten().min_by(|a, b| squared(a).total_cmp(&squared(b))).copied()
}

/// Winds a course by displacing midpoints, which keeps its stations and its descent.
fn wind(stations: &[Vertex], seed: u32) -> Vec<Vertex> {
    let mut line = stations.to_vec();
    for halving in 0..HALVINGS {
        let mut finer = Vec::with_capacity(2 * line.len());
        for (i, pair) in (0..).zip(line.windows(2)) {
            let [a, b] = [pair[0], pair[1]];
            let stray = STRAY * f64::from(noise::signed(i, halving as i32, 77 + seed));
            finer.push(a);
            finer.push(Vertex {
                x: f64::midpoint(a.x, b.x) - stray * (b.y - a.y),
                y: f64::midpoint(a.y, b.y) + stray * (b.x - a.x),
                height: f64::midpoint(a.height, b.height),
            });
        }
        finer.extend(line.last());
        line = finer;
    }
    line
}

/// Parses the file; rows of one river stand together.
fn parse(text: &'static str) -> Result<Vec<RiverCourse>, String> {
    let mut courses: Vec<RiverCourse> = Vec::new();
    for (number, line) in rows(text) {
        let (name, station) = parse_station(line).ok_or_else(|| format!("line {number}: {line}"))?;
        match courses.last_mut() {
            Some(course) if course.name == name => course.stations.push(station),
            _ => courses.push(RiverCourse { name, stations: vec![station] }),
        }
    }
    Ok(courses)
}

fn parse_station(line: &'static str) -> Option<(&'static str, Station)> {
    let fields: Vec<&str> = line.split(',').collect();
    match fields[..] {
        [river, place] => {
            let point = control_points().iter().find(|point| point.name == place)?;
            Some((river, (point.longitude, point.latitude, Some(f64::from(point.height)))))
        }
        [river, longitude, latitude, height] => {
            let height = if height == "-" { None } else { Some(height.parse().ok()?) };
            Some((river, (longitude.parse().ok()?, latitude.parse().ok()?, height)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::points::PointKind;
    use super::*;

    #[test]
    fn every_river_descends_all_the_way() {
        let all = courses(|longitude, latitude| (longitude * 79_000.0, latitude * 111_000.0));
        assert!(all.len() > 20);
        for course in &all {
            assert!(course.len() > 10);
            assert!(course.windows(2).all(|pair| pair[1].height < pair[0].height), "{:?}", course[0]);
        }
    }

    #[test]
    fn every_valley_floor_lies_on_a_river() {
        let text: Vec<_> = rows(FILE).map(|(_, line)| line).collect();
        for point in control_points().iter().filter(|point| point.kind == PointKind::Valley) {
            assert!(text.iter().any(|line| line.split(',').nth(1) == Some(point.name)), "{}", point.name);
        }
    }

    #[test]
    fn an_unknown_place_is_refused_with_its_line() {
        assert_eq!(parse("Drac,Nowhere\n").err(), Some("line 1: Drac,Nowhere".into()));
    }
}
