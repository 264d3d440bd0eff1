//! Quotes: a few posts that show different views of an issue.

use std::collections::HashMap;

use bus::{Channel, PostId};

use super::near_duplicates::Signature;
use super::posts::StoredPost;

/// Quotes of an issue at most.
const QUOTES: usize = 5;
/// Lengths in bytes that read well.
const READABLE: std::ops::RangeInclusive<usize> = 40..=300;

/// The posts to quote among `voices` (newest first): by distinct authors, in different words, and from as many
/// channels, feelings and regions as there are; the first from a meeting where there is one.
pub(super) fn choose(voices: &[&StoredPost]) -> Vec<PostId> {
    let mut chosen: Vec<&StoredPost> = Vec::new();
    while chosen.len() < QUOTES {
        let open = voices.iter().filter(|post| !chosen.iter().any(|other| is_same(post, other)));
        let Some(best) = open.rev().max_by_key(|post| worth(post, &chosen)) else { break };
        chosen.push(best);
    }
    chosen.into_iter().map(StoredPost::post_id).collect()
}

/// What a quote would add to those chosen already.
fn worth(post: &StoredPost, chosen: &[&StoredPost]) -> u32 {
    let is_new = |same: &dyn Fn(&StoredPost) -> bool| u32::from(!chosen.iter().any(|other| same(other)));
    let length = post.text.as_deref().map_or(0, str::len);
    8 * u32::from(post.channel == Channel::Offline) * is_new(&|other| other.channel == Channel::Offline)
        + 4 * is_new(&|other| other.channel == post.channel)
        + 2 * is_new(&|other| other.region == post.region) * u32::from(post.region.is_some())
        + 2 * is_new(&|other| other.sentiment == post.sentiment)
        + 3 * u32::from(READABLE.contains(&length))
}

fn is_same(post: &StoredPost, other: &StoredPost) -> bool {
    post.id == other.id || post.who == other.who || is_like(post.signature.as_ref(), other.signature.as_ref())
}

fn is_like(one: Option<&Signature>, two: Option<&Signature>) -> bool {
    one.zip(two).is_some_and(|(one, two)| one.is_like(two))
}

/// How often each value occurs, most first; ties in the order of the values.
pub(super) fn ranked<T: Ord + std::hash::Hash>(values: impl Iterator<Item = T>) -> Vec<(T, u64)> {
    let mut counts: HashMap<T, u64> = HashMap::new();
    for value in values {
        *counts.entry(value).or_default() += 1;
    }
    let mut ranked: Vec<(T, u64)> = counts.into_iter().collect();
    ranked.sort_by(|(one, a), (two, b)| b.cmp(a).then_with(|| one.cmp(two)));
    ranked
}
