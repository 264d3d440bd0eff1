//! Which posts stand where: for each outlet, and for each followed hashtag of a social one, the ids in order.

use jiff::{SignedDuration, Timestamp};

use crate::conversation::{Conversation, PostRef};
use crate::outlet::{FOLLOWED_TAGS, OUTLETS};

/// Sorted lists of ids, 8 bytes a post and list.
#[derive(Debug)]
pub(super) struct Index {
    conversation: Conversation,
    /// Posts before this moment are listed.
    until: Timestamp,
    outlets: Vec<Vec<PostRef>>,
    /// For each outlet, for each followed hashtag.
    tags: Vec<Vec<Vec<PostRef>>>,
}

/// A part of a list, as it is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Window {
    /// The newest.
    Newest,
    /// The newest that are older than this id.
    Before(PostRef),
    /// The newest that are newer than this id.
    Since(PostRef),
    /// The oldest that are newer than this id.
    After(PostRef),
}

impl Index {
    /// The index of everything before `until`.
    pub(super) fn new(conversation: Conversation, until: Timestamp) -> Self {
        let outlets = vec![Vec::new(); OUTLETS.len()];
        let tags = vec![vec![Vec::new(); FOLLOWED_TAGS.len()]; OUTLETS.len()];
        let mut index = Self { conversation, until: conversation.start(), outlets, tags };
        index.extend(until);
        index
    }

    /// Takes in what is said up to `now`.
    pub(super) fn extend(&mut self, now: Timestamp) {
        // A quarter of an hour ahead, so that most requests find nothing to do; what is later than now is not shown.
        if now < self.until {
            return;
        }
        let until = now + SignedDuration::from_mins(15);
        for (id, spec) in self.conversation.specs_between(self.until, until) {
            let Some(outlet) = spec.outlet else { continue };
            self.outlets[outlet].push(id);
            if spec.channel == bus::Channel::Social {
                for tag in spec.tags() {
                    if let Some(tag) = FOLLOWED_TAGS.iter().position(|followed| *followed == tag) {
                        self.tags[outlet][tag].push(id);
                    }
                }
            }
        }
        self.until = until;
    }

    /// At most `limit` ids of an outlet up to `now`, newest first; of one hashtag, if there is one.
    pub(super) fn ids(
        &self,
        outlet: usize,
        tag: Option<usize>,
        window: Window,
        limit: usize,
        now: Timestamp,
    ) -> Vec<PostRef> {
        let list = tag.map_or(&self.outlets[outlet], |tag| &self.tags[outlet][tag]);
        let end = list.partition_point(|id| id.created_at() <= now);
        let list = &list[..end];
        let older = |id: PostRef| list.partition_point(|other| *other < id);
        let not_newer = |id: PostRef| list.partition_point(|other| *other <= id);
        let newest = |list: &[PostRef]| list[list.len().saturating_sub(limit)..].to_vec();
        let mut ids = match window {
            Window::Newest => newest(list),
            Window::Before(id) => newest(&list[..older(id)]),
            Window::Since(id) => newest(&list[not_newer(id)..]),
            Window::After(id) => list[not_newer(id)..].iter().copied().take(limit).collect(),
        };
        ids.reverse();
        ids
    }
}
