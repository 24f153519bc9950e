use super::super::model::{DiffuseModel, LINKE_OF_THE_ALPS};
use super::super::sun::Month;
use super::*;

/// The choices, ESRA with the clearest and the most turbid air that a campaign may have.
fn airs() -> [Air; 6] {
    let log = log(0.7);
    [Air::Saga(log), Air::Lumped(log), Air::Esra(1.0), Air::Esra(3.0), Air::Esra(5.0), Air::Esra(10.0)]
}

#[test]
fn the_pressure_is_sagas() {
    assert!((pressure(0.0) - 1.0).abs() < 1e-15);
    assert!((pressure(1000.0) - 10_f64.powf(-0.054_667)).abs() < 1e-12);
}

#[test]
fn a_cubic_in_the_pressure_stays_within_a_hundredth_of_a_percent_of_the_noon_beam() {
    // Kernels fit each beam by a cubic through four Chebyshev nodes, here over all heights that ground has in the Alps.
    let (low, high) = (pressure(5000.0), pressure(-500.0));
    let (middle, half) = (f64::midpoint(low, high), (high - low) / 2.0);
    let nodes = [1.0, 3.0, 5.0, 7.0].map(|k| (k * std::f64::consts::PI / 8.0).cos());
    for air in airs() {
        let noon = Beam::new(1.367, 65_f64.to_radians(), air).through(pressure(2000.0));
        let (mut worst, mut worst_sky) = (0.0_f64, 0.0_f64);
        for tenth in 1..900 {
            let beam = Beam::new(1.367, (f64::from(tenth) / 10.0).to_radians(), air);
            let values = nodes.map(|u| beam.through(middle + half * u));
            for i in 0..=100 {
                let u = f64::from(i) / 50.0 - 1.0;
                let truth = beam.through(middle + half * u);
                let lagrange = |part: fn((f64, f64)) -> f64| -> f64 {
                    let weight = |k: usize| -> f64 {
                        let others = (0..4).filter(|j| *j != k);
                        others.map(|j| (u - nodes[j]) / (nodes[k] - nodes[j])).product()
                    };
                    (0..4).map(|k| weight(k) * part(values[k])).sum()
                };
                // The direct radiation counts on level ground.
                let sine = (f64::from(tenth) / 10.0).to_radians().sin();
                worst = worst.max((lagrange(|v| v.0) - truth.0).abs() * sine);
                worst_sky = worst_sky.max((lagrange(|v| v.1) - truth.1).abs());
            }
        }
        println!(
            "{air:?}: direct {:.5} %, diffuse {:.5} % of the noon beam",
            100.0 * worst / noon.0,
            100.0 * worst_sky / noon.0
        );
        // Ten is air in which mountains are not seen; half of the noon beam is gone there.
        let bound = if air == Air::Esra(10.0) { 2.5e-4 } else { 1e-4 } * noon.0;
        assert!(worst < bound && worst_sky < bound, "{air:?}: {worst} {worst_sky} of {noon:?}");
    }
}

#[test]
fn beam_and_sky_are_continuous_in_the_suns_height_down_to_the_horizon() {
    for air in airs() {
        for z in [-500.0, 1500.0, 5000.0] {
            let at = |sine: f64| Beam::new(1.367, sine.asin(), air).through(pressure(z));
            let mut last = at(0.0);
            assert!(last.0 >= 0.0 && last.1 >= 0.0 && last.0.is_finite() && last.1.is_finite());
            // Up to 72 degrees, beyond the highest sun over the Alps: in the zenith SAGA's sky, by the height itself instead of
            // its sine, has no finite slope.
            for step in 1..=19_000 {
                let next = at(f64::from(step) / 20_000.0);
                // A step between two lines of a table would show as more than this slope allows.
                let (direct, diffuse) = ((next.0 - last.0).abs(), (next.1 - last.1).abs());
                assert!(direct < 1.5e-3 && diffuse < 1e-4, "{air:?} {z} {step}: {direct} {diffuse}");
                last = next;
            }
        }
    }
}

#[test]
fn the_beam_never_exceeds_what_comes_from_outside() {
    for air in airs() {
        for degree in 0..=90 {
            let height = f64::from(degree).to_radians();
            let (direct, diffuse) = Beam::new(1.367, height, air).through(pressure(5000.0));
            assert!((0.0..1.367).contains(&direct) && (0.0..0.5).contains(&diffuse), "{air:?} {degree}");
        }
    }
}

/// A choice of all that this module offers.
struct Choice {
    name: &'static str,
    model: Physics,
    linke: [f64; 12],
}

fn choices() -> Vec<Choice> {
    let base = Physics::default();
    let choice = |name, model, linke| Choice { name, model, linke };
    let of = |atmosphere| Physics { atmosphere, ..base.clone() };
    let alps = LINKE_OF_THE_ALPS;
    vec![
        choice("Saga, Isotropic, albedo 0", base.clone(), alps),
        choice("Lumped", of(AtmosphereModel::Lumped), alps),
        choice("Esra()", of(AtmosphereModel::Esra), alps),
        choice("Esra(linke: Constant(3.0))", of(AtmosphereModel::Esra), [3.0; 12]),
        choice("diffuse: HayDavies", Physics { diffuse: DiffuseModel::HayDavies, ..base.clone() }, alps),
        choice("albedo: 0.2", Physics { albedo: 0.2, ..base.clone() }, alps),
        choice("albedo: 0.6", Physics { albedo: 0.6, ..base.clone() }, alps),
    ]
}

/// Total radiation of a month at 46 N on a plane without terrain around, kWh/m2; `slope` in degrees, positive to the
/// south.
fn total(choice: &Choice, month: u8, z: f64, slope: f64) -> f64 {
    let steps = Month::new(2018, month, &choice.model, 7.0);
    let (up, south) = (slope.to_radians().cos(), slope.to_radians().sin());
    let air = Air::new(&choice.model, choice.linke[usize::from(month) - 1]);
    let sky_view = f64::midpoint(1.0, up);
    let mut sum = 0.0;
    for step in &steps.steps {
        let position = step.sun.at(46_f64.to_radians(), 0.0);
        if position.height <= 0.0 {
            continue;
        }
        let (sine, cosine) = position.height.sin_cos();
        let facing = (up * sine - south * cosine * position.azimuth.cos()).max(0.0);
        let (direct, diffuse) = Beam::new(step.extraterrestrial, position.height, air).through(pressure(z));
        let sky = split(choice.model.diffuse, diffuse, direct, step.extraterrestrial, sine);
        sum += (direct + sky.circumsolar) * facing + sky.isotropic * sky_view;
        sum += reflected(direct * sine + diffuse, sky_view, choice.model.albedo);
    }
    sum * steps.hours
}

#[test]
fn each_choice_has_the_effect_that_the_documentation_states() {
    let places: Vec<(u8, f64, f64)> = [1, 6]
        .into_iter()
        .flat_map(|month| {
            [1000.0, 3000.0].into_iter().flat_map(move |z| [0.0, 30.0, -30.0].map(|slope| (month, z, slope)))
        })
        .collect();
    let choices = choices();
    let row = |choice: &Choice| -> Vec<f64> {
        places.iter().map(|(m, z, slope)| total(choice, *m, *z, *slope)).collect()
    };
    let base = row(&choices[0]);
    let mut table = String::new();
    for (number, choice) in choices.iter().enumerate() {
        let percent = row(choice).into_iter().zip(&base).map(|(got, base)| {
            if number == 0 { format!("{base:.0}") } else { format!("{:+.1}", 100.0 * (got / base - 1.0)) }
        });
        table += &format!("| `{}` | {} |\n", choice.name, percent.collect::<Vec<_>>().join(" | "));
    }
    println!("{table}");
    let documented = include_str!("../../../docs/science.md");
    for line in table.lines() {
        assert!(documented.contains(line), "docs/science.md lacks or contradicts\n{line}");
    }
}
