//! By what a log is told to be another one than something was computed from.

use bus::BusError;

/// In words, where that is what `error` says.
///
/// # Errors
/// Any other error, as it came.
pub(crate) fn reason(error: BusError) -> Result<String, BusError> {
    match error {
        BusError::BeyondEnd { partition, wanted, end, .. } => {
            Ok(format!("partition {partition} ends at {end}, and {wanted} were read of it"))
        }
        BusError::OtherLog { partition, offset, .. } => {
            Ok(format!("record {offset} of partition {partition} is another one by now"))
        }
        other => Err(other),
    }
}
