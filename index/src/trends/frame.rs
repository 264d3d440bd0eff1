//! One look at the conversation: all remembered posts up to a moment, in order of time.

use std::collections::HashMap;

use bus::Channel;

use super::clock::WEEK;
use super::gaps::Missing;
use super::names::Name;
use super::posts::{Posts, StoredPost};
use super::score::{Evidence, Roles, Tallies, Weights, judge, position};

/// The posts that one list is computed from.
#[derive(Debug)]
pub(super) struct Frame<'a> {
    /// The moment of the list, in seconds since 1970.
    pub(super) as_of: i64,
    /// All posts, oldest first.
    pub(super) posts: Vec<&'a StoredPost>,
    /// Where the last seven days begin in `posts`.
    pub(super) recent: usize,
    /// Posts that add a voice to anything.
    voices: Tallies,
    /// All posts.
    all: Tallies,
    /// Days of conversation known.
    pub(super) days_seen: i64,
    /// Whether what is usual at this time of each week is expected.
    pub(super) with_habits: bool,
    /// When each author was heard first, as far as is remembered.
    first_heard: HashMap<u64, i64>,
    /// What was not collected.
    pub(super) missing: Missing,
    /// How the posts of sources count of which something is missing.
    weights: HashMap<(Name, Channel), Weights>,
}

impl<'a> Frame<'a> {
    /// The look of `posts`, whose marks must be fresh, at `as_of`, with what was not collected until then.
    pub(super) fn new(posts: &'a Posts, as_of: i64, missing: Missing) -> Self {
        let days_seen = posts.days_seen();
        let posts = posts.in_order(as_of);
        let recent = posts.partition_point(|post| post.at <= as_of - WEEK);
        let mut weights = HashMap::new();
        for (source, channel) in missing.sources().flat_map(|source| Channel::ALL.map(|channel| (source, channel))) {
            let part = |from, until| missing.part(source, from, until);
            weights.insert((source, channel), Weights::of(channel, days_seen, part));
        }
        let (mut voices, mut all) = (Tallies::default(), Tallies::default());
        let mut first_heard = HashMap::new();
        for post in &posts {
            first_heard.entry(post.who).or_insert(post.at);
            let roles = roles(&weights, post, as_of);
            all[position(post.channel)].add(roles);
            if post.terms.iter().any(|used| used.is_voice()) {
                voices[position(post.channel)].add(roles);
            }
        }
        Self { as_of, posts, recent, voices, all, days_seen, with_habits: true, first_heard, missing, weights }
    }

    /// What counts of something, counted in this way, say against everything.
    pub(super) fn judge(&self, tallies: &Tallies, counting: Counting) -> Evidence {
        // Habits are told from whole weeks: of no days none is known.
        let days_seen = if self.with_habits { self.days_seen } else { 0 };
        judge(tallies, self.totals(counting), days_seen)
    }

    /// Everything, counted in this way.
    pub(super) fn totals(&self, counting: Counting) -> &Tallies {
        match counting {
            Counting::Voices => &self.voices,
            Counting::Posts => &self.all,
        }
    }

    /// Whether an author said nothing at all before `since`, as far as is remembered.
    pub(super) fn is_new(&self, author: u64, since: i64) -> bool {
        self.first_heard.get(&author).is_none_or(|&first| first >= since)
    }

    /// The roles of a post at this moment.
    pub(super) fn roles(&self, post: &StoredPost) -> Roles {
        roles(&self.weights, post, self.as_of)
    }
}

fn roles(weights: &HashMap<(Name, Channel), Weights>, post: &StoredPost, as_of: i64) -> Roles {
    let weights = weights.get(&(post.source, post.channel)).copied().unwrap_or(Weights::WHOLE);
    Roles::of(post.channel, as_of - post.at, weights)
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counting {
    /// Authors who speak for themselves: what issues are found by.
    Voices,
    /// Every post: what shows loud accounts and copied texts, which are held.
    Posts,
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::retention::Retention;
    use crate::testing::post;
    use crate::trends::clock::DAY;

    #[test]
    fn an_author_is_new_who_said_nothing_before() {
        let mut posts = Posts::new(100, Retention::default());
        let now = post(0).build().post.created_at;
        for (number, author, days_ago) in [(1, 1, 9), (2, 1, 1), (3, 2, 1)] {
            posts.upsert(&post(number).author(author).at(now - SignedDuration::from_hours(24 * days_ago)).build());
        }
        posts.refresh();
        let frame = Frame::new(&posts, now.as_second(), Missing::default());
        let author = |nth: usize| frame.posts[nth].who;
        let since = now.as_second() - 7 * DAY;
        assert!(!frame.is_new(author(0), since), "heard nine days ago");
        let yesterday = [1, 2].map(author).into_iter().filter(|&who| frame.is_new(who, since));
        assert_eq!(yesterday.count(), 1, "of the two heard yesterday one was heard before");
        assert!(frame.is_new(0, since), "never heard at all");
    }
}
