//! One look at the conversation: all remembered posts up to a moment, in order of time.

use super::clock::WEEK;
use super::posts::{Posts, StoredPost};
use super::score::{Roles, Tallies, position};
use super::voices::COPIES_HEARD;

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
    pub(super) totals: Tallies,
    /// Days of conversation known.
    pub(super) days_seen: i64,
}

impl<'a> Frame<'a> {
    /// The look of `posts`, whose marks must be fresh, at `as_of`.
    pub(super) fn new(posts: &'a Posts, as_of: i64) -> Self {
        let days_seen = posts.days_seen();
        let posts = posts.in_order(as_of);
        let recent = posts.partition_point(|post| post.at <= as_of - WEEK);
        let mut totals = Tallies::default();
        for post in posts.iter().filter(|post| is_heard(post)) {
            totals[position(post.channel)].add(Roles::of(post.channel, as_of - post.at));
        }
        Self { as_of, posts, recent, totals, days_seen }
    }

    /// The roles of a post at this moment.
    pub(super) fn roles(&self, post: &StoredPost) -> Roles {
        Roles::of(post.channel, self.as_of - post.at)
    }
}

/// Whether a post adds a voice to anything.
pub(super) fn is_heard(post: &StoredPost) -> bool {
    post.copy <= COPIES_HEARD && post.terms.iter().any(|used| used.is_voice())
}
