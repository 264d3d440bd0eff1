//! Which posts of a topic were never listed: a topic that moderators moved into public, or showed again, brings posts
//! that are older than what we know.

use std::collections::{BTreeMap, BTreeSet};

/// So many topics are remembered; of more, the newest.
const REMEMBERED: usize = 1_000;

/// The posts of topics that were listed of late. It lives in memory only: it begins anew with the program.
#[derive(Debug, Default)]
pub(super) struct Topics {
    /// The highest number of a post that was listed in an earlier walk.
    highest: BTreeMap<u64, u32>,
    /// The numbers that were listed in this walk.
    walked: BTreeMap<u64, BTreeSet<u32>>,
}

/// A hole in a topic: the posts after `after` were never listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hole {
    pub(super) topic: u64,
    pub(super) after: u32,
}

impl Topics {
    /// Post `number` of `topic` was listed.
    pub(super) fn note(&mut self, topic: u64, number: u32) {
        self.walked.entry(topic).or_default().insert(number);
        while self.walked.len() > REMEMBERED {
            self.walked.pop_first();
        }
    }

    /// The walk has ended. Returns what was left out between the posts of this walk and those before it, at most `count`
    /// holes. Numbers of deleted posts are holes as well, and are asked for once.
    pub(super) fn holes(&mut self, count: usize) -> Vec<Hole> {
        let mut holes = Vec::new();
        for (topic, numbers) in std::mem::take(&mut self.walked) {
            let highest = self.highest.get(&topic).copied();
            if let Some(known) = highest {
                let mut last = known;
                let hole = numbers.iter().filter(|number| **number > known).find_map(|&number| {
                    let hole = (number > last + 1).then_some(Hole { topic, after: last });
                    last = number;
                    hole
                });
                holes.extend(hole);
            }
            let top = numbers.last().copied().max(highest);
            self.highest.extend(top.map(|top| (topic, top)));
        }
        while self.highest.len() > REMEMBERED {
            self.highest.pop_first();
        }
        holes.truncate(count);
        holes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(topics: &mut Topics, numbers: &[u32]) -> Vec<u32> {
        for &number in numbers {
            topics.note(7, number);
        }
        topics.holes(3).into_iter().map(|hole| hole.after).collect()
    }

    #[test]
    fn a_number_that_was_passed_over_is_a_hole_once() {
        let mut topics = Topics::default();
        assert!(walk(&mut topics, &[5, 3]).is_empty(), "what came before we began is no hole");
        assert!(walk(&mut topics, &[6]).is_empty());
        assert_eq!(walk(&mut topics, &[10, 9, 7]), [7]);
        assert!(walk(&mut topics, &[11]).is_empty());
        assert_eq!(walk(&mut topics, &[14]), [11]);
    }

    #[test]
    fn memory_is_bounded() {
        let mut topics = Topics::default();
        for topic in 0..3_000 {
            topics.note(topic, 1);
        }
        topics.holes(3);
        assert_eq!(topics.highest.len(), REMEMBERED);
    }
}
