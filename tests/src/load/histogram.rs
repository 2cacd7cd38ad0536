//! Latencies, counted in buckets of at most 1/64 of their value, so that millions of them take no room. What they are the latencies of is
//! the callers' matter.

use std::time::Duration;

/// Buckets of each power of two.
const STEPS: u64 = 64;
/// Nanoseconds, in powers of two, that fit: four minutes.
const POWERS: u64 = 32;

/// A count by latency.
#[derive(Clone, Debug)]
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
}

impl Default for Histogram {
    fn default() -> Histogram {
        Histogram { counts: vec![0; (STEPS * POWERS) as usize], total: 0 }
    }
}

impl Histogram {
    /// Counts one.
    pub fn add(&mut self, latency: Duration) {
        self.counts[bucket(latency.as_nanos() as u64)] += 1;
        self.total += 1;
    }

    /// Adds another's counts.
    pub fn merge(&mut self, other: &Histogram) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(count, more)| *count += more);
        self.total += other.total;
    }

    /// How many were counted.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The latency that this share of all does not exceed, in milliseconds; 0 where nothing was counted.
    pub fn millis(&self, share: f64) -> f64 {
        let wanted = (self.total as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted && *count > 0 {
                return upper(bucket as u64) as f64 / 1e6;
            }
        }
        0.0
    }
}

/// Values below 64 have a bucket each; then every power of two has 64.
fn bucket(nanos: u64) -> usize {
    let nanos = nanos.clamp(STEPS, (1 << (POWERS + 5)) - 1);
    let power = u64::from(nanos.ilog2()) - 6;
    (power * STEPS + (nanos >> power) - STEPS) as usize
}

/// The highest value of a bucket.
fn upper(bucket: u64) -> u64 {
    let (power, step) = (bucket / STEPS, bucket % STEPS);
    ((STEPS + step + 1) << power) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_the_latencies_is_told_to_two_percent() {
        let mut histogram = Histogram::default();
        (1..=1_000).for_each(|millis| histogram.add(Duration::from_millis(millis)));
        for (share, millis) in [(0.5, 500.0), (0.99, 990.0), (1.0, 1_000.0)] {
            let found = histogram.millis(share);
            assert!((millis..millis * 1.02).contains(&found), "{share}: {found}");
        }
        let mut more = histogram.clone();
        more.merge(&histogram);
        assert_eq!((more.total(), more.millis(0.5)), (2_000, histogram.millis(0.5)));
    }
}
