//! Who counts: copies of one text count three times at most, and an author once a term in 24 hours.

use std::collections::HashMap;

use super::clock::DAY;
use super::near_duplicates::copies;
use super::posts::StoredPost;
use super::terms::Term;

/// Copies of one text that add a voice: the text and two more.
pub(super) const COPIES_HEARD: u16 = 3;

/// Marks in each post of a day its copy number, and which of its terms it adds a voice to: those that its author has
/// not used in the 24 hours before, unless it is the fourth copy of a text or later. `before` is the day before.
pub(super) fn mark(before: &[StoredPost], day: &mut [StoredPost]) {
    mark_copies(before, day);
    let mut posts_by: HashMap<u64, u32> = HashMap::with_capacity(before.len() + day.len());
    for post in before.iter().chain(&*day) {
        *posts_by.entry(post.who).or_default() += 1;
    }
    let mut last_use: HashMap<(u64, Term), i64> = HashMap::new();
    let mut earlier: Vec<&StoredPost> = before.iter().filter(|post| posts_by[&post.who] > 1).collect();
    earlier.sort_by_key(|post| (post.at, post.id));
    for post in earlier {
        last_use.extend(post.terms.iter().map(|used| ((post.who, used.term()), post.at)));
    }
    let mut order: Vec<usize> = (0..day.len()).collect();
    order.sort_by_key(|&index| (day[index].at, day[index].id));
    for index in order {
        let post = &mut day[index];
        let is_heard = post.copy.number <= COPIES_HEARD;
        let is_only_one = posts_by[&post.who] == 1;
        for used in &mut post.terms {
            let is_first = is_only_one
                || last_use.insert((post.who, used.term()), post.at).is_none_or(|last| post.at - last >= DAY);
            used.set_voice(is_heard && is_first);
        }
    }
}

fn mark_copies(before: &[StoredPost], day: &mut [StoredPost]) {
    let mut order: Vec<usize> = (0..before.len() + day.len()).collect();
    let marks = {
        let post = |index: usize| if index < before.len() { &before[index] } else { &day[index - before.len()] };
        order.sort_by_key(|&index| (post(index).at, post(index).id));
        copies(order.iter().map(|&index| (post(index).at, post(index).signature.as_ref())))
    };
    for (index, mark) in order.into_iter().zip(marks) {
        if let Some(index) = index.checked_sub(before.len()) {
            day[index].copy = mark;
        }
    }
}
