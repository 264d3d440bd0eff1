//! What the tests of the Assembly share: a record, a clock that they set, and people.

use std::ops::Deref;

use jiff::Timestamp;

use super::candidates::{self, Candidate, Nomination};
use super::config::{AssemblyConfig, Gate, GateKind};
use super::cycles::{self, Cycle};
use super::panel::{self, Check};
use super::score::Inputs;
use super::{CandidateId, CycleId, gates};
use crate::account::{self, AccountId};
use crate::error::RecordError;
use crate::store::Tx;
use crate::testing;

/// A record with one cycle in it.
pub struct World {
    base: testing::World,
    pub cycle: CycleId,
}

impl Deref for World {
    type Target = testing::World;

    fn deref(&self) -> &testing::World {
        &self.base
    }
}

/// `days` after the beginning of the cycle.
pub fn day(days: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + days * 86_400).unwrap()
}

/// Rules with these numbers at the gates.
pub fn rules(keep: [u32; 4]) -> AssemblyConfig {
    let kinds = [GateKind::Panel, GateKind::Vote, GateKind::Jury, GateKind::Agenda];
    let gates = kinds.into_iter().zip(keep).map(|(kind, keep)| Gate { kind, keep }).collect();
    AssemblyConfig { gates, ..AssemblyConfig::default() }
}

impl World {
    /// With a cycle that meets on day 100.
    pub fn new(keep: [u32; 4]) -> Self {
        let base = testing::World::new();
        let begun = base.decide(day(0), |tx| cycles::begin(tx, &rules(keep), "Spring 2027", "Leeds", day(100)));
        Self { cycle: begun.unwrap(), base }
    }

    pub fn decide<T>(
        &self,
        at: i64,
        change: impl FnOnce(&mut Tx<'_>) -> Result<T, RecordError>,
    ) -> Result<T, RecordError> {
        self.base.decide(day(at), change)
    }

    pub fn cycle(&self) -> Cycle {
        self.record.read_now(|db| cycles::find(db, &self.cycle)).unwrap()
    }

    pub fn candidate(&self, id: &CandidateId) -> Candidate {
        self.record.read_now(|db| candidates::find(db, id)).unwrap()
    }

    /// The ids of those in the running, in their order.
    pub fn running(&self) -> Vec<CandidateId> {
        let cycle = self.cycle();
        let running = self.record.read_now(|db| candidates::running(db, &cycle)).unwrap();
        running.into_iter().map(|candidate| candidate.id).collect()
    }

    /// A candidate that so many voices speak for.
    pub fn nominate(&self, issue: &str, voices: u64) -> CandidateId {
        let nomination = Nomination {
            label: format!("About {issue}"),
            issue: Some(issue.to_owned()),
            flag: None,
            why: "Many speak of it".to_owned(),
            inputs: Inputs { voices, ..Inputs::default() },
        };
        self.decide(1, |tx| candidates::nominate(tx, &self.cycle, &nomination)).unwrap()
    }

    /// Lets the panel pass it.
    pub fn pass_panel(&self, id: &CandidateId) -> Result<(), RecordError> {
        let read = self.candidate(id).version;
        let check = Check { in_remit: true, is_national: true, route_to: None };
        self.decide(2, |tx| panel::enter(tx, id, read, &check, "It is for NHS England"))
    }

    pub fn close(&self, at: i64) -> Result<(), RecordError> {
        let read = self.cycle().version;
        self.decide(at, |tx| gates::close(tx, &self.cycle, read))
    }

    /// A member of the public.
    pub fn voter(&self, name: &str) -> AccountId {
        let email = format!("{name}@example.org");
        self.decide(0, |tx| account::register(tx, name, &email, "a long enough password")).unwrap().id
    }
}
