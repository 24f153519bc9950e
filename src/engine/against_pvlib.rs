//! The sun, the air and the sky against pvlib: the tables of `tests/data/pvlib`, made by the script beside them.

use super::atmosphere::{Air, Beam, air_mass, pressure, split};
use super::model::{DiffuseModel, LINKE_OF_THE_ALPS, Physics};
use super::sun::{self, Month};

/// The numbers of a table, line by line; its first two lines say where it is from and what its columns are.
fn rows<const N: usize>(text: &str) -> Vec<[f64; N]> {
    assert!(text.starts_with("# pvlib 0."), "the table does not say what it was made with");
    let row =
        |line: &str| line.split(',').map(|v| v.parse().unwrap()).collect::<Vec<f64>>().try_into().unwrap();
    let rows: Vec<[f64; N]> = text.lines().skip(2).map(row).collect();
    assert!(rows.len() > 10, "{} rows", rows.len());
    rows
}

#[test]
fn the_sun_stands_where_spa_has_it_without_refraction() {
    let (mut worst_height, mut worst_azimuth) = (0.0_f64, 0.0_f64);
    // The clock of longitude 0 is universal time.
    let months: Vec<Month> =
        (1..=12).map(|month| Month::new(2018, month, &Physics::default(), 0.0)).collect();
    for [month, day, hour, latitude, longitude, height, azimuth] in
        rows(include_str!("../../tests/data/pvlib/sun.csv"))
    {
        let step = &months[month as usize - 1].steps[((day - 1.0) * 48.0 + hour * 2.0) as usize];
        let got = step.sun.at(latitude.to_radians(), longitude.to_radians());
        worst_height = worst_height.max((got.height.to_degrees() - height).abs());
        let turn = (got.azimuth.to_degrees() - azimuth + 180.0).rem_euclid(360.0) - 180.0;
        worst_azimuth = worst_azimuth.max(turn.abs());
    }
    println!("height {worst_height:.5}, azimuth {worst_azimuth:.5} degrees");
    assert!(worst_height <= 0.02 && worst_azimuth <= 0.03, "{worst_height} {worst_azimuth}");
}

#[test]
fn the_radiation_outside_is_spencers_within_two_thousandths() {
    for [day, radiation] in rows(include_str!("../../tests/data/pvlib/extraterrestrial.csv")) {
        let got = 1000.0 * sun::extraterrestrial(1367.0, day);
        assert!((got / radiation - 1.0).abs() < 2e-3, "day {day}: {got} {radiation}");
    }
}

#[test]
fn the_air_mass_is_kasten_and_youngs() {
    // Below 5 degrees the two refractions differ: ESRA's and the standard air's.
    for [height, mass] in rows(include_str!("../../tests/data/pvlib/air_mass.csv")) {
        let got = air_mass(height.to_radians());
        let bound = if height < 5.0 { 0.03 } else { 0.001 };
        assert!((got / mass - 1.0).abs() < bound, "{height}: {got} {mass}");
    }
}

#[test]
fn the_sky_on_a_slope_is_hay_and_davies() {
    for [height, sun_azimuth, extraterrestrial, direct, diffuse, tilt, azimuth, sky] in
        rows(include_str!("../../tests/data/pvlib/hay_davies.csv"))
    {
        let (sine, cosine) = height.to_radians().sin_cos();
        let (tilt, turn) = (tilt.to_radians(), (sun_azimuth - azimuth).to_radians());
        let parts = split(DiffuseModel::HayDavies, diffuse, direct, extraterrestrial, sine);
        let facing = tilt.cos() * sine + tilt.sin() * cosine * turn.cos();
        let got = parts.isotropic * f64::midpoint(1.0, tilt.cos()) + parts.circumsolar * facing.max(0.0);
        assert!((got - sky).abs() < 1e-6, "{height} {direct} {tilt}: {got} {sky}");
    }
}

#[test]
fn the_clear_sky_of_esra_is_near_that_of_ineichen_and_perez() {
    let (mut sums, mut worst) = ([0.0; 2], [0.0_f64; 2]);
    for [linke, z, height, direct, diffuse] in rows(include_str!("../../tests/data/pvlib/ineichen.csv")) {
        let sine = height.to_radians().sin();
        let got = Beam::new(1367.0, height.to_radians(), Air::Esra(linke)).through(pressure(z));
        let (ours, theirs) = (got.0 * sine + got.1, direct * sine + diffuse);
        sums = [sums[0] + ours, sums[1] + theirs];
        // Lower down Ineichen's beam through turbid air falls to a third of ESRA's.
        if height >= 20.0 {
            worst[0] = worst[0].max((got.0 / direct - 1.0).abs());
            worst[1] = worst[1].max((ours / theirs - 1.0).abs());
        }
    }
    let bias = sums[0] / sums[1] - 1.0;
    println!(
        "on level ground {bias:+.4} in all; at most {:.3} of the beam, {:.3} of both",
        worst[0], worst[1]
    );
    assert!(bias.abs() < 0.02 && worst[0] < 0.09 && worst[1] < 0.13, "{bias} {worst:?}");
}

#[test]
fn the_turbidity_of_the_alps_is_the_mean_of_the_climatology() {
    let rows = rows(include_str!("../../tests/data/pvlib/linke_alps.csv"));
    assert_eq!(rows.len(), 12);
    for ([month, linke, _places], ours) in rows.into_iter().zip(LINKE_OF_THE_ALPS) {
        assert!((linke - ours).abs() <= 0.051, "{month}: {ours} {linke}");
    }
}
