//! Statistics of a list of samples. Pure.

/// Arithmetic mean; 0 for no samples.
pub fn mean(samples: &[f64]) -> f64 {
    if samples.is_empty() { 0.0 } else { samples.iter().sum::<f64>() / samples.len() as f64 }
}

/// Percentile `p` (0 to 100) by linear interpolation at rank (n-1)p/100 of the sorted samples.
pub fn percentile(samples: &[f64], p: f64) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else { return 0.0 };
    let rank = last as f64 * p / 100.0;
    let below = rank.floor() as usize;
    let above = (below + 1).min(last);
    sorted[below] + (sorted[above] - sorted[below]) * (rank - below as f64)
}

pub fn least(samples: &[f64]) -> f64 {
    percentile(samples, 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_interpolate() {
        let samples = [4.0, 1.0, 3.0, 2.0];
        assert_eq!(percentile(&samples, 50.0), 2.5);
        assert_eq!(percentile(&samples, 100.0), 4.0);
        assert!((percentile(&samples, 95.0) - 3.85).abs() < 1e-12);
        assert_eq!((mean(&samples), least(&samples)), (2.5, 1.0));
        assert_eq!(percentile(&[7.0], 99.0), 7.0);
    }
}
