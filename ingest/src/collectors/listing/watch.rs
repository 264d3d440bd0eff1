//! Recent posts, which are asked for again in rotation: who deletes a post wants it gone here as well.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// So many posts are watched at most; of more, the newest.
const WATCHED: usize = 2_000;

/// An answer that knows none of so many posts is more likely a fault than so many deletions.
const IMPLAUSIBLE: usize = 10;

/// A post that was delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::collectors) struct Known {
    /// The listing that it was in.
    pub(in crate::collectors) stream: String,
    /// Where it stood there.
    pub(in crate::collectors) order: u64,
    /// The source's own name of it.
    pub(in crate::collectors) native: String,
    /// When it was said.
    pub(in crate::collectors) at: Timestamp,
}

/// The posts that are watched. It is part of the cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Watch {
    /// From old to new.
    known: Vec<Known>,
    /// The rotation goes on below this place; from the newest on when it is `None`.
    below: Option<(u64, String)>,
    /// What was implausible the last time (the name of a listing, or [`ASKED`]): the next time it is believed.
    doubts: BTreeSet<String>,
}

/// The name under which answers about posts that were asked for are doubted.
const ASKED: &str = "";

impl Watch {
    /// Watches `posts` too, and forgets those that were said more than `watched_for` ago.
    pub(super) fn add(&mut self, posts: impl IntoIterator<Item = Known>, now: Timestamp, watched_for: Duration) {
        let recent = |known: &Known| {
            let age = Duration::try_from(now.duration_since(known.at)).unwrap_or_default();
            age <= watched_for
        };
        // An edit may give a post another place; it is still one post.
        let mut by_name: HashMap<String, Known> = HashMap::new();
        for known in self.known.drain(..).chain(posts).filter(recent) {
            by_name.insert(known.native.clone(), known);
        }
        self.known = by_name.into_values().collect();
        self.known.sort_by(|a, b| (a.order, &a.native).cmp(&(b.order, &b.native)));
        self.known.drain(..self.known.len().saturating_sub(WATCHED));
    }

    /// The next `count` posts of the rotation, newest first.
    pub(super) fn next(&self, count: usize) -> Vec<Known> {
        let below = self.below.as_ref();
        let waiting =
            |known: &&Known| below.is_none_or(|(order, native)| (known.order, &known.native) < (*order, native));
        let next: Vec<Known> = self.known.iter().rev().filter(waiting).take(count).cloned().collect();
        if next.is_empty() {
            // Those that waited have grown too old meanwhile.
            return self.known.iter().rev().take(count).cloned().collect();
        }
        next
    }

    /// The posts that were asked for have been answered for, and those named `gone` are gone. Returns which of them to
    /// delete, and forgets them.
    pub(super) fn settle(&mut self, asked: &[Known], gone: Vec<String>) -> Vec<String> {
        let gone = self.believe(ASKED, asked.len(), gone);
        if self.doubts.contains(ASKED) {
            return gone;
        }
        let last = asked.iter().map(|known| (known.order, known.native.clone())).min();
        let oldest = self.known.first().map(|known| (known.order, known.native.clone()));
        self.below = last.filter(|last| Some(last) > oldest.as_ref());
        self.forget(|native| gone.iter().any(|name| name == native));
        gone
    }

    /// Which watched posts of `stream` are missing between the places `first` and `last`, where those named `present`
    /// are listed. Forgets them.
    pub(super) fn missing(&mut self, stream: &str, (first, last): (u64, u64), present: &[&str]) -> Vec<String> {
        let between =
            self.known.iter().filter(|known| known.stream == stream && first < known.order && known.order < last);
        let names: Vec<String> = between.map(|known| known.native.clone()).collect();
        let all = names.len();
        let missing: Vec<String> = names.into_iter().filter(|name| !present.contains(&name.as_str())).collect();
        if missing.is_empty() {
            return missing;
        }
        let gone = self.believe(stream, all, missing);
        self.forget(|native| gone.iter().any(|name| name == native));
        gone
    }

    /// Stops watching the posts whose native names `are_gone`.
    pub(super) fn forget(&mut self, are_gone: impl Fn(&str) -> bool) {
        self.known.retain(|known| !are_gone(&known.native));
    }

    /// `gone` of `asked` posts, unless that is hard to believe: then only at the second time.
    fn believe(&mut self, what: &str, asked: usize, gone: Vec<String>) -> Vec<String> {
        let implausible = gone.len() == asked && asked >= IMPLAUSIBLE;
        if implausible && self.doubts.insert(what.to_owned()) {
            return Vec::new();
        }
        self.doubts.remove(what);
        gone
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn now() -> Timestamp {
        "2025-03-01T10:00:00Z".parse().unwrap()
    }

    fn known(order: u64) -> Known {
        Known { stream: "new".into(), order, native: format!("n{order}"), at: now() }
    }

    fn watch(orders: impl IntoIterator<Item = u64>) -> Watch {
        let mut watch = Watch::default();
        watch.add(orders.into_iter().map(known), now(), HOUR);
        watch
    }

    fn orders(known: &[Known]) -> Vec<u64> {
        known.iter().map(|known| known.order).collect()
    }

    #[test]
    fn the_rotation_comes_to_every_post_and_begins_anew() {
        let mut watch = watch([3, 1, 5, 2, 4]);
        let mut rounds = Vec::new();
        for _ in 0..4 {
            let asked = watch.next(2);
            rounds.push(orders(&asked));
            watch.settle(&asked, Vec::new());
        }
        assert_eq!(rounds, [vec![5, 4], vec![3, 2], vec![1], vec![5, 4]]);
    }

    #[test]
    fn the_rotation_begins_anew_when_those_that_waited_grew_too_old() {
        let mut watch = watch([2, 3, 4]);
        watch.add([Known { at: now() - HOUR, ..known(1) }], now(), HOUR);
        let asked = watch.next(3);
        watch.settle(&asked, Vec::new());
        watch.add([], now() + HOUR / 2, HOUR);
        assert_eq!(orders(&watch.next(3)), [4, 3, 2]);
    }

    #[test]
    fn old_posts_and_those_beyond_the_bound_are_forgotten() {
        let mut watch = watch(0..2_500);
        assert_eq!(watch.known.len(), WATCHED);
        assert_eq!(watch.next(1)[0].order, 2_499);
        watch.add([], now() + HOUR * 2, HOUR);
        assert!(watch.next(1).is_empty());
    }

    #[test]
    fn an_answer_that_knows_nothing_is_believed_only_at_the_second_time() {
        let mut watch = watch(0..20);
        let asked = watch.next(20);
        let all: Vec<String> = asked.iter().map(|known| known.native.clone()).collect();
        assert!(watch.settle(&asked, all.clone()).is_empty());
        assert_eq!(watch.next(20), asked);
        assert_eq!(watch.settle(&asked, all).len(), 20);
        assert!(watch.next(20).is_empty());
    }

    #[test]
    fn a_post_that_is_missing_inside_a_page_is_gone_and_one_at_its_edge_is_not() {
        let mut watch = watch([1, 2, 3, 4]);
        assert_eq!(watch.missing("new", (1, 4), &["n1", "n3", "n4"]), ["n2"]);
        assert!(watch.missing("comments", (1, 4), &[]).is_empty());
        assert_eq!(orders(&watch.next(9)), [4, 3, 1]);
    }

    proptest! {
        #[test]
        fn no_post_is_left_out_however_they_come_and_go(
            first in prop::collection::btree_set(0_u64..200, 1..60), at_once in 1_usize..20,
        ) {
            let mut watch = watch(first.iter().copied());
            let mut asked_for = BTreeSet::new();
            for _ in 0..=first.len() / at_once {
                let asked = watch.next(at_once);
                asked_for.extend(orders(&asked));
                watch.settle(&asked, Vec::new());
            }
            prop_assert_eq!(asked_for, first);
        }
    }
}
