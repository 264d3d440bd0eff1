//! Names that many posts share (sources, regions, topics, meetings), each kept once.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// A name, as its position in [`Names`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct Name(u32);

/// All names, in the order in which they were first met.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Names {
    list: Vec<String>,
    #[serde(skip)]
    known: HashMap<String, Name>,
}

impl Names {
    /// The number of `name`, which is remembered from now on.
    pub(super) fn intern(&mut self, name: &str) -> Name {
        if let Some(&known) = self.known.get(name) {
            return known;
        }
        let number = Name(u32::try_from(self.list.len()).expect("there are fewer names than posts, and those fit"));
        self.list.push(name.to_owned());
        self.known.insert(name.to_owned(), number);
        number
    }

    /// The text of a name.
    pub(super) fn text(&self, name: Name) -> &str {
        &self.list[name.0 as usize]
    }

    /// Finishes reading saved names: finds again what is not saved.
    pub(super) fn restore(&mut self) {
        self.known = self.list.iter().cloned().zip((0..).map(Name)).collect();
    }
}
