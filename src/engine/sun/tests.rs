use super::*;

#[test]
fn the_julian_day_of_j2000_and_of_a_leap_day() {
    assert_eq!(julian_day(2000, 1, 1), 2_451_545);
    assert_eq!(julian_day(2018, 1, 1), 2_458_120);
    assert_eq!(julian_day(2020, 3, 1) - julian_day(2020, 2, 28), 2);
    assert_eq!((days_of(2020, 2), days_of(1900, 2), days_of(2018, 6)), (29, 28, 30));
}

#[test]
fn sagas_formula_on_the_right_day_stays_within_bounds_of_spa() {
    let saga = Physics { mornings: Mornings::SameDay, ..Physics::as_saga() };
    let latitude = 44.9_f64.to_radians();
    let (mut worst_height, mut worst_azimuth, mut compared) = (0.0_f64, 0.0_f64, 0);
    for month in 1..=12 {
        let a = Month::new(2018, month, &saga, 0.0);
        let b = Month::new(2018, month, &Physics::default(), 0.0);
        assert_eq!(a.steps.len(), b.steps.len());
        for (a, b) in a.steps.iter().zip(&b.steps) {
            let (p, q) = (a.sun.at(latitude, 0.0), b.sun.at(latitude, 0.0));
            if q.height > 0.0 {
                worst_height = worst_height.max((p.height - q.height).abs().to_degrees());
                let turn = (p.azimuth - q.azimuth + PI).rem_euclid(TAU) - PI;
                worst_azimuth = worst_azimuth.max(turn.abs().to_degrees());
                compared += 1;
            }
        }
    }
    assert!(compared > 8000, "{compared} steps by day");
    assert!(worst_height <= 0.02, "height {worst_height}");
    assert!(worst_azimuth <= 0.03, "azimuth {worst_azimuth}");
}

#[test]
fn the_sun_culminates_in_the_south_at_noon_of_the_equinox() {
    for model in [Physics::default(), Physics::as_saga()] {
        let month = Month::new(2018, 3, &model, 10.0);
        let noon = &month.steps[19 * 48 + 24];
        let position = noon.sun.at(46_f64.to_radians(), 0.0);
        assert!((position.height.to_degrees() - 44.0).abs() < 0.4, "{position:?}");
        assert!((position.azimuth.to_degrees() - 180.0).abs() < 4.0, "{position:?}");
    }
}

#[test]
fn the_day_before_shines_in_the_morning_only() {
    let before = Month::new(2018, 1, &Physics::as_saga(), 0.0);
    let same = Month::new(2018, 1, &Physics { mornings: Mornings::SameDay, ..Physics::as_saga() }, 0.0);
    let at = |month: &Month, step: usize| month.steps[step].sun.at(0.8, 0.0);
    assert_eq!(at(&before, 48 + 20), at(&same, 20));
    assert_eq!(at(&before, 48 + 24), at(&same, 48 + 24));
}

/// The hour angle of a sun at the clock's meridian, degrees.
fn hour_angle(sun: &Sun) -> f64 {
    sun.sin_hour_angle.atan2(sun.cos_hour_angle).to_degrees()
}

#[test]
fn a_sun_is_seen_where_it_was_put() {
    for (height, azimuth) in [(0.1, 2.0), (0.7, 3.1), (1.0, 4.0), (0.3, 5.9)] {
        let position = Sun::seen(Position { height, azimuth }, 0.8).at(0.8, 0.0);
        assert!((position.height - height).abs() < 1e-12 && (position.azimuth - azimuth).abs() < 1e-12);
    }
}

#[test]
fn a_mirrored_sun_stands_as_high_on_the_other_side_of_south() {
    let month = Month::new(2018, 2, &Physics::default(), 9.0);
    for (a, b) in month.steps.iter().zip(&month.mirrored().steps) {
        let (a, b) = (a.sun.at(0.8, 0.01), b.sun.at(0.8, -0.01));
        assert!((a.height - b.height).abs() < 1e-12 && (a.azimuth + b.azimuth - TAU).abs() < 1e-9);
    }
}

#[test]
fn the_clock_goes_by_the_mean_sun_and_the_true_one_by_the_equation_of_time() {
    for model in [Physics::default(), Physics { mornings: Mornings::SameDay, ..Physics::as_saga() }] {
        // Midnight and noon.
        let model = Physics { step_minutes: 720, ..model };
        let noon = |month: u8, day: usize| {
            let month = Month::new(2018, month, &model, 10.0);
            hour_angle(&month.steps[2 * day - 1].sun) * 4.0
        };
        // Minutes that the true sun is ahead: its extremes and the days on which it is neither ahead nor behind.
        for (month, day, minutes) in [
            (2, 11, -14.22),
            (4, 15, 0.0),
            (5, 14, 3.66),
            (6, 13, 0.0),
            (7, 26, -6.55),
            (9, 1, 0.0),
            (11, 3, 16.45),
            (12, 25, 0.0),
        ] {
            let found = noon(month, day);
            println!("{day}.{month}.: {found:.3} minutes, {minutes}");
            assert!((found - minutes).abs() < 0.12, "{day}.{month}.: {found} {minutes}");
        }
        let year = (1..=12).flat_map(|month| (1..=days_of(2018, month)).map(move |day| (month, day)));
        let days: Vec<f64> = year.map(|(month, day)| noon(month, usize::from(day))).collect();
        let mean = days.iter().sum::<f64>() / days.len() as f64;
        println!("mean {mean:.4}");
        assert!(mean.abs() < 0.05, "over a year the two agree: {mean}");
    }
}

#[test]
fn the_hours_of_a_day_are_those_of_the_mean_sun_at_any_longitude() {
    let of = |longitude| Month::new(2018, 3, &Physics::default(), longitude);
    let here = of(0.0);
    for (number, step) in here.steps.iter().enumerate() {
        let clock = 15.0 * ((number % 48) as f64 / 2.0 - 12.0);
        let (late, noon) =
            (hour_angle(&step.sun) - clock, hour_angle(&here.steps[number / 48 * 48 + 24].sun));
        // The equation of time changes by half a minute a day at most: half of that from midnight to noon.
        assert!(((late - noon + 180.0).rem_euclid(360.0) - 180.0).abs() < 0.065, "{number}: {late} {noon}");
    }
    for longitude in [-170.0_f64, -20.0, 6.0, 15.0, 179.0] {
        let day = longitude.abs() / 360.0;
        for (a, b) in here.steps.iter().zip(&of(longitude).steps) {
            let turn = (hour_angle(&a.sun) - hour_angle(&b.sun) + 180.0).rem_euclid(360.0) - 180.0;
            let declination = (a.sun.sin_declination - b.sun.sin_declination).asin().to_degrees();
            assert!(turn.abs() < 0.13 * day + 1e-4, "{longitude}: {turn}");
            assert!(declination.abs() < 0.42 * day + 1e-4, "{longitude}: {declination}");
        }
    }
}
