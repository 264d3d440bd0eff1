//! Who is who: each issue keeps its identity over hours, days and restarts.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ulid::Ulid;

use super::clock::DAY;
use super::model::{IssueId, Retired};
use super::terms::Term;

/// How long an issue is remembered after it was last seen.
const REMEMBERED: i64 = 21 * DAY;
/// Likeness from which a cluster is an issue already known.
const SAME: f64 = 0.25;
/// Part of the posts of one issue found in the cluster of another from which the two are one.
const MERGED: f64 = 0.5;
/// Part of the posts of a cluster known as those of an issue from which it belongs to that issue.
const INSIDE: f64 = 0.5;
/// Terms and posts remembered of an issue at most.
const TERMS: usize = 24;
const POSTS: usize = 400;
/// What a term's weight becomes in a day without it.
const DECAY_A_DAY: f64 = 0.7;
/// Retired issues remembered at most.
const MAX_RETIRED: usize = 1_000;

/// All issues that the detector follows or has followed.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Registry {
    entries: BTreeMap<IssueId, Entry>,
    merged: BTreeMap<IssueId, IssueId>,
    expired: BTreeMap<IssueId, (String, i64)>,
}

/// One issue as it is remembered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    /// The first post of its present rise, in seconds since 1970.
    pub(super) first_seen: i64,
    /// What it is called.
    pub(super) label: String,
    /// Whether it was listed or held when last seen.
    pub(super) is_listed: bool,
    last_seen: i64,
    last_listed: Option<i64>,
    terms: BTreeMap<Term, f64>,
    posts: BTreeSet<[u8; 16]>,
}

/// A cluster that looks for its identity.
#[derive(Debug)]
pub(super) struct Sighting {
    /// The first post of the present rise, in seconds since 1970.
    pub(super) first_seen: i64,
    /// The id of that post, which makes a new identity the same in every replay.
    pub(super) first_post: [u8; 16],
    /// Its terms with the strength of each.
    pub(super) terms: BTreeMap<Term, f64>,
    /// Its posts of the last seven days, newest first.
    pub(super) posts: Vec<[u8; 16]>,
    /// Whether it is strong enough to become an issue if it is none yet.
    pub(super) may_be_new: bool,
}

/// How many posts an issue and a cluster share, as a part of each.
struct Shared {
    of_entry: f64,
    of_sighting: f64,
    cosine: f64,
}

impl Registry {
    /// The identity of each cluster, in their order; `None` for those that are no issue. A cluster takes the id of
    /// the issue most like it; where several issues have grown into one cluster, the oldest id stays.
    pub(super) fn identify(&mut self, sightings: &[Sighting], as_of: i64) -> Vec<Option<IssueId>> {
        self.forget(as_of);
        let mut identities: Vec<Option<IssueId>> = vec![None; sightings.len()];
        let mut taken: BTreeSet<IssueId> = BTreeSet::new();
        let alike = self.alike(sightings);
        for &(_, index, id) in &alike {
            if identities[index].is_none() && taken.insert(id) {
                identities[index] = Some(id);
            }
        }
        self.merge(sightings, &mut identities, &mut taken);
        for (sighting, identity) in sightings.iter().zip(&mut identities) {
            if identity.is_none() && sighting.may_be_new {
                *identity = Some(self.create(sighting, as_of));
            }
            if let Some(entry) = identity.and_then(|id| self.entries.get_mut(&id)) {
                entry.see(sighting, as_of);
            }
        }
        identities
    }

    /// For each cluster, the first one that lies inside the same issue as it has been known until now, mostly itself.
    /// What was one issue an hour ago stays one, even if its words have drifted apart.
    pub(super) fn belonging(&self, sightings: &[Sighting]) -> Vec<usize> {
        let mut first_inside: BTreeMap<IssueId, usize> = BTreeMap::new();
        let inside = |sighting: &Sighting| {
            let known = self.entries.iter().map(|(&id, entry)| (entry.shared_posts(sighting).of_sighting, id));
            known
                .filter(|(shared, _)| *shared >= INSIDE)
                .max_by(|one, two| one.0.total_cmp(&two.0).then(two.1.cmp(&one.1)))
        };
        let found = sightings.iter().enumerate();
        found
            .map(|(at, sighting)| inside(sighting).map_or(at, |(_, id)| *first_inside.entry(id).or_insert(at)))
            .collect()
    }

    /// What is remembered of an issue.
    pub(super) fn entry(&self, id: IssueId) -> Option<&Entry> {
        self.entries.get(&id)
    }

    /// Notes which issues the list of `as_of` shows, and under which labels.
    pub(super) fn note_listed(&mut self, listed: &BTreeMap<IssueId, String>, as_of: i64) {
        for (id, entry) in &mut self.entries {
            entry.is_listed = listed.contains_key(id);
            if let Some(label) = listed.get(id) {
                entry.label.clone_from(label);
                entry.last_listed = Some(as_of);
            }
        }
    }

    /// What became of every issue that was listed once and is not now.
    pub(super) fn retired(&self) -> BTreeMap<IssueId, Retired> {
        let merged = self.merged.iter().map(|(&id, &into)| (id, Retired::MergedInto(into)));
        let quiet = self.entries.iter().filter(|(_, entry)| !entry.is_listed);
        let quiet = quiet.filter_map(|(&id, entry)| Some((id, expired(&entry.label, entry.last_listed?))));
        let gone = self.expired.iter().map(|(&id, (label, last))| (id, expired(label, *last)));
        merged.chain(quiet).chain(gone).collect()
    }

    /// Forgets a post that was deleted.
    pub(super) fn remove_post(&mut self, id: &[u8; 16]) {
        for entry in self.entries.values_mut() {
            entry.posts.remove(id);
        }
    }

    fn alike(&self, sightings: &[Sighting]) -> Vec<(f64, usize, IssueId)> {
        let mut alike = Vec::new();
        for (index, sighting) in sightings.iter().enumerate() {
            for (&id, entry) in &self.entries {
                let likeness = entry.shared_posts(sighting).cosine.max(entry.shared_terms(sighting));
                if likeness >= SAME {
                    alike.push((likeness, index, id));
                }
            }
        }
        alike.sort_by(|one, two| two.0.total_cmp(&one.0).then(one.1.cmp(&two.1)).then(one.2.cmp(&two.2)));
        alike
    }

    /// Where an issue that no cluster has taken lies inside one that has an identity, the two become one.
    fn merge(&mut self, sightings: &[Sighting], identities: &mut [Option<IssueId>], taken: &mut BTreeSet<IssueId>) {
        for (sighting, identity) in sightings.iter().zip(identities) {
            let Some(current) = *identity else { continue };
            let inside = self.entries.iter().filter(|(id, entry)| {
                !taken.contains(id) && entry.shared_posts(sighting).of_entry >= MERGED && entry.last_listed.is_some()
            });
            let mut all: Vec<IssueId> = inside.map(|(&id, _)| id).chain([current]).collect();
            let Some(oldest) = all.iter().copied().min() else { continue };
            all.retain(|&id| id != oldest);
            for id in all {
                self.entries.remove(&id);
                self.merged.insert(id, oldest);
                for into in self.merged.values_mut().filter(|into| **into == id) {
                    *into = oldest;
                }
            }
            taken.insert(oldest);
            *identity = Some(oldest);
        }
    }

    fn create(&mut self, sighting: &Sighting, as_of: i64) -> IssueId {
        let id = (0..=u32::MAX)
            .map(|attempt| new_id(sighting, attempt))
            .find(|id| {
                !self.entries.contains_key(id) && !self.merged.contains_key(id) && !self.expired.contains_key(id)
            })
            .expect("there are more attempts than issues");
        let entry = Entry {
            first_seen: sighting.first_seen,
            label: String::new(),
            is_listed: false,
            last_seen: as_of,
            last_listed: None,
            terms: BTreeMap::new(),
            posts: BTreeSet::new(),
        };
        self.entries.insert(id, entry);
        id
    }

    fn forget(&mut self, as_of: i64) {
        let gone: Vec<IssueId> =
            self.entries.iter().filter(|(_, entry)| entry.last_seen < as_of - REMEMBERED).map(|(&id, _)| id).collect();
        for id in gone {
            let entry = self.entries.remove(&id);
            if let Some((label, last)) = entry.and_then(|entry| Some((entry.label, entry.last_listed?))) {
                self.expired.insert(id, (label, last));
            }
        }
        // An id begins with its time, so that the first are the oldest.
        while self.expired.len() > MAX_RETIRED {
            self.expired.pop_first();
        }
        while self.merged.len() > MAX_RETIRED {
            self.merged.pop_first();
        }
    }
}

impl Entry {
    fn see(&mut self, sighting: &Sighting, as_of: i64) {
        if as_of - self.last_seen > 3 * DAY {
            self.first_seen = sighting.first_seen;
        }
        let decay = DECAY_A_DAY.powf((as_of - self.last_seen).max(0) as f64 / DAY as f64);
        for weight in self.terms.values_mut() {
            *weight *= decay;
        }
        for (&term, &weight) in &sighting.terms {
            let known = self.terms.entry(term).or_default();
            *known = known.max(weight);
        }
        let mut by_weight: Vec<(Term, f64)> = self.terms.iter().map(|(&term, &weight)| (term, weight)).collect();
        by_weight.sort_by(|(one, a), (two, b)| b.total_cmp(a).then(one.cmp(two)));
        self.terms = by_weight.into_iter().take(TERMS).collect();
        self.posts = sighting.posts.iter().copied().take(POSTS).collect();
        self.last_seen = as_of;
    }

    /// Posts that both have, against the size of each of the two.
    fn shared_posts(&self, sighting: &Sighting) -> Shared {
        let recent = &sighting.posts[..sighting.posts.len().min(POSTS)];
        let shared = recent.iter().filter(|post| self.posts.contains(*post)).count() as f64;
        let (entry, sighting) = (self.posts.len().max(1) as f64, recent.len().max(1) as f64);
        Shared { of_entry: shared / entry, of_sighting: shared / sighting, cosine: shared / (entry * sighting).sqrt() }
    }

    /// The part of the weight of the terms that both have (weighted Jaccard).
    fn shared_terms(&self, sighting: &Sighting) -> f64 {
        let weight = |terms: &BTreeMap<Term, f64>, term| terms.get(&term).copied().unwrap_or(0.0);
        let all: BTreeSet<Term> = self.terms.keys().chain(sighting.terms.keys()).copied().collect();
        let pairs = all.into_iter().map(|term| (weight(&self.terms, term), weight(&sighting.terms, term)));
        let (both, either) = pairs.fold((0.0, 0.0), |(both, either), (a, b)| (both + a.min(b), either + a.max(b)));
        if either > 0.0 { both / either } else { 0.0 }
    }
}

fn expired(label: &str, last_listed: i64) -> Retired {
    let last_listed = Timestamp::from_second(last_listed).unwrap_or_default();
    Retired::Expired { label: label.to_owned(), last_listed }
}

fn new_id(sighting: &Sighting, attempt: u32) -> IssueId {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&sighting.first_post);
    hasher.update(&attempt.to_le_bytes());
    let random: [u8; 16] = hasher.finalize().as_bytes()[..16].try_into().expect("a digest has 16 first bytes");
    let milliseconds = u64::try_from(sighting.first_seen).unwrap_or(0) * 1_000;
    Ulid::from_parts(milliseconds, u128::from_le_bytes(random))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sighting(first_seen: i64, terms: &[u32], posts: &[u8]) -> Sighting {
        Sighting {
            first_seen,
            first_post: [posts[0]; 16],
            terms: terms.iter().map(|&term| (Term::word(term), 5.0)).collect(),
            posts: posts.iter().map(|&post| [post; 16]).collect(),
            may_be_new: true,
        }
    }

    fn list(registry: &mut Registry, ids: &[Option<IssueId>], as_of: i64) {
        let listed = ids.iter().flatten().map(|&id| (id, format!("Issue {id}"))).collect();
        registry.note_listed(&listed, as_of);
    }

    #[test]
    fn an_issue_keeps_its_id_while_its_words_and_posts_change() {
        let mut registry = Registry::default();
        let first = registry.identify(&[sighting(100, &[1, 2, 3], &[1, 2, 3])], 1_000);
        let second = registry.identify(&[sighting(100, &[3, 4, 5], &[3, 4, 5])], 1_000 + DAY);
        let other_words = registry.identify(&[sighting(100, &[8, 9], &[4, 5, 6])], 1_000 + 2 * DAY);
        assert_eq!(first, second);
        assert_eq!(first, other_words);
    }

    #[test]
    fn the_same_stream_gives_the_same_ids_and_another_issue_another() {
        let sightings = [sighting(100, &[1, 2], &[1, 2]), sighting(200, &[7, 8], &[7, 8])];
        let ids = Registry::default().identify(&sightings, 1_000);
        assert_eq!(ids, Registry::default().identify(&sightings, 1_000));
        assert_ne!(ids[0], ids[1]);
    }

    #[test]
    fn at_a_merge_the_older_id_stays_and_the_other_leads_to_it() {
        let mut registry = Registry::default();
        let two = [sighting(100_000, &[1, 2], &[1, 2, 3]), sighting(200_000, &[7, 8], &[7, 8, 9, 10])];
        let ids = registry.identify(&two, 300_000);
        list(&mut registry, &ids, 300_000);
        let merged = sighting(200_000, &[7, 8, 1], &[1, 2, 3, 7, 8, 9, 10]);
        let after = registry.identify(&[merged], 300_000 + DAY);
        list(&mut registry, &after, 300_000 + DAY);
        assert_eq!(after[0], ids[0]);
        assert_eq!(registry.retired().get(&ids[1].unwrap()), Some(&Retired::MergedInto(ids[0].unwrap())));
    }

    #[test]
    fn an_issue_that_falls_silent_is_expired_and_comes_back_under_its_id() {
        let mut registry = Registry::default();
        let ids = registry.identify(&[sighting(100, &[1, 2], &[1, 2])], 1_000);
        list(&mut registry, &ids, 1_000);
        registry.identify(&[], 1_000 + DAY);
        list(&mut registry, &[], 1_000 + DAY);
        assert!(matches!(registry.retired()[&ids[0].unwrap()], Retired::Expired { .. }));
        let back = registry.identify(&[sighting(100, &[1, 2], &[3, 4])], 1_000 + 5 * DAY);
        list(&mut registry, &back, 1_000 + 5 * DAY);
        assert_eq!(back, ids);
        assert!(registry.retired().is_empty());
    }

    #[test]
    fn after_three_weeks_only_the_label_is_remembered() {
        let mut registry = Registry::default();
        let ids = registry.identify(&[sighting(100, &[1, 2], &[1, 2])], 1_000);
        list(&mut registry, &ids, 1_000);
        registry.identify(&[], 1_000 + 22 * DAY);
        assert!(registry.entry(ids[0].unwrap()).is_none());
        assert!(
            matches!(&registry.retired()[&ids[0].unwrap()], Retired::Expired { label, .. } if label.starts_with("Issue"))
        );
    }
}
