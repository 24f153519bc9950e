//! How errors are spread.

/// Of some errors.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    pub rms: f64,
    pub bias: f64,
    /// 99 of 100 are within.
    pub p99: f64,
    /// All are within.
    pub most: f64,
}

impl Spread {
    pub(crate) fn of(errors: impl IntoIterator<Item = f64>) -> Self {
        let mut sizes = Vec::new();
        let (mut squares, mut sum) = (0.0, 0.0);
        for error in errors {
            squares += error * error;
            sum += error;
            sizes.push(error.abs());
        }
        sizes.sort_by(f64::total_cmp);
        let count = sizes.len() as f64;
        let at = |part: f64| {
            let place = ((part * count).ceil() as usize).saturating_sub(1);
            sizes.get(place).copied().unwrap_or(f64::NAN)
        };
        Self { rms: (squares / count).sqrt(), bias: sum / count, p99: at(0.99), most: at(1.0) }
    }
}
