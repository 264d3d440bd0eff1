//! In the place of the encoder where the program is built without it.

use std::path::Path;

use super::error::TransformerError;
use super::worker::Embed;

/// Never there.
pub(crate) enum Encoder {}

impl Encoder {
    /// Says that there is none.
    pub(crate) fn load(_dir: &Path, _adapters: Option<&Path>, _threads: u32) -> Result<Self, TransformerError> {
        Err(TransformerError::NotBuilt)
    }
}

impl Embed for Encoder {
    fn width(&self) -> usize {
        match *self {}
    }

    fn embed(&self, _texts: &[&str]) -> Result<Vec<Vec<f32>>, TransformerError> {
        match *self {}
    }
}

#[cfg(test)]
mod tests {
    use crate::{Chain, TransformerConfig};

    #[test]
    fn a_configuration_that_wants_the_tier_is_told_how_to_build_it() {
        let config = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
        let wanted = TransformerConfig { enabled: true, ..TransformerConfig::default() };
        let error = Chain::load(&config).unwrap().for_stage(&config, &wanted).err().unwrap().to_string();
        assert!(error.starts_with("this program was built without the transformer tier: run `make models`"), "{error}");
    }
}
