//! Comparing lists with the truth, one after the other.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bus::PostId;
use jiff::Timestamp;

use super::report::{Delay, Entry, Report};
use super::stream::{Planted, Truth, owners};
use crate::trends::model::{Issue, IssueId, TrendList};

/// The part of an entry's posts that must belong to something planted for the entry to be that.
const BELONGS: f64 = 0.4;

/// What the lists so far came to.
pub(super) struct Tally<'a> {
    truth: &'a Truth,
    owners: HashMap<PostId, usize>,
    /// By planted issue or decoy: when it was first listed, and how often under which id.
    first_listed: BTreeMap<usize, Timestamp>,
    ids: BTreeMap<usize, BTreeMap<IssueId, u64>>,
    entries: u64,
    true_entries: u64,
    purity: f64,
    /// Issues listed that are nothing planted, each counted once.
    others: BTreeMap<IssueId, String>,
    true_ids: BTreeSet<IssueId>,
    r_precision: (f64, u64),
    last: Timestamp,
    last_list: Vec<Entry>,
}

impl<'a> Tally<'a> {
    pub(super) fn new(truth: &'a Truth) -> Self {
        Self {
            truth,
            owners: owners(truth),
            first_listed: BTreeMap::new(),
            ids: BTreeMap::new(),
            entries: 0,
            true_entries: 0,
            purity: 0.0,
            others: BTreeMap::new(),
            true_ids: BTreeSet::new(),
            r_precision: (0.0, 0),
            last: truth.score_from,
            last_list: Vec::new(),
        }
    }

    /// Takes in one list.
    pub(super) fn note(&mut self, list: &TrendList) {
        if list.as_of < self.truth.score_from {
            return;
        }
        self.last = list.as_of;
        let found: Vec<Option<(usize, f64)>> = list.issues.iter().map(|issue| self.planted(issue)).collect();
        for (issue, found) in list.issues.iter().zip(&found) {
            self.note_entry(issue, *found, list.as_of);
        }
        self.note_ranking(&found, list.as_of);
        self.last_list = list.issues.iter().chain(&list.held).map(|issue| self.entry(issue)).collect();
    }

    fn entry(&self, issue: &Issue) -> Entry {
        let planted = self.planted(issue).map(|(at, share)| {
            let planted = self.truth.issues.iter().chain(&self.truth.decoys).nth(at);
            format!("{}, {:.0}% of its posts", planted.map_or("?", |planted| &planted.key), share * 100.0)
        });
        let failed = issue.gate.iter().filter(|check| !check.passed);
        let failed = failed.map(|check| format!("{} ({})", check.rule, check.found)).collect();
        Entry { label: issue.label.clone(), status: issue.status, score: issue.score, planted, failed }
    }

    fn note_entry(&mut self, issue: &Issue, found: Option<(usize, f64)>, at: Timestamp) {
        self.entries += 1;
        let Some((planted, share)) = found else {
            self.others.insert(issue.id, issue.label.clone());
            return;
        };
        self.first_listed.entry(planted).or_insert(at);
        if planted < self.truth.issues.len() {
            self.true_entries += 1;
            self.purity += share;
            self.true_ids.insert(issue.id);
            *self.ids.entry(planted).or_default().entry(issue.id).or_default() += 1;
        }
    }

    /// Of the first R entries, where R issues are going on, the part that is different ones of these.
    fn note_ranking(&mut self, found: &[Option<(usize, f64)>], at: Timestamp) {
        let is_on = |planted: &&Planted| {
            planted.start.is_some_and(|start| start <= at) && planted.end.is_some_and(|end| at <= end)
        };
        let going_on = self.truth.issues.iter().filter(is_on).count();
        if going_on > 0 {
            let first: BTreeSet<usize> = found.iter().take(going_on).flatten().map(|(planted, _)| *planted).collect();
            let right = first.iter().filter(|&&planted| planted < self.truth.issues.len()).count();
            self.r_precision.0 += right as f64 / going_on as f64;
            self.r_precision.1 += 1;
        }
    }

    /// What was planted that an issue is, and the share of its posts that belong to it.
    fn planted(&self, issue: &Issue) -> Option<(usize, f64)> {
        let mut counts: BTreeMap<usize, u32> = BTreeMap::new();
        for owner in issue.recent.iter().filter_map(|id| self.owners.get(id)) {
            *counts.entry(*owner).or_default() += 1;
        }
        let (planted, count) = counts.into_iter().max_by_key(|&(_, count)| count)?;
        let share = f64::from(count) / issue.recent.len() as f64;
        (share >= BELONGS).then_some((planted, share))
    }

    pub(super) fn report(self) -> Report {
        let issues = &self.truth.issues;
        let is_found = |at: &usize| self.first_listed.contains_key(at);
        let of_shape = |shape: &str| {
            (0..issues.len()).filter(|&at| issues[at].shape.as_deref() == Some(shape)).collect::<Vec<_>>()
        };
        let recall = |of: &[usize]| part(of.iter().filter(|at| is_found(at)).count(), of.len());
        let delay = |shape: &str| {
            let hours = of_shape(shape).into_iter().filter_map(|at| {
                let late = self.first_listed.get(&at)?.duration_since(issues[at].start?);
                Some(late.as_secs_f64().max(0.0) / 3_600.0)
            });
            Delay::of(hours.collect())
        };
        let all: Vec<usize> = (0..issues.len()).collect();
        let appearances: u64 = self.ids.values().flat_map(BTreeMap::values).sum();
        let on_main: u64 = self.ids.values().filter_map(|ids| ids.values().max()).sum();
        let decoys: Vec<String> = (issues.len()..issues.len() + self.truth.decoys.len())
            .filter(is_found)
            .map(|at| {
                let decoy = &self.truth.decoys[at - issues.len()];
                format!("{} ({})", decoy.key, decoy.kind.as_deref().unwrap_or("decoy"))
            })
            .collect();
        let days = self.last.duration_since(self.truth.score_from).as_secs_f64() / 86_400.0;
        Report {
            method: String::new(),
            threshold: 0.0,
            issues: issues.len(),
            missed: all.iter().filter(|at| !is_found(at)).map(|&at| issues[at].key.clone()).collect(),
            recall: recall(&all),
            recall_offline: recall(&of_shape("offline")),
            precision: part(usize_of(self.true_entries), usize_of(self.entries)),
            false_alarms_a_day: (self.others.keys().filter(|id| !self.true_ids.contains(id)).count() + decoys.len())
                as f64
                / days.max(1.0),
            false_alarms: self
                .others
                .iter()
                .filter(|(id, _)| !self.true_ids.contains(id))
                .map(|(_, label)| label.clone())
                .collect(),
            r_precision: (self.r_precision.1 > 0).then(|| self.r_precision.0 / self.r_precision.1 as f64),
            delay_sudden: delay("sudden"),
            delay_medium: delay("medium"),
            delay_slow: delay("slow"),
            delay_offline: delay("offline"),
            decoys: self.truth.decoys.len(),
            decoys_listed: decoys,
            purity: (self.true_entries > 0).then(|| self.purity / self.true_entries as f64),
            identity: part(usize_of(on_main), usize_of(appearances)),
            days,
            last: self.last_list,
        }
    }
}

fn part(count: usize, of: usize) -> Option<f64> {
    (of > 0).then(|| count as f64 / of as f64)
}

fn usize_of(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
