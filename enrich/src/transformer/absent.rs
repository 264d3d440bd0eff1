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
