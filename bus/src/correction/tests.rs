use proptest::prelude::*;

use super::*;
use crate::embedded::{BusConfig, EmbeddedBus};
use crate::post::Channel;

pub(super) fn post(text: &str) -> Enriched {
    let at = Timestamp::UNIX_EPOCH;
    let mut post = Enriched::untagged(Post {
        id: PostId::from_bytes([1; 16]),
        source: "clinic".parse().unwrap(),
        channel: Channel::Forum,
        author: None,
        created_at: at,
        collected_at: at,
        text: text.to_owned(),
        title: None,
        url: None,
        language_hint: None,
        place_hint: None,
        event: None,
        attendance: None,
    });
    post.language = Some("en".to_owned());
    post.sentiment = Some(Sentiment { label: SentimentLabel::Negative, score: -0.6, probability: 0.7 });
    let parking = TopicTag { topic: "parking".to_owned(), confidence: 0.8, sentiment: Some(SentimentLabel::Negative) };
    post.topics = vec![parking];
    post
}

fn ruling<T>(to: T, second: i64) -> Ruling<T> {
    let at = Timestamp::from_second(second).unwrap();
    Ruling { to, by: "analyst".to_owned(), why: "read it".to_owned(), at }
}

/// Says at a second that the post is about these subjects.
fn about(topics: &[&str], second: i64) -> Correction {
    let topics = topics.iter().map(ToString::to_string).collect();
    Correction { topics: Some(ruling(topics, second)), ..Correction::of(&post("The car park is full").post) }
}

fn feels(label: Option<SentimentLabel>, second: i64) -> Correction {
    Correction { sentiment: Some(ruling(label, second)), ..Correction::of(&post("The car park is full").post) }
}

fn slugs(post: &Enriched) -> Vec<&str> {
    post.topics.iter().map(|tag| tag.topic.as_str()).collect()
}

#[test]
fn what_staff_say_stands_and_what_the_machine_said_is_kept_beside_it() {
    let before = post("The car park is full");
    let mut after = before.clone();
    assert!(about(&["parking", "transport"], 5).apply(&mut after));
    assert_eq!(slugs(&after), ["parking", "transport"]);
    assert_eq!(after.topics[0].sentiment, Some(SentimentLabel::Negative), "the feeling of its own sentences stays");
    assert_eq!(after.sentiment, before.sentiment, "nothing was said of it");
    assert_eq!(after.corrected.as_ref().unwrap().was, Tags::of(&before));
    assert!(feels(None, 6).apply(&mut after));
    assert_eq!((after.sentiment, slugs(&after).len()), (None, 2));
    assert_eq!(after.corrected.as_ref().unwrap().was, Tags::of(&before));
}

#[test]
fn delivered_again_it_changes_nothing() {
    let mut post = post("The car park is full");
    assert!(about(&["transport"], 5).apply(&mut post));
    let once = post.clone();
    assert!(!about(&["transport"], 5).apply(&mut post));
    assert!(!about(&["food"], 4).apply(&mut post), "an earlier one comes too late");
    assert_eq!(post, once);
}

#[test]
fn another_text_or_another_post_is_left_alone() {
    let mut edited = post("The car park is free now");
    assert!(!about(&["transport"], 5).apply(&mut edited));
    let mut other = post("The car park is full");
    other.post.id = PostId::from_bytes([2; 16]);
    assert!(!about(&["transport"], 5).apply(&mut other));
    let mut titled = post("The car park is full");
    titled.post.title = Some("Parking".to_owned());
    assert!(!about(&["transport"], 5).apply(&mut titled));
    assert!(!Correction::of(&post("The car park is full").post).apply(&mut post("The car park is full")));
}

#[test]
fn records_from_before_corrections_are_read_and_new_ones_come_back() {
    let old = r#"{"post":{"id":"01010101010101010101010101010101","source":"clinic","channel":"forum","created_at":"1970-01-01T00:00:00Z","collected_at":"1970-01-01T00:00:00Z","text":"x"},"language":"en"}"#;
    let mut post: Enriched = serde_json::from_str(old).unwrap();
    assert_eq!(post.corrected, None);
    assert!(!serde_json::to_string(&post).unwrap().contains("corrected"));
    let unknown = Correction { language: Some(ruling(None, 1)), ..Correction::of(&post.post) };
    assert!(unknown.apply(&mut post));
    assert_eq!(post.language, None);
    assert_eq!(serde_json::from_str::<Enriched>(&serde_json::to_string(&post).unwrap()).unwrap(), post);
}

#[tokio::test]
async fn what_was_said_is_known_again_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let open = || EmbeddedBus::open(dir.path(), &BusConfig::default()).unwrap();
    let bus = open();
    let mut records: Vec<Record> =
        [about(&["food"], 3), feels(Some(SentimentLabel::Positive), 4), about(&["transport"], 5)]
            .iter()
            .map(Correction::to_record)
            .collect();
    records.push(Record { key: Some(PostId::from_bytes([1; 16])), payload: b"scrawl".to_vec() });
    bus.append(BusTopic::Corrections, records).await.unwrap();
    drop(bus);
    let corrections = Corrections::load(&open()).await.unwrap();
    let mut post = post("The car park is full");
    assert!(corrections.apply(&mut post));
    assert_eq!((slugs(&post), post.sentiment.unwrap().label), (vec!["transport"], SentimentLabel::Positive));
}

fn corrections() -> impl Strategy<Value = Vec<Correction>> {
    let one = (0..3_usize, 0..4_i64, 0..3_usize).prop_map(|(kind, second, value)| {
        let label = SentimentLabel::ALL[value];
        match kind {
            0 => about(&["food", "transport", "parking"][..=value], second),
            1 => feels(Some(label), second),
            _ => {
                let language = Some(["en", "cy", "so"][value].to_owned());
                Correction { language: Some(ruling(language, second)), ..feels(Some(label), second) }
            }
        }
    });
    proptest::collection::vec(one, 1..8)
}

proptest! {
    #[test]
    fn any_order_and_any_repetition_give_the_same_tags(
        said in corrections(),
        order in proptest::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let mut plain = post("The car park is full");
        for correction in &said {
            correction.apply(&mut plain);
        }
        let mut shuffled = post("The car park is full");
        // Some in any order, some of them several times, and at the end all of them from behind.
        for index in order {
            said[index.index(said.len())].apply(&mut shuffled);
        }
        for correction in said.iter().rev() {
            correction.apply(&mut shuffled);
        }
        prop_assert_eq!(&plain, &shuffled);

        // An enricher that knows them all gives a new delivery the same tags at once.
        let mut known = Corrections::default();
        for correction in &said {
            known.add(correction);
        }
        let mut delivered = post("The car park is full");
        known.apply(&mut delivered);
        prop_assert_eq!(plain, delivered);
    }
}
