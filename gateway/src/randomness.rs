/// A random number from 0 to below 1, to spread retries.
pub(crate) fn fraction() -> f64 {
    // Without random bytes the retries are merely not spread.
    f64::from(getrandom::u32().unwrap_or(u32::MAX / 2)) / (f64::from(u32::MAX) + 1.0)
}
