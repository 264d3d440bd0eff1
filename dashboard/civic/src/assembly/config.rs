//! The rules of a cycle: which gates there are, how many candidates each lets through, and what counts how much.

use serde::{Deserialize, Serialize};

use super::score::Weights;
use crate::error::RecordError;

/// The section `[assembly]` of the configuration. A cycle keeps the rules that it began with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AssemblyConfig {
    /// The gates in their order.
    pub gates: Vec<Gate>,
    /// What counts how much in the score of a candidate.
    pub weights: Weights,
    /// So many candidates each person may vote for.
    pub choices: u32,
    /// The Board answers within so many days of the meeting.
    pub answer_within_days: u32,
}

/// One gate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// Who decides here.
    pub kind: GateKind,
    /// So many candidates it lets through at most.
    pub keep: u32,
}

/// Who decides at a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GateKind {
    /// A panel checks whether the matter is in the remit of NHS England, and national.
    Panel,
    /// Everybody with an account votes.
    Vote,
    /// A citizens' jury ranks.
    Jury,
    /// The organisers put the agenda in order.
    Agenda,
}

impl GateKind {
    /// Its name for machines.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Panel => "panel",
            Self::Vote => "vote",
            Self::Jury => "jury",
            Self::Agenda => "agenda",
        }
    }

    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Panel => "Panel check",
            Self::Vote => "Vote",
            Self::Jury => "Citizens’ jury",
            Self::Agenda => "Agenda",
        }
    }
}

impl Default for AssemblyConfig {
    fn default() -> Self {
        let gate = |kind, keep| Gate { kind, keep };
        Self {
            gates: vec![
                gate(GateKind::Panel, 32),
                gate(GateKind::Vote, 10),
                gate(GateKind::Jury, 5),
                gate(GateKind::Agenda, 5),
            ],
            weights: Weights::default(),
            choices: 3,
            answer_within_days: 42,
        }
    }
}

impl AssemblyConfig {
    /// Checks that the rules can be followed.
    ///
    /// # Errors
    /// A sentence that says what to write instead.
    pub fn check(&self) -> Result<(), RecordError> {
        let refuse = |sentence: &str| Err(RecordError::refused(sentence));
        if self.gates.last().is_none_or(|gate| gate.kind != GateKind::Agenda) {
            return refuse("the last of assembly.gates must be of kind \"agenda\"");
        }
        if self.gates.iter().filter(|gate| gate.kind == GateKind::Agenda).count() > 1 {
            return refuse("assembly.gates must have one gate of kind \"agenda\", the last");
        }
        if self.gates.iter().any(|gate| gate.keep == 0) {
            return refuse("every one of assembly.gates must keep at least 1 candidate");
        }
        if self.gates.windows(2).any(|pair| pair[0].keep < pair[1].keep) {
            return refuse("each of assembly.gates must keep no more candidates than the one before it");
        }
        if self.choices == 0 || self.answer_within_days == 0 {
            return refuse("assembly.choices and assembly.answer_within_days must be at least 1");
        }
        self.weights.check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Change = fn(&mut AssemblyConfig);

    #[test]
    fn rules_that_cannot_be_followed_are_refused() {
        assert!(AssemblyConfig::default().check().is_ok());
        let wrong: [(&str, Change); 6] = [
            ("the last", |config| config.gates.truncate(3)),
            ("one gate of kind", |config| config.gates[0].kind = GateKind::Agenda),
            ("at least 1 candidate", |config| config.gates[3].keep = 0),
            ("no more candidates than", |config| config.gates[1].keep = 33),
            ("choices", |config| config.choices = 0),
            ("weights", |config| config.weights.voices = -1.0),
        ];
        for (said, change) in wrong {
            let mut config = AssemblyConfig::default();
            change(&mut config);
            let error = config.check().unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
