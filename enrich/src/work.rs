//! The work on one batch of records, off the async threads: decode, enrich, encode.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{PoisonError, RwLock};

use bus::dead_letter::DeadLetter;
use bus::{BusTopic, Change, Corrections, Delivered, Enriched, Post, Record};

use crate::Chain;
use crate::stage::GROUP;

/// What becomes of a batch.
pub(crate) struct Processed {
    /// Changes for the enriched bus topic, in the order of the records read.
    pub(crate) records: Vec<Record>,
    /// Corrections to be kept for good.
    pub(crate) corrections: Vec<Record>,
    /// Records that could not be processed.
    pub(crate) letters: Vec<DeadLetter>,
    /// How many of `records` are posts.
    pub(crate) posts: u64,
}

/// What to do with one record, in the order of reading.
enum Step<'a> {
    /// Take the next enriched post, which came from this record.
    Post(&'a Delivered),
    /// Pass the change on.
    Pass(Record),
    /// Nothing more: it went to the dead letters.
    Drop,
}

/// Enriches the posts among `records`, and sets the tags that staff have corrected; deletions, erasures, corrections and
/// gaps keep their place among them.
pub(crate) fn process(chain: &Chain, corrections: &RwLock<Corrections>, records: &[Delivered]) -> Processed {
    let mut posts = Vec::with_capacity(records.len());
    let mut letters = Vec::new();
    let mut corrected = Vec::new();
    let steps: Vec<Step> = records
        .iter()
        .map(|record| match Change::<Post>::from_payload(&record.payload) {
            Ok(Change::Upsert(post)) => {
                posts.push(Enriched::untagged(post));
                Step::Post(record)
            }
            Ok(Change::Delete(id)) => Step::Pass(Change::<Enriched>::Delete(id).to_record()),
            Ok(Change::EraseAuthor(author)) => Step::Pass(Change::<Enriched>::EraseAuthor(author).to_record()),
            Ok(Change::Gap(gap)) => Step::Pass(Change::<Enriched>::Gap(gap).to_record()),
            Ok(Change::Correct(correction)) => {
                corrected.push(correction.to_record());
                let whole = corrections.read().unwrap_or_else(PoisonError::into_inner).whole(&correction);
                Step::Pass(Change::<Enriched>::Correct(Box::new(whole)).to_record())
            }
            Err(error) => {
                letters.push(DeadLetter::new(BusTopic::Posts, record, GROUP, &error));
                Step::Drop
            }
        })
        .collect();
    let mut enriched = enrich(chain, posts);
    let known = corrections.read().unwrap_or_else(PoisonError::into_inner);
    for post in enriched.iter_mut().flatten() {
        known.apply(post);
    }
    drop(known);
    let mut enriched = enriched.into_iter();
    let mut out = Vec::with_capacity(steps.len());
    let mut count = 0;
    for step in steps {
        match step {
            Step::Pass(record) => out.push(record),
            Step::Drop => {}
            Step::Post(origin) => match enriched.next().expect("one result for every post").and_then(encode) {
                Ok(record) => {
                    count += 1;
                    out.push(record);
                }
                Err(reason) => letters.push(DeadLetter::new(BusTopic::Posts, origin, GROUP, &reason)),
            },
        }
    }
    Processed { records: out, corrections: corrected, letters, posts: count }
}

/// Enriches all posts at once; only if that fails, one by one, so that one bad post costs only itself.
fn enrich(chain: &Chain, mut posts: Vec<Enriched>) -> Vec<Result<Enriched, String>> {
    // Every enricher replaces what it said before, so that a batch left half tagged can be enriched again.
    if catch_unwind(AssertUnwindSafe(|| chain.enrich(&mut posts))).is_ok() {
        return posts.into_iter().map(Ok).collect();
    }
    posts.into_iter().map(|post| enrich_alone(chain, post)).collect()
}

fn enrich_alone(chain: &Chain, mut post: Enriched) -> Result<Enriched, String> {
    for enricher in chain.enrichers() {
        let tagged = catch_unwind(AssertUnwindSafe(|| enricher.enrich(std::slice::from_mut(&mut post))));
        if tagged.is_err() {
            return Err(format!("the {} enricher failed on this post: a fault of the program", enricher.name()));
        }
    }
    Ok(post)
}

fn encode(post: Enriched) -> Result<Record, String> {
    let record = Change::Upsert(post).to_record();
    let limit = BusTopic::Enriched.max_payload_bytes();
    if record.payload.len() > limit {
        return Err(format!("{} bytes with its tags, more than the {limit} that the bus takes", record.payload.len()));
    }
    Ok(record)
}
