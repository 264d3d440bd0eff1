//! What every [`Analytics`] must answer, whatever its store: one suite, run over each of them.
//!
//! A store implements [`Factory`] and calls [`crate::analytics_conformance_suite`] in its tests. Answers are compared
//! with a plain count of the same posts in memory. The name of each test says what must hold.

#![expect(missing_docs, clippy::unwrap_used, reason = "the name of a test documents it, and an error fails it")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use bus::{AuthorKey, Change, Channel, Correction, Enriched, SentimentLabel};
use jiff::{Timestamp, ToSpan};

use crate::testing::{author_key, post, ruling};
use crate::{Analytics, AnalyticsError, Dimension, Filter, Group, NONE, Point, Step, Totals};

/// Fills the store under test. Each test gets a factory of its own, over an empty store.
#[async_trait]
pub trait Factory: Send + Sync {
    /// Applies `batches`, each as one commit, and returns once all of them are counted.
    async fn load(&self, batches: Vec<Vec<Change<Enriched>>>) -> Arc<dyn Analytics>;
}

/// Makes one test of each function of the suite, for the factory that the expression gives.
#[macro_export]
macro_rules! analytics_conformance_suite {
    ($factory:expr) => {
        $crate::analytics_conformance_suite! { $factory =>
            an_empty_store_counts_nothing
            totals_and_groups_are_those_of_a_plain_count
            groups_of_single_values_sum_to_the_totals
            groups_are_largest_first_and_limited
            a_post_with_several_topics_counts_in_each
            replaced_deleted_and_erased_posts_do_not_count
            a_corrected_post_counts_under_what_staff_said
            many_voices_are_counted_to_within_a_few_percent
            days_follow_the_clock_in_london
            hours_begin_at_full_hours_and_empty_ones_are_zero
            a_period_must_be_given_and_be_reasonable
            a_bad_query_is_told
        }
    };
    ($factory:expr => $($test:ident)*) => {
        $(
            #[tokio::test]
            async fn $test() {
                $crate::conformance::$test(&$factory).await;
            }
        )*
    };
}

const DIMENSIONS: [Dimension; 6] = [
    Dimension::Channel,
    Dimension::Region,
    Dimension::Topic,
    Dimension::Sentiment,
    Dimension::Language,
    Dimension::Source,
];

pub async fn an_empty_store_counts_nothing(factory: &dyn Factory) {
    let analytics = factory.load(Vec::new()).await;
    assert_eq!(analytics.totals(&Filter::default()).await.unwrap(), Totals::default());
    assert_eq!(analytics.groups(&Filter::default(), Dimension::Topic, 10).await.unwrap(), []);
    let day = Filter {
        from: Some(time("2026-11-01T00:00:00Z")),
        until: Some(time("2026-11-02T00:00:00Z")),
        ..Filter::default()
    };
    let zero = Point { at: time("2026-11-01T00:00:00Z"), totals: Totals::default() };
    assert_eq!(analytics.over_time(&day, Step::Day).await.unwrap(), [zero]);
}

pub async fn totals_and_groups_are_those_of_a_plain_count(factory: &dyn Factory) {
    let posts = mixed_posts(700);
    let analytics = factory.load(in_batches(&posts)).await;
    for filter in filters() {
        let chosen: Vec<&Enriched> = posts.iter().filter(|post| fulfils(post, &filter)).collect();
        assert_eq!(analytics.totals(&filter).await.unwrap(), plain_totals(chosen.iter().copied()), "{filter:?}");
        for dimension in DIMENSIONS {
            let groups = analytics.groups(&filter, dimension, 100).await.unwrap();
            assert_eq!(groups, plain_groups(&chosen, dimension), "{dimension:?} of {filter:?}");
        }
    }
}

pub async fn groups_of_single_values_sum_to_the_totals(factory: &dyn Factory) {
    let analytics = factory.load(in_batches(&mixed_posts(500))).await;
    for filter in filters() {
        let total = analytics.totals(&filter).await.unwrap().posts;
        for dimension in DIMENSIONS.into_iter().filter(|&dimension| dimension != Dimension::Topic) {
            let groups = analytics.groups(&filter, dimension, 100).await.unwrap();
            let sum: u64 = groups.iter().map(|group| group.totals.posts).sum();
            assert_eq!(sum, total, "{dimension:?} of {filter:?}");
        }
    }
}

pub async fn groups_are_largest_first_and_limited(factory: &dyn Factory) {
    let sources = ["b", "a", "c", "a", "c", "a"];
    let posts = (0..).zip(sources).map(|(n, source)| post(n).source(source).build()).collect::<Vec<_>>();
    let analytics = factory.load(in_batches(&posts)).await;
    let groups = analytics.groups(&Filter::default(), Dimension::Source, 2).await.unwrap();
    let found: Vec<(&str, u64)> = groups.iter().map(|group| (group.key.as_str(), group.totals.posts)).collect();
    assert_eq!(found, [("a", 3), ("c", 2)]);
}

pub async fn a_post_with_several_topics_counts_in_each(factory: &dyn Factory) {
    let posts = [
        post(1).author(1).topics(&["gp-access", "waiting"]).build(),
        post(2).author(1).topics(&["waiting"]).build(),
        post(3).build(),
    ];
    let analytics = factory.load(in_batches(&posts)).await;
    let groups = analytics.groups(&Filter::default(), Dimension::Topic, 10).await.unwrap();
    let group = |key: &str, posts, voices| Group { key: key.to_owned(), totals: Totals { posts, voices } };
    assert_eq!(groups, [group("waiting", 2, 1), group("gp-access", 1, 1), group(NONE, 1, 0)]);
}

pub async fn replaced_deleted_and_erased_posts_do_not_count(factory: &dyn Factory) {
    let id = |n| post(n).build().post.id;
    let analytics = factory
        .load(vec![
            (1..=6).map(|n| Change::Upsert(post(n).author(n % 3).channel(Channel::Social).build())).collect(),
            vec![Change::Upsert(post(1).author(1).channel(Channel::News).build()), Change::Delete(id(2))],
            vec![Change::EraseAuthor(author_key(0)), Change::Delete(id(77))],
        ])
        .await;
    // Left are 1 and 4 of author 1, and 5 of author 2.
    assert_eq!(analytics.totals(&Filter::default()).await.unwrap(), Totals { posts: 3, voices: 2 });
    let groups = analytics.groups(&Filter::default(), Dimension::Channel, 10).await.unwrap();
    let found: Vec<(&str, u64)> = groups.iter().map(|group| (group.key.as_str(), group.totals.posts)).collect();
    assert_eq!(found, [("social", 2), ("news", 1)]);
}

pub async fn a_corrected_post_counts_under_what_staff_said(factory: &dyn Factory) {
    let posts = [
        post(1).text("No beds").author(1).topics(&["beds"]).region("london").feeling(SentimentLabel::Neutral).build(),
        post(2).text("No beds").author(2).topics(&["beds"]).build(),
        post(3).text("No beds").author(3).topics(&["beds"]).build(),
    ];
    let ruled = Correction {
        topics: Some(ruling(vec!["waiting".to_owned(), "staff".to_owned()])),
        ..Correction::of(&posts[0].post)
    };
    let felt = Correction {
        sentiment: Some(ruling(None)),
        places: Some(ruling(Vec::new())),
        ..Correction::of(&posts[0].post)
    };
    let edited = post(2).text("There are beds again").author(2).topics(&["beds"]).build();
    let too_late = Correction { topics: Some(ruling(Vec::new())), ..Correction::of(&posts[1].post) };
    let erased = Correction { topics: Some(ruling(Vec::new())), ..Correction::of(&posts[2].post) };
    let mut upserts: Vec<_> = posts.into_iter().map(Change::Upsert).collect();
    upserts.push(Change::Correct(Box::new(ruled.clone())));
    let then = vec![
        Change::Correct(Box::new(felt)),
        Change::Correct(Box::new(ruled)),
        Change::Upsert(edited),
        Change::Correct(Box::new(too_late)),
        Change::EraseAuthor(author_key(3)),
        Change::Correct(Box::new(erased)),
    ];
    let analytics = factory.load(vec![upserts, then]).await;
    let groups = async |dimension| {
        let groups = analytics.groups(&Filter::default(), dimension, 10).await.unwrap();
        groups.into_iter().map(|group| (group.key, group.totals.posts)).collect::<Vec<_>>()
    };
    let expected = |groups: &[(&str, u64)]| groups.iter().map(|&(key, n)| (key.to_owned(), n)).collect::<Vec<_>>();
    assert_eq!(groups(Dimension::Topic).await, expected(&[("beds", 1), ("staff", 1), ("waiting", 1)]));
    assert_eq!(groups(Dimension::Sentiment).await, expected(&[(NONE, 2)]));
    assert_eq!(groups(Dimension::Region).await, expected(&[(NONE, 2)]));
    assert_eq!(analytics.totals(&Filter::default()).await.unwrap(), Totals { posts: 2, voices: 2 });
}

pub async fn many_voices_are_counted_to_within_a_few_percent(factory: &dyn Factory) {
    let posts: Vec<Enriched> = (0..6_000).map(|n| post(n).author(n % 4_000).build()).collect();
    let totals = factory.load(in_batches(&posts)).await.totals(&Filter::default()).await.unwrap();
    assert_eq!(totals.posts, 6_000);
    assert!((3_800..=4_200).contains(&totals.voices), "{totals:?}");
}

pub async fn days_follow_the_clock_in_london(factory: &dyn Factory) {
    // On 29 March 2026 the clock goes from 1 to 2 in the morning; on 25 October it goes back.
    let moments = ["2026-03-29T00:00:00Z", "2026-03-29T22:59:59Z", "2026-03-29T23:00:00Z", "2026-10-25T23:30:00Z"];
    let posts: Vec<Enriched> = (0..).zip(moments).map(|(n, at)| post(n).author(n).at(time(at)).build()).collect();
    let analytics = factory.load(in_batches(&posts)).await;
    let days = async |from: &str, until: &str| {
        let filter = Filter { from: Some(time(from)), until: Some(time(until)), ..Filter::default() };
        let points = analytics.over_time(&filter, Step::Day).await.unwrap();
        points.iter().map(|point| (point.at.to_string(), point.totals.posts)).collect::<Vec<_>>()
    };
    let point = |at: &str, posts: u64| (at.to_owned(), posts);
    assert_eq!(
        days("2026-03-28T12:00:00Z", "2026-03-31T12:00:00Z").await,
        [
            point("2026-03-28T00:00:00Z", 0),
            point("2026-03-29T00:00:00Z", 2),
            point("2026-03-29T23:00:00Z", 1),
            point("2026-03-30T23:00:00Z", 0),
        ]
    );
    assert_eq!(
        days("2026-10-24T23:00:00Z", "2026-10-26T00:00:01Z").await,
        [point("2026-10-24T23:00:00Z", 1), point("2026-10-26T00:00:00Z", 0)]
    );
}

pub async fn hours_begin_at_full_hours_and_empty_ones_are_zero(factory: &dyn Factory) {
    let posts = mixed_posts(600);
    let analytics = factory.load(in_batches(&posts)).await;
    let (from, until) = (time("2026-10-24T10:20:00Z"), time("2026-10-26T03:00:00Z"));
    let filter = Filter { from: Some(from), until: Some(until), ..Filter::default() };
    let points = analytics.over_time(&filter, Step::Hour).await.unwrap();
    assert_eq!(points.len(), 41);
    assert_eq!(points[0].at, time("2026-10-24T10:00:00Z"));
    for point in &points {
        let end = point.at + 1.hour();
        let within = posts
            .iter()
            .filter(|post| fulfils(post, &filter) && post.post.created_at >= point.at && post.post.created_at < end);
        assert_eq!(point.totals, plain_totals(within), "{}", point.at);
    }
}

pub async fn a_period_must_be_given_and_be_reasonable(factory: &dyn Factory) {
    let analytics = factory.load(Vec::new()).await;
    let from = Some(time("1900-01-01T00:00:00Z"));
    let open = Filter { from, ..Filter::default() };
    assert!(matches!(analytics.over_time(&open, Step::Day).await, Err(AnalyticsError::Period(_))));
    let endless = Filter { from, until: Some(time("2100-01-01T00:00:00Z")), ..Filter::default() };
    assert!(matches!(analytics.over_time(&endless, Step::Hour).await, Err(AnalyticsError::Period(_))));
    let backwards = Filter { from: endless.until, until: from, ..Filter::default() };
    assert_eq!(analytics.over_time(&backwards, Step::Day).await.unwrap(), []);
}

pub async fn a_bad_query_is_told(factory: &dyn Factory) {
    let analytics = factory.load(Vec::new()).await;
    let bad = Filter { query: "(queue".to_owned(), ..Filter::default() };
    assert!(matches!(analytics.totals(&bad).await, Err(AnalyticsError::Query(error)) if error.position == 1));
}

fn time(text: &str) -> Timestamp {
    text.parse().expect("the literal is a time")
}

/// Posts of every kind around the autumn change of the clock, by a fixed sequence of numbers.
fn mixed_posts(many: u64) -> Vec<Enriched> {
    let mut state = 42_u64;
    let mut below = move |bound: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % bound
    };
    let mut pick = move |values: &[&'static str]| values[usize::try_from(below(values.len() as u64)).unwrap_or(0)];
    let digits = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
    let mut make = |n: u64| {
        let minutes: i64 =
            [pick(&digits[..5]), pick(&digits), pick(&digits), pick(&digits)].concat().parse().unwrap_or(0);
        let mut made = post(n)
            .at(time("2026-10-24T00:00:00Z") + minutes.minutes())
            .channel(
                Channel::from_slug(pick(&["social", "forum", "news", "offline", "comment"])).unwrap_or(Channel::News),
            )
            .source(pick(&["one", "two", "three"]));
        if let author @ 1..50 = [pick(&digits[..7]), pick(&digits)].concat().parse().unwrap_or(0) {
            made = made.author(author);
        }
        if let region @ ("london" | "midlands") = pick(&["london", "midlands", NONE]) {
            made = made.region(region);
        }
        if let Some(label) = SentimentLabel::from_slug(pick(&["negative", "neutral", "positive", NONE])) {
            made = made.feeling(label);
        }
        if let language @ ("en" | "cy") = pick(&["en", "en", "cy", NONE]) {
            made = made.language(language);
        }
        match pick(&["gp", "dental", "both", NONE]) {
            "both" => made = made.topics(&["gp", "dental"]),
            NONE => {}
            topic => made = made.topics(&[topic]),
        }
        made.build()
    };
    (0..many).map(&mut make).collect()
}

fn filters() -> Vec<Filter> {
    let none = vec![NONE.to_owned()];
    vec![
        Filter::default(),
        Filter { channels: vec![Channel::Social, Channel::Offline], ..Filter::default() },
        Filter { regions: none.clone(), ..Filter::default() },
        Filter { topics: vec!["gp".to_owned()], sentiments: vec![SentimentLabel::Negative], ..Filter::default() },
        Filter { languages: none, sources: vec!["two".parse().expect("a slug")], ..Filter::default() },
        Filter {
            from: Some(time("2026-10-25T00:30:00Z")),
            until: Some(time("2026-10-26T12:00:00Z")),
            ..Filter::default()
        },
        Filter { regions: vec!["nowhere".to_owned()], ..Filter::default() },
    ]
}

fn in_batches(posts: &[Enriched]) -> Vec<Vec<Change<Enriched>>> {
    posts
        .chunks(posts.len().div_ceil(3).max(1))
        .map(|batch| batch.iter().cloned().map(Change::Upsert).collect())
        .collect()
}

fn fulfils(post: &Enriched, filter: &Filter) -> bool {
    fn any<T>(wanted: &[T], is: impl Fn(&T) -> bool) -> bool {
        wanted.is_empty() || wanted.iter().any(is)
    }
    let inner = &post.post;
    any(&filter.channels, |channel| *channel == inner.channel)
        && any(&filter.regions, |region| values(post, Dimension::Region).contains(region.as_str()))
        && any(&filter.topics, |topic| values(post, Dimension::Topic).contains(topic.as_str()))
        && any(&filter.languages, |language| values(post, Dimension::Language).contains(language.as_str()))
        && any(&filter.sources, |source| *source == inner.source)
        && any(&filter.sentiments, |label| post.sentiment.is_some_and(|sentiment| sentiment.label == *label))
        && filter.from.is_none_or(|from| inner.created_at >= from)
        && filter.until.is_none_or(|until| inner.created_at < until)
}

/// The values of a dimension that a post counts under.
fn values(post: &Enriched, dimension: Dimension) -> BTreeSet<&str> {
    let one = |value: Option<&'static str>| BTreeSet::from([value.unwrap_or(NONE)]);
    match dimension {
        Dimension::Channel => one(Some(post.post.channel.slug())),
        Dimension::Sentiment => one(post.sentiment.map(|sentiment| sentiment.label.slug())),
        Dimension::Region => BTreeSet::from([post.region().unwrap_or(NONE)]),
        Dimension::Language => BTreeSet::from([post.language.as_deref().unwrap_or(NONE)]),
        Dimension::Source => BTreeSet::from([post.post.source.as_str()]),
        Dimension::Topic if post.topics.is_empty() => one(None),
        Dimension::Topic => post.topics.iter().map(|tag| tag.topic.as_str()).collect(),
    }
}

fn plain_totals<'a>(posts: impl Iterator<Item = &'a Enriched>) -> Totals {
    let (mut count, mut voices) = (0, BTreeSet::<AuthorKey>::new());
    for post in posts {
        count += 1;
        voices.extend(post.post.author);
    }
    Totals { posts: count, voices: voices.len() as u64 }
}

fn plain_groups(posts: &[&Enriched], dimension: Dimension) -> Vec<Group> {
    let mut by_value: BTreeMap<&str, Vec<&Enriched>> = BTreeMap::new();
    for post in posts {
        for value in values(post, dimension) {
            by_value.entry(value).or_default().push(post);
        }
    }
    let group =
        |(key, posts): (&str, Vec<&Enriched>)| Group { key: key.to_owned(), totals: plain_totals(posts.into_iter()) };
    let mut groups: Vec<Group> = by_value.into_iter().map(group).collect();
    groups.sort_by(|a, b| b.totals.posts.cmp(&a.totals.posts).then_with(|| a.key.cmp(&b.key)));
    groups
}
