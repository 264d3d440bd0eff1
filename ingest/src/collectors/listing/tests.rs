//! The follower against a simulated forum: whatever happens there, on the way and here, what was delivered is in the
//! end what the forum shows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use bus::Change;
use proptest::prelude::*;

use super::*;
use crate::collector::{Batch, Collector, Cursor, Missed};
use crate::testing::{context, feed_source};

const PAGE: usize = 4;

/// What the forum shows, by id; its clock counts minutes since the beginning.
#[derive(Default)]
struct Forum {
    posts: BTreeMap<u64, String>,
    next_id: u64,
    /// The requests with these numbers fail.
    faults: BTreeSet<usize>,
    requests: usize,
    /// So many posts are listed at most.
    depth: Option<usize>,
    /// The tokens of pages are refused.
    no_tokens: bool,
    knows_nothing: bool,
}

#[derive(Clone, Default)]
struct Simulated(Arc<Mutex<Forum>>);

fn start() -> Timestamp {
    "2025-03-01T10:00:00Z".parse().unwrap()
}

fn entry(context: &Context, id: u64, text: &str) -> Entry {
    let native = format!("p{id}");
    let at = start() + Duration::from_secs(id * 60);
    let draft =
        Draft { native: &native, author: Some("a"), created_at: at, title: None, text, url: None, language: None };
    let found =
        if text == "[deleted]" { Found::Gone(context.post_id(&native)) } else { Found::of(draft.post(context)) };
    Entry { native, order: id, in_order: true, at, found }
}

struct ForumListing(Simulated, Context);

#[async_trait]
impl Listing for ForumListing {
    const AGAIN_AT_ONCE: usize = 5;
    const AGAIN_CALLS: usize = 2;
    const WATCHED_FOR: Duration = Duration::from_hours(500_000);

    fn streams(&self) -> Vec<String> {
        vec!["new".to_owned()]
    }

    async fn page(&mut self, _: &str, ask: &Ask) -> Result<Page, CollectError> {
        let mut forum = self.0.0.lock().unwrap();
        forum.request()?;
        if forum.no_tokens && ask.page.is_some() {
            return Err(CollectError::Malformed { reason: "no such page".into() });
        }
        let below: u64 = ask.page.as_ref().map_or(u64::MAX, |page| page.parse().unwrap());
        let shown: Vec<(&u64, &String)> = forum.posts.iter().rev().take(forum.depth.unwrap_or(usize::MAX)).collect();
        let page: Vec<_> = shown.iter().filter(|(id, _)| **id < below).take(PAGE).collect();
        let last = page.last().map(|(id, _)| **id);
        let more = shown.last().map(|(id, _)| **id) < last;
        let oldest = shown.last().map(|(id, _)| start() + Duration::from_secs(**id * 60));
        Ok(Page {
            entries: page.iter().map(|(id, text)| entry(&self.1, **id, text)).collect(),
            next: last.filter(|_| more).map(|id| id.to_string()),
            cut_at: oldest.filter(|_| !more && forum.depth.is_some_and(|depth| forum.posts.len() > depth)),
            ..Page::default()
        })
    }

    async fn again(&mut self, known: &[Known]) -> Result<Again, CollectError> {
        let mut forum = self.0.0.lock().unwrap();
        forum.request()?;
        let mut again = Again::default();
        for known in known {
            let id: u64 = known.native[1..].parse().unwrap();
            match forum.posts.get(&id).filter(|_| !forum.knows_nothing) {
                Some(text) => again.entries.push(entry(&self.1, id, text)),
                None => again.gone.push(known.native.clone()),
            }
        }
        Ok(again)
    }
}

impl Forum {
    fn request(&mut self) -> Result<(), CollectError> {
        self.requests += 1;
        if self.faults.remove(&self.requests) {
            return Err(CollectError::Transient { reason: "a fault at their side".into() });
        }
        Ok(())
    }

    fn write(&mut self, count: u64) {
        for _ in 0..count {
            let id = self.next_id;
            self.posts.insert(id, format!("text {id}"));
            self.next_id += 1;
        }
    }
}

impl Simulated {
    fn with(posts: u64) -> Self {
        let forum = Self::default();
        forum.0.lock().unwrap().write(posts);
        forum
    }

    fn follower(&self) -> Follower<ForumListing> {
        let context = context(feed_source("forum", "https://example.org/"));
        Follower::new(ForumListing(self.clone(), context.clone()), context, Duration::from_hours(500_000))
    }
}

/// What has come out of all batches: the posts as they are now, and how often anything came.
#[derive(Default)]
struct Delivered {
    texts: BTreeMap<PostId, String>,
    upserts: usize,
    deletions: usize,
}

impl Delivered {
    fn take(&mut self, batch: Batch) {
        for change in batch.changes {
            match change {
                Change::Upsert(post) => {
                    self.upserts += 1;
                    self.texts.insert(post.id, post.text);
                }
                Change::Delete(id) => {
                    self.deletions += 1;
                    self.texts.remove(&id);
                }
                other => panic!("{other:?}"),
            }
        }
    }

    fn texts(&self) -> BTreeSet<String> {
        self.texts.values().cloned().collect()
    }
}

/// Collects until nothing more is to be fetched at once.
async fn drain(follower: &mut Follower<ForumListing>, cursor: &mut Cursor, delivered: &mut Delivered) -> Batch {
    loop {
        let batch = follower.collect(cursor).await.unwrap();
        *cursor = batch.cursor.clone();
        let (more, missed, notice, next_in) =
            (batch.next_in.is_zero(), batch.missed.clone(), batch.notice.clone(), batch.next_in);
        delivered.take(batch);
        if !more {
            return Batch { next_in, notice, missed, ..Batch::default() };
        }
    }
}

#[tokio::test]
async fn a_long_listing_is_walked_in_pieces_and_then_only_what_is_new_is_read() {
    let forum = Simulated::with(100);
    let (mut follower, mut cursor, mut delivered) = (forum.follower(), Cursor::default(), Delivered::default());
    let last = drain(&mut follower, &mut cursor, &mut delivered).await;
    assert_eq!((delivered.upserts, delivered.texts().len()), (100, 100));
    assert_eq!(last.missed, Some(Missed::Nothing));
    let before = forum.0.lock().unwrap().requests;
    forum.0.lock().unwrap().write(2);
    drain(&mut follower, &mut cursor, &mut delivered).await;
    assert_eq!(delivered.upserts, 102);
    assert_eq!(forum.0.lock().unwrap().requests - before, 1 + ForumListing::AGAIN_CALLS);
}

#[tokio::test]
async fn edits_and_deletions_of_watched_posts_are_passed_on_once() {
    let forum = Simulated::with(12);
    let (mut follower, mut cursor, mut delivered) = (forum.follower(), Cursor::default(), Delivered::default());
    drain(&mut follower, &mut cursor, &mut delivered).await;
    {
        let mut forum = forum.0.lock().unwrap();
        forum.posts.remove(&1);
        forum.posts.insert(2, "[deleted]".into());
        forum.posts.insert(3, "edited".into());
    }
    for _ in 0..4 {
        drain(&mut follower, &mut cursor, &mut delivered).await;
    }
    assert_eq!((delivered.upserts, delivered.deletions), (13, 2));
    assert!(delivered.texts().contains("edited"));
}

#[tokio::test]
async fn an_answer_that_knows_none_of_many_is_not_believed_at_once() {
    let forum = Simulated::with(3);
    let (mut follower, mut cursor, mut delivered) = (forum.follower(), Cursor::default(), Delivered::default());
    drain(&mut follower, &mut cursor, &mut delivered).await;
    forum.0.lock().unwrap().knows_nothing = true;
    drain(&mut follower, &mut cursor, &mut delivered).await;
    assert_eq!(delivered.deletions, 3, "few can go at once");
}

#[tokio::test]
async fn a_page_that_cannot_be_had_any_more_makes_the_walk_begin_anew() {
    let forum = Simulated::with(60);
    let (mut follower, mut delivered) = (forum.follower(), Delivered::default());
    let batch = follower.collect(&Cursor::default()).await.unwrap();
    let mut cursor = batch.cursor.clone();
    delivered.take(batch);
    forum.0.lock().unwrap().no_tokens = true;
    for _ in 0..3 {
        follower.collect(&cursor).await.unwrap_err();
    }
    forum.0.lock().unwrap().no_tokens = false;
    drain(&mut follower, &mut cursor, &mut delivered).await;
    assert_eq!((delivered.upserts, delivered.texts().len()), (60, 60));
}

#[tokio::test]
async fn what_the_listing_no_longer_shows_is_reported_as_lost() {
    let forum = Simulated::with(5);
    let (mut follower, mut cursor, mut delivered) = (forum.follower(), Cursor::default(), Delivered::default());
    drain(&mut follower, &mut cursor, &mut delivered).await;
    {
        let mut forum = forum.0.lock().unwrap();
        forum.write(50);
        forum.depth = Some(10);
    }
    let last = drain(&mut follower, &mut cursor, &mut delivered).await;
    let minute = |n: u64| Some(start() + Duration::from_secs(n * 60));
    assert!(
        matches!(last.missed, Some(Missed::Something { from, until, .. }) if from == minute(4) && until == minute(45))
    );
}

#[tokio::test]
async fn a_fault_in_the_middle_keeps_what_was_read_and_says_so() {
    let forum = Simulated::with(12);
    forum.0.lock().unwrap().faults.insert(2);
    let (mut follower, mut cursor, mut delivered) = (forum.follower(), Cursor::default(), Delivered::default());
    let last = drain(&mut follower, &mut cursor, &mut delivered).await;
    assert_eq!(delivered.upserts, PAGE);
    assert_eq!((last.missed, last.notice.as_deref()), (Some(Missed::Pending), Some("a fault at their side")));
    drain(&mut follower, &mut cursor, &mut delivered).await;
    assert_eq!(delivered.upserts, 12);
}

#[derive(Clone, Debug)]
enum Event {
    Write(u64),
    Edit(usize),
    Delete(usize),
    Mark(usize),
    /// The n-th request from now on fails.
    Fault(usize),
    Collect,
    /// The program ends when a batch was delivered, but its cursor not yet stored, and is started again.
    Crash,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        (1_u64..30).prop_map(Event::Write),
        any::<usize>().prop_map(Event::Edit),
        any::<usize>().prop_map(Event::Delete),
        any::<usize>().prop_map(Event::Mark),
        (1_usize..6).prop_map(Event::Fault),
        Just(Event::Collect),
        Just(Event::Collect),
        Just(Event::Crash),
    ];
    prop::collection::vec(event, 1..40)
}

/// What happens at the forum while nobody collects.
fn happen(forum: &mut Forum, event: &Event) {
    let nth = |forum: &Forum, n: usize| forum.posts.keys().nth(n % forum.posts.len().max(1)).copied();
    match *event {
        Event::Write(count) => forum.write(count),
        Event::Edit(n) => {
            // A deleted post does not come back.
            let id = nth(forum, n).filter(|id| forum.posts[id] != "[deleted]");
            drop(id.map(|id| forum.posts.insert(id, format!("edited {id}"))));
        }
        Event::Delete(n) => drop(nth(forum, n).map(|id| forum.posts.remove(&id))),
        Event::Mark(n) => drop(nth(forum, n).map(|id| forum.posts.insert(id, "[deleted]".to_owned()))),
        Event::Fault(n) => {
            let at = forum.requests + n;
            forum.faults.insert(at);
        }
        Event::Collect | Event::Crash => {}
    }
}

async fn play(events: Vec<Event>) -> Result<(), TestCaseError> {
    let forum = Simulated::with(6);
    let (mut follower, mut cursor, mut delivered) = (forum.follower(), Cursor::default(), Delivered::default());
    for event in events {
        match event {
            Event::Collect => {
                let Ok(batch) = follower.collect(&cursor).await else { continue };
                cursor = batch.cursor.clone();
                delivered.take(batch);
            }
            Event::Crash => {
                forum.0.lock().unwrap().faults.clear();
                delivered.take(follower.collect(&cursor).await.unwrap());
                follower = forum.follower();
                let batch = follower.collect(&cursor).await.unwrap();
                cursor = batch.cursor.clone();
                delivered.take(batch);
            }
            at_the_forum => happen(&mut forum.0.lock().unwrap(), &at_the_forum),
        }
    }
    // In the end all is quiet, and the rotation comes round.
    forum.0.lock().unwrap().faults.clear();
    for _ in 0..120 {
        let batch = follower.collect(&cursor).await.unwrap();
        cursor = batch.cursor.clone();
        delivered.take(batch);
    }
    let shown: BTreeSet<String> =
        forum.0.lock().unwrap().posts.values().filter(|text| *text != "[deleted]").cloned().collect();
    prop_assert_eq!(delivered.texts(), shown);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn in_the_end_what_was_delivered_is_what_the_forum_shows(events in events()) {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(play(events))?;
    }
}
