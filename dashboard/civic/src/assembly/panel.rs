//! The panel's check: is it in the remit of NHS England, and does it concern the whole country?

use serde_json::json;

use super::config::GateKind;
use super::gates::{self, Outcome};
use super::{candidates, cycles};
use crate::error::RecordError;
use crate::ids::CandidateId;
use crate::store::Tx;

/// What the panel found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Whether NHS England can act on it.
    pub in_remit: bool,
    /// Whether it concerns the whole country.
    pub is_national: bool,
    /// The body whose matter it is, where it is not NHS England's or not the whole country's.
    pub route_to: Option<String>,
}

impl Check {
    /// What follows from it.
    pub fn outcome(&self) -> Outcome {
        match (&self.route_to, self.in_remit && self.is_national) {
            (_, true) => Outcome::Passed,
            (Some(body), false) => Outcome::Routed(body.trim().to_owned()),
            (None, false) => Outcome::Failed,
        }
    }
}

/// Enters what the panel found.
///
/// # Errors
/// [`RecordError::Changed`], or a refusal when no panel decides now or the gate is full.
pub fn enter(tx: &mut Tx<'_>, id: &CandidateId, read: i64, check: &Check, reason: &str) -> Result<(), RecordError> {
    let candidate = candidates::find(tx, id)?;
    let cycle = cycles::find(tx, &candidate.cycle)?;
    if cycle.must_be_open()?.kind != GateKind::Panel {
        return Err(RecordError::refused("The panel’s gate is not open"));
    }
    let found = json!({ "in_remit": check.in_remit, "national": check.is_national });
    gates::settle(tx, id, read, &check.outcome(), reason, false, &found)
}
