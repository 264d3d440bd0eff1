//! Event time inside the detector: whole seconds since 1970 (UTC).

/// Seconds of an hour.
pub(super) const HOUR: i64 = 3_600;
/// Seconds of 24 hours.
pub(super) const DAY: i64 = 24 * HOUR;
/// Seconds of seven days.
pub(super) const WEEK: i64 = 7 * DAY;

/// The number of the UTC day that holds `at`, from 1970-01-01.
pub(super) fn day_number(at: i64) -> i64 {
    at.div_euclid(DAY)
}

/// The number of the hour that holds `at`, from 1970-01-01 00:00 UTC.
pub(super) fn hour_number(at: i64) -> i64 {
    at.div_euclid(HOUR)
}
