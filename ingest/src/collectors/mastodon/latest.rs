//! Which version of a status is the latest, where events come out of order or a page was read before an event.

use std::collections::HashMap;

use bus::PostId;
use jiff::Timestamp;

/// So many edits and deletions are remembered; events overtake each other by seconds.
const REMEMBERED: usize = 10_000;

/// The last edits and deletions.
#[derive(Debug, Default)]
pub(super) struct Latest(HashMap<PostId, State>);

#[derive(Clone, Copy, Debug)]
enum State {
    Edited(Timestamp),
    Gone,
}

impl Latest {
    /// Notes a version of a status; `false` if a later one is known, or its deletion.
    pub(super) fn is_latest(&mut self, id: PostId, edited_at: Option<Timestamp>) -> bool {
        match (self.0.get(&id), edited_at) {
            (Some(State::Gone), _) | (Some(State::Edited(_)), None) => false,
            (Some(State::Edited(known)), Some(edited_at)) if edited_at < *known => false,
            (_, Some(edited_at)) => {
                self.note(id, State::Edited(edited_at));
                true
            }
            (None, None) => true,
        }
    }

    /// Notes that a status is deleted.
    pub(super) fn is_gone(&mut self, id: PostId) {
        self.note(id, State::Gone);
    }

    fn note(&mut self, id: PostId, state: State) {
        if self.0.len() >= REMEMBERED {
            self.0.clear();
        }
        self.0.insert(id, state);
    }
}
