//! What the cards of all models say alike.

use super::labelled::Labelled;
use crate::model::TrainedOn;

pub(super) const LICENCE: &str =
    "MIT for the weights; the texts that they were learned from have terms of their own, and are not part of it";

pub(super) fn names<L>(read: &[Labelled<L>]) -> String {
    read.iter().map(|labelled| labelled.file.as_str()).collect::<Vec<_>>().join(" ")
}

pub(super) fn trained_on<L>(read: &[Labelled<L>]) -> Vec<TrainedOn> {
    let row = |labelled: &Labelled<L>| TrainedOn {
        file: labelled.file.clone(),
        sha256: labelled.sha256.clone(),
        rows: labelled.rows.len(),
        labels: labelled.taken.clone(),
    };
    read.iter().map(row).collect()
}
