//! Leave-one-out values of a statistic (Quenouille 1949; Tukey 1958; Efron 1987 for the acceleration).

/// What the leave-one-out values t_(i) say about a statistic.
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use]
pub struct Jackknife {
    /// (n − 1)(mean t_(i) − t).
    pub bias: f64,
    /// sqrt{ (n − 1)/n · Σ (t_(i) − mean)² }.
    pub std_error: f64,
    /// a = Σ L³ / (6 (Σ L²)^{3/2}), L_i = mean − t_(i): how fast the error changes with the value.
    pub acceleration: f64,
}

/// Bias, error and acceleration from leave-one-out values; `None` below two of them.
pub fn jackknife(values: &[f64], t: f64) -> Option<Jackknife> {
    let n = values.len() as f64;
    if values.len() < 2 {
        return None;
    }
    let mean = crate::num::moments::mean(values)?;
    let (mut squares, mut cubes) = (0.0, 0.0);
    for v in values {
        let d = mean - v;
        squares += d * d;
        cubes += d * d * d;
    }
    Some(Jackknife {
        bias: (n - 1.0) * (mean - t),
        std_error: ((n - 1.0) / n * squares).sqrt(),
        acceleration: acceleration(squares, cubes),
    })
}

/// Acceleration from empirical influence values L.
pub fn acceleration_of_influence(l: &[f64]) -> f64 {
    let (squares, cubes) = l.iter().fold((0.0, 0.0), |(s, c), v| (s + v * v, c + v * v * v));
    acceleration(squares, cubes)
}

fn acceleration(squares: f64, cubes: f64) -> f64 {
    if squares > 0.0 { cubes / (6.0 * squares.powf(1.5)) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_has_no_bias_and_its_usual_error() {
        let x = [1.0, 4.0, 6.0, 9.0];
        let total: f64 = x.iter().sum();
        let left: Vec<f64> = x.iter().map(|v| (total - v) / 3.0).collect();
        let j = jackknife(&left, 5.0).unwrap();
        let se = (x.iter().map(|v| (v - 5.0_f64).powi(2)).sum::<f64>() / 12.0).sqrt();
        assert!(j.bias.abs() < 1e-14 && (j.std_error - se).abs() < 1e-14);
        assert!(jackknife(&[1.0], 1.0).is_none());
    }
}
