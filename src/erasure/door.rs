//! What the pages are told of an erasure before it is asked for: what would go, and how much of it is where.

use async_trait::async_trait;
use bus::IdKey;
use dashboard::{Eraser as Door, Found, Meant, Refusal};

use super::{Asked, Eraser, Targets};

/// Finds what is meant, in a program that has all of it.
pub struct Finder {
    /// Everything that something would be taken out of.
    pub eraser: Eraser,
    /// The key of the pseudonyms.
    pub id_key: IdKey,
}

#[async_trait]
impl Door for Finder {
    async fn find(&self, meant: Meant) -> Result<Found, Refusal> {
        let some = |text: String| Some(text).filter(|text| !text.is_empty());
        let asked = Asked {
            author: some(meant.author),
            source: some(meant.source),
            key: some(meant.key),
            posts: meant.posts,
            text: some(meant.text),
            again: false,
        };
        let unreadable = |error: anyhow::Error| Refusal::Unreadable { field: "form", message: format!("{error:#}") };
        let targets = Targets::find(&self.eraser.record, &self.eraser.index, &asked, || Ok(self.id_key.clone()))
            .await
            .map_err(unreadable)?;
        let counts = self.eraser.counts(&targets).await.map_err(|error| {
            tracing::error!(%error, "it cannot be told what an erasure would remove");
            Refusal::Unavailable
        })?;
        Ok(Found { what: targets.noted(), counts })
    }
}
