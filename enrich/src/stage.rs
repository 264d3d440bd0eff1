//! The enrichment stage: posts from the bus, through the chain, back onto the bus.

use std::sync::Arc;

use bus::{Bus, BusError};
use tokio_util::sync::CancellationToken;

use crate::{Chain, EnrichConfig};

/// The consumer group that this stage reads the bus in.
pub const GROUP: &str = "enrich";

/// Enriches posts until cancelled.
///
/// # Errors
/// [`BusError`] when the log cannot be read or written; what was read and not yet appended is read again at the next
/// start.
pub async fn run(
    bus: Arc<dyn Bus>,
    chain: Arc<Chain>,
    config: EnrichConfig,
    cancel: CancellationToken,
) -> Result<(), BusError> {
    let _ = (bus, chain, config);
    cancel.cancelled().await;
    Ok(())
}
