//! The clock and the course of the sun through the whole engine: what must be alike before and after noon, and in all
//! time zones.

use alpsckpt::engine::synthetic::ranges;
use alpsckpt::engine::{Engine, Physics, Product};

use crate::land::{Apart, CELL, Land, maps, mean};
use crate::oracle::flat_earth;

/// Edge of the ground around a wall, cells: odd, so that its middle column lies on the central meridian.
const AROUND: usize = 257;
const MIDDLE: usize = AROUND / 2;

/// Where walls stand, seen from the middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Walls {
    Nowhere,
    East,
    West,
}

/// Rows to the north and the south as far as walls reach: two columns beside a wall that is all of the sky but a few
/// degrees, and near enough for every crossing of a ray to count.
const REACH: usize = 34;

/// Direct radiation of a month on level ground, kWh/m2; a wall hides one half of the sky.
fn beside(walls: Walls, month: u8) -> f64 {
    let land = Land::new(32, (AROUND, AROUND), |x, y| match walls {
        _ if y.abs_diff(MIDDLE) > REACH => 1.0,
        // Two columns away: the cell itself stays level.
        Walls::East if x >= MIDDLE + 2 => 8000.0,
        Walls::West if x + 2 <= MIDDLE => 8000.0,
        _ => 1.0,
    });
    let model = Physics { step_minutes: 1, ..flat_earth() };
    let first = if walls == Walls::East { MIDDLE - 6 } else { MIDDLE - 1 };
    let request = land.request((first, MIDDLE - 4), (8, 8), &[month], &[Product::Direct], model);
    f64::from(maps(request)[0][4 * 8 + MIDDLE - first])
}

#[test]
fn the_morning_of_level_ground_gets_what_its_afternoon_gets_whatever_the_equation_of_time() {
    // In February true noon is a quarter of an hour behind the clock's, in November as much before it.
    for month in [2, 11] {
        let whole = beside(Walls::Nowhere, month);
        let (morning, afternoon) = (beside(Walls::West, month), beside(Walls::East, month));
        let (apart, lost) = ((morning - afternoon) / whole, (morning + afternoon) / whole - 1.0);
        println!(
            "{month}: morning {morning:.3}, afternoon {afternoon:.3}, day {whole:.3} kWh/m2: {apart:.5} {lost:.5}"
        );
        // One step at noon is 1/300 of a day's sum.
        assert!(apart.abs() < 4e-3, "{month}: {morning} {afternoon}");
        assert!(lost.abs() < 1.5e-2, "{month}: {morning} {afternoon} {whole}");
    }
}

#[test]
fn every_time_zone_has_the_same_sun_at_the_same_hour_and_the_same_maps() {
    let products = [Product::SkyView, Product::Direct, Product::Diffuse, Product::DirectFlat];
    let of = |zone: u32| {
        let land = Land::new(zone, (320, 320), |x, y| ranges::height(x as f64 * CELL, y as f64 * CELL));
        let request = land.request((112, 112), (96, 96), &[2, 6], &products, flat_earth());
        let engine = Engine::open(request.clone()).unwrap();
        let sun = |month, step| engine.sun(month, step, (48.0, 48.0)).unwrap();
        let suns: Vec<(f64, f64)> = [2, 6]
            .into_iter()
            .flat_map(|month| (0..28 * 48).map(move |step| (month, step)))
            .map(|(month, step)| sun(month, step))
            .collect();
        (suns, maps(request))
    };
    let (suns, here) = of(32);
    for zone in [31, 33, 60] {
        let (others, there) = of(zone);
        // What is left is what the sun moves while the earth turns from zone to zone: 24 minutes, or 11 hours.
        let day = f64::from(zone.abs_diff(32)) * 6.0 / 360.0;
        let height =
            suns.iter().zip(&others).map(|(a, b)| (a.0 - b.0).abs().to_degrees()).fold(0.0, f64::max);
        println!("zone {zone}: suns {height:.4} degrees higher or lower");
        assert!(height < 0.42 * day + 0.002, "{zone}: {height}");
        for (layer, (a, b)) in here.iter().zip(&there).enumerate() {
            let apart = Apart::of(a, b);
            println!("zone {zone}, layer {layer}: {apart:?}");
            assert!(apart.rms < (0.03 * day + 5e-4) * mean(a), "{zone} {layer} {apart:?}");
        }
    }
}
