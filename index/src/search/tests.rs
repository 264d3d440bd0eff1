//! What is found, in which order, and what is refused.

use bus::{Channel, Enriched, Offsets, PostId, SentimentLabel};
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;
use tempfile::{TempDir, tempdir};

use super::*;
use crate::Index;
use crate::testing::post;

struct Library {
    _dir: TempDir,
    index: Index,
}

/// An index of these posts, in two segments.
fn library(posts: Vec<Enriched>) -> Library {
    let dir = tempdir().unwrap();
    let index = Index::open(dir.path()).unwrap();
    let mut writer = index.writer().unwrap();
    let half = posts.len() / 2;
    for (count, post) in posts.into_iter().enumerate() {
        writer.apply(&bus::Change::Upsert(post)).unwrap();
        if count == half {
            writer.commit(&Offsets::default()).unwrap();
        }
    }
    writer.commit(&Offsets::default()).unwrap();
    Library { _dir: dir, index }
}

impl Library {
    async fn search(&self, filter: Filter, sort: Sort) -> SearchPage {
        let request = SearchRequest { filter, sort, page: 1, per_page: 100 };
        self.index.searcher().search(request).await.unwrap()
    }

    /// The numbers of the posts found, each at the head of its text.
    async fn numbers(&self, filter: Filter) -> Vec<u64> {
        let page = self.search(filter, Sort::Newest).await;
        let mut numbers: Vec<u64> = page.hits.iter().map(|hit| number(&hit.post)).collect();
        numbers.sort_unstable();
        assert_eq!(numbers.len() as u64, page.total);
        numbers
    }

    async fn find(&self, query: &str) -> Vec<u64> {
        self.numbers(Filter { query: query.to_owned(), ..Filter::default() }).await
    }
}

fn number(post: &Enriched) -> u64 {
    post.post.text.split(' ').next().unwrap().parse().unwrap()
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn posts() -> Vec<Enriched> {
    vec![
        post(1).text("1 The queue for appointments was long, please call back").region("london").build(),
        post(2).text("2 No appointment until May: waiting and waiting").topics(&["gp-access", "waiting"]).build(),
        post(3).text("3 Call me back about the dentist").channel(Channel::Offline).event("leeds-1").build(),
        post(4).text("4 A&E at the café: naïve staff?").title("Strike in hospitals").channel(Channel::News).build(),
        post(5).text("5 Diolch i'r meddyg, ysbyty gwych").language("cy").feeling(SentimentLabel::Positive).build(),
        post(6).text("6 queue queue queue").source("another").at(time("2026-11-22T23:59:59.999Z")).build(),
        post(7).text("7 back in the queue, then call").at(time("2026-03-29T00:30:00Z")).build(),
    ]
}

#[tokio::test]
async fn the_grammar_finds_what_it_says() {
    let library = library(posts());
    let table: &[(&str, &[u64])] = &[
        ("appointment", &[1, 2]),
        ("APPOINTMENTS", &[1, 2]),
        ("queue appointment", &[1]),
        ("dentist OR appointment", &[1, 2, 3]),
        ("queue -appointment", &[6, 7]),
        ("NOT queue NOT call", &[2, 4, 5]),
        ("queue AND (appointment OR then)", &[1, 7]),
        ("\"call back\"", &[1]),
        ("\"call back\"~1", &[1, 3]),
        ("call NEAR/1 back", &[1, 3]),
        ("back NEAR/1 call", &[1, 3]),
        ("call NEAR/4 back", &[1, 3, 7]),
        ("wait*", &[2]),
        ("appointm*", &[1, 2]),
        ("dent* OR meddy*", &[3, 5]),
        ("cafe naive", &[4]),
        ("a&e", &[4]),
        ("call-back", &[1]),
        ("title:strike", &[4]),
        ("title:hosp*", &[4]),
        ("title:staff", &[]),
        ("hospital", &[4]),
        ("region:london", &[1]),
        ("topic:waiting", &[2]),
        ("topic:none NOT queue", &[3, 4, 5]),
        ("type:offline", &[3]),
        ("lang:cy", &[5]),
        ("feeling:positive", &[5]),
        ("source:another", &[6]),
        ("date:2026-11-22", &[6]),
        ("from:2026-11-23", &[]),
        ("until:2026-03-29 queue", &[7]),
        ("date:2026-11-02 queue", &[1]),
        ("absent*", &[]),
        ("https://nhs.uk/queue", &[]),
    ];
    for (query, expected) in table {
        assert_eq!(library.find(query).await, *expected, "{query}");
    }
}

#[tokio::test]
async fn the_conditions_of_a_filter_narrow_together() {
    let library = library(posts());
    let base = Filter::default;
    assert_eq!(library.numbers(base()).await, [1, 2, 3, 4, 5, 6, 7]);
    let channels = vec![Channel::Offline, Channel::News];
    assert_eq!(library.numbers(Filter { channels: channels.clone(), ..base() }).await, [3, 4]);
    assert_eq!(library.numbers(Filter { channels, query: "dentist".into(), ..base() }).await, [3]);
    assert_eq!(library.numbers(Filter { regions: vec!["none".into()], query: "queue".into(), ..base() }).await, [6, 7]);
    assert_eq!(library.numbers(Filter { event: Some("leeds-1".parse().unwrap()), ..base() }).await, [3]);
    assert_eq!(library.numbers(Filter { sentiments: vec![SentimentLabel::Positive], ..base() }).await, [5]);
    // From is included and until is not.
    let (from, until) = (Some(time("2026-03-29T00:30:00Z")), Some(time("2026-11-22T23:59:59.999Z")));
    assert_eq!(library.numbers(Filter { from, until, ..base() }).await, [1, 2, 3, 4, 5, 7]);
}

#[tokio::test]
async fn newest_and_best_come_first_and_pages_do_not_overlap() {
    let start = time("2026-11-01T00:00:00Z");
    let say = |n: u64| {
        let words = if n == 17 { "queue queue queue" } else { "a queue at the surgery this morning" };
        post(n).text(&format!("{n} {words}")).at(start + i64::try_from(n).unwrap().minutes()).build()
    };
    let library = library((0..45).map(say).collect());
    let mut seen = Vec::new();
    for page in 1..=3 {
        let request = SearchRequest { filter: Filter::default(), sort: Sort::Newest, page, per_page: 20 };
        let page = library.index.searcher().search(request).await.unwrap();
        assert_eq!(page.total, 45);
        seen.extend(page.hits.iter().map(|hit| number(&hit.post)));
    }
    assert_eq!(seen, (0..45).rev().collect::<Vec<u64>>());

    let best = library.search(Filter { query: "queue".into(), ..Filter::default() }, Sort::Best).await;
    assert_eq!(number(&best.hits[0].post), 17);
    assert_eq!(number(&best.hits[1].post), 44, "the newer one of equals comes first");
}

#[tokio::test]
async fn a_hit_shows_what_matched() {
    let page = library(posts())
        .search(Filter { query: "wait* appointment -queue".into(), ..Filter::default() }, Sort::Best)
        .await;
    assert_eq!(page.understood, "posts with a word that begins with “wait” and “appointment”, without “queue”");
    let matched: Vec<_> =
        page.hits[0].snippet.iter().filter(|piece| piece.matched).map(|piece| piece.text.as_str()).collect();
    assert_eq!(matched, ["appointment", "waiting", "waiting"]);
}

#[tokio::test]
async fn posts_are_fetched_in_the_order_asked_for() {
    let library = library(posts());
    let id = |n| post(n).build().post.id;
    let gone = PostId::from_bytes([9; 16]);
    let posts = library.index.searcher().get(&[id(6), gone, id(2), id(4)]).await.unwrap();
    assert_eq!(posts.iter().map(number).collect::<Vec<_>>(), [6, 2, 4]);
    assert!(library.index.searcher().get(&[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_export_is_newest_first_and_bounded() {
    let library = library(posts());
    let exported =
        library.index.searcher().export(Filter { query: "queue".into(), ..Filter::default() }, 2).await.unwrap();
    assert_eq!(exported.iter().map(number).collect::<Vec<_>>(), [6, 1]);
}

#[tokio::test]
async fn a_page_too_deep_and_a_bad_query_are_refused() {
    let library = library(posts());
    let searcher = library.index.searcher();
    let request = |query: &str, page| SearchRequest {
        filter: Filter { query: query.to_owned(), ..Filter::default() },
        sort: Sort::Newest,
        page,
        per_page: 100,
    };
    assert!(matches!(searcher.search(request("", 101)).await, Err(SearchError::TooDeep { limit: 10_000 })));
    assert!(matches!(searcher.search(request("", usize::MAX)).await, Err(SearchError::TooDeep { .. })));
    assert!(searcher.search(request("", 100)).await.unwrap().hits.is_empty());
    let Err(SearchError::Query(error)) = searcher.search(request("gp (queue", 1)).await else { panic!("a bad query") };
    assert_eq!(error.position, 4);
}

#[tokio::test]
async fn work_stops_at_its_deadline() {
    let library = library(posts());
    let snapshot = Snapshot {
        tantivy: library.index.reader.searcher(),
        fields: library.index.fields,
        deadline: Deadline::after(Duration::ZERO),
    };
    for query in ["", "wait*", "\"call back\""] {
        let compiled = snapshot.compile(&Filter { query: query.into(), ..Filter::default() }).unwrap();
        let top = TopPosts::new(Sort::Best, 10, snapshot.deadline);
        assert!(snapshot.tantivy.search(compiled.query.as_ref(), &top).is_err(), "{query}");
    }
}

/// Where the words `a` and `b` have at most `within` others between them.
fn near(text: &str, within: usize) -> bool {
    let words: Vec<&str> = text.split(' ').skip(1).collect();
    let places = |wanted| words.iter().enumerate().filter(move |(_, word)| **word == wanted).map(|(place, _)| place);
    places("aa").any(|a| places("bb").any(|b| a.abs_diff(b) <= within + 1))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn near_is_what_it_says(texts in proptest::collection::vec("(aa|bb|cc)( (aa|bb|cc|dd)){0,7}", 1..40), within in 1_usize..4) {
        let texts: Vec<String> = texts.iter().enumerate().map(|(n, text)| format!("{n} {text}")).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let found = runtime.block_on(async {
            let library = library(texts.iter().zip(0..).map(|(text, n)| post(n).text(text).build()).collect());
            library.find(&format!("aa NEAR/{within} bb")).await
        });
        let expected: Vec<u64> = (0..).zip(&texts).filter(|(_, text)| near(text, within)).map(|(n, _)| n).collect();
        prop_assert_eq!(found, expected);
    }
}
