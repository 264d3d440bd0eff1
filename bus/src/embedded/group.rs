//! Consumer groups: which reader holds which partition.
//!
//! A partition changes hands when its holder next asks for records, because by then the holder has dealt with, and
//! committed, what it got before: in the usual loop a rebalance delivers nothing twice.

use std::collections::BTreeMap;

use crate::log::BusTopic;
use crate::record::{Offset, Offsets, Partition};

/// Identifies a reader within the process.
pub(super) type MemberId = u64;

/// All groups of all bus topics that have committed something or have readers.
#[derive(Debug, Default)]
pub(super) struct Groups {
    groups: BTreeMap<(BusTopic, String), Group>,
    joined: MemberId,
}

/// One group of one bus topic.
#[derive(Debug, Default)]
struct Group {
    committed: Offsets,
    /// In the order in which they joined.
    members: Vec<MemberId>,
    holders: BTreeMap<Partition, MemberId>,
}

/// What [`Groups::settle`] changed for a member.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Settled {
    /// Partitions that it holds from now on, and where to go on; `None` is the beginning.
    pub(super) taken: Vec<(Partition, Option<Offset>)>,
    /// Partitions that it held before.
    pub(super) released: Vec<Partition>,
}

impl Groups {
    /// The groups that have committed `offsets`.
    pub(super) fn new(committed: BTreeMap<(BusTopic, String), Offsets>) -> Self {
        let group = |(key, committed)| (key, Group { committed, ..Group::default() });
        Self { groups: committed.into_iter().map(group).collect(), joined: 0 }
    }

    /// Adds a reader to `group`.
    pub(super) fn join(&mut self, topic: BusTopic, group: &str) -> MemberId {
        self.joined += 1;
        self.groups.entry((topic, group.to_owned())).or_default().members.push(self.joined);
        self.joined
    }

    /// Removes a reader from `group`, and forgets the group when nothing is left of it.
    pub(super) fn leave(&mut self, topic: BusTopic, group: &str, member: MemberId) {
        let key = (topic, group.to_owned());
        let Some(group) = self.groups.get_mut(&key) else { return };
        group.members.retain(|&other| other != member);
        group.holders.retain(|_, holder| *holder != member);
        if group.members.is_empty() && group.committed.0.is_empty() {
            self.groups.remove(&key);
        }
    }

    /// Releases the partitions that are due to another member, and takes those that are due to `member` and free.
    pub(super) fn settle(&mut self, topic: BusTopic, group: &str, member: MemberId, partitions: u32) -> Settled {
        let mut settled = Settled::default();
        let Some(group) = self.groups.get_mut(&(topic, group.to_owned())) else { return settled };
        for partition in 0..partitions {
            let due = group.members[partition as usize % group.members.len()];
            let holder = group.holders.get(&partition).copied();
            if due != member && holder == Some(member) {
                group.holders.remove(&partition);
                settled.released.push(partition);
            } else if due == member && holder.is_none() {
                group.holders.insert(partition, member);
                settled.taken.push((partition, group.committed.0.get(&partition).copied()));
            }
        }
        settled
    }

    /// The committed offsets of `group`.
    pub(super) fn committed(&self, topic: BusTopic, group: &str) -> Option<&Offsets> {
        self.groups.get(&(topic, group.to_owned())).map(|group| &group.committed)
    }

    /// Notes what `group` has committed.
    pub(super) fn set_committed(&mut self, topic: BusTopic, group: &str, offsets: Offsets) {
        self.groups.entry((topic, group.to_owned())).or_default().committed = offsets;
    }

    /// The groups of `topic` that have not committed all records before `end`, with how many records that are.
    pub(super) fn behind(&self, topic: BusTopic, begin: &[Offset], end: &[Offset]) -> Vec<(&str, u64)> {
        let of_topic = self.groups.iter().filter(|((of, _), _)| *of == topic);
        of_topic
            .map(|((_, name), group)| {
                let unread = |(partition, (&begin, &end)): (Partition, (&Offset, &Offset))| {
                    end.saturating_sub(group.committed.next(partition).max(begin))
                };
                (name.as_str(), (0..).zip(begin.iter().zip(end)).map(unread).sum())
            })
            .filter(|&(_, unread)| unread > 0)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPIC: BusTopic = BusTopic::Posts;

    fn partitions_of(settled: &Settled) -> Vec<Partition> {
        settled.taken.iter().map(|(partition, _)| *partition).collect()
    }

    #[test]
    fn a_new_member_gets_its_share_once_the_holder_has_come_back() {
        let mut groups = Groups::default();
        let first = groups.join(TOPIC, "g");
        assert_eq!(partitions_of(&groups.settle(TOPIC, "g", first, 4)), [0, 1, 2, 3]);
        let second = groups.join(TOPIC, "g");
        assert_eq!(groups.settle(TOPIC, "g", second, 4), Settled::default());
        assert_eq!(groups.settle(TOPIC, "g", first, 4).released, [1, 3]);
        assert_eq!(partitions_of(&groups.settle(TOPIC, "g", second, 4)), [1, 3]);
    }

    #[test]
    fn what_a_leaver_held_is_free_at_once_and_goes_on_at_the_committed_offset() {
        let mut groups = Groups::default();
        let (first, second) = (groups.join(TOPIC, "g"), groups.join(TOPIC, "g"));
        groups.settle(TOPIC, "g", first, 2);
        groups.settle(TOPIC, "g", second, 2);
        groups.set_committed(TOPIC, "g", Offsets([(0, 7)].into()));
        groups.leave(TOPIC, "g", first);
        assert_eq!(groups.settle(TOPIC, "g", second, 2).taken, [(0, Some(7))]);
    }

    #[test]
    fn a_group_that_never_committed_is_forgotten_with_its_last_reader() {
        let mut groups = Groups::default();
        let member = groups.join(TOPIC, "g");
        assert_eq!(groups.behind(TOPIC, &[0, 2], &[3, 4]), [("g", 5)]);
        groups.leave(TOPIC, "g", member);
        assert_eq!(groups.behind(TOPIC, &[0, 2], &[3, 4]), []);
    }
}
