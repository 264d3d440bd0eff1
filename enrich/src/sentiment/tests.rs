use std::path::PathBuf;
use std::sync::LazyLock;

use super::*;
use crate::testing::untagged;

static ENRICHER: LazyLock<SentimentEnricher> = LazyLock::new(|| {
    SentimentEnricher::load(&PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../config/lexicon"))).unwrap()
});

fn score(text: &str) -> f32 {
    ENRICHER.score(text)
}

fn label(text: &str) -> SentimentLabel {
    let mut post = untagged(text);
    post.language = Some("en".to_owned());
    ENRICHER.enrich(std::slice::from_mut(&mut post));
    post.sentiment.unwrap().label
}

#[test]
fn the_scores_are_those_of_the_published_rules() {
    // Worked out by hand from the lexicon: "good" 1.9, "horrible" -2.5, "happy" 2.7.
    let normal = |sum: f32| sum / (sum * sum + 15.0).sqrt();
    let cases = [
        ("The book was good", 1.9),
        ("The book was very good", 1.9 + 0.293),
        ("The book was not good", 1.9 * -0.74),
        ("The book was GOOD", 1.9 + 0.733),
        ("THE BOOK WAS GOOD", 1.9),
        ("The book was good!!!", 1.9 + 3.0 * 0.292),
        ("The book was slightly good", 1.9 - 0.293),
        ("good but horrible", 1.9 * 0.5 - 2.5 * 1.5),
        ("never so happy", 2.7 * 1.25 + 0.293 * 1.25),
        ("the least happy", 2.7 * -0.74),
        ("at least happy", 2.7),
        ("the table stands", 0.0),
    ];
    for (text, sum) in cases {
        assert!((score(text) - normal(sum)).abs() < 1e-3, "{text:?}: {} instead of {}", score(text), normal(sum));
    }
}

#[test]
fn posts_about_care_get_the_label_that_a_reader_would_give() {
    let cases = [
        ("Thank you to the kind nurse on ward 7", SentimentLabel::Positive),
        ("Can\u{2019}t fault the care Mum had", SentimentLabel::Positive),
        ("No complaints at all, staff were brilliant", SentimentLabel::Positive),
        ("They saved my life \u{2764}", SentimentLabel::Positive),
        ("seen straight away, lovely doctor :)", SentimentLabel::Positive),
        ("Operation cancelled again. Absolute shambles.", SentimentLabel::Negative),
        ("Fobbed off by reception, gave up", SentimentLabel::Negative),
        ("The ward was understaffed and unsafe", SentimentLabel::Negative),
        ("They were not helpful and not kind", SentimentLabel::Negative),
        ("Still waiting for a call back \u{1f621}", SentimentLabel::Negative),
        ("The trust board meets on Tuesday about cancer care", SentimentLabel::Neutral),
        ("The clinic opens at nine", SentimentLabel::Neutral),
        ("Social care and mental health are on the agenda", SentimentLabel::Neutral),
    ];
    for (text, expected) in cases {
        assert_eq!(label(text), expected, "{text:?} scored {}", score(text));
    }
}

#[test]
fn only_english_is_scored() {
    let mut post = untagged("Thank you, wonderful");
    for language in [None, Some("cy"), Some("pl")] {
        post.language = language.map(str::to_owned);
        ENRICHER.enrich(std::slice::from_mut(&mut post));
        assert_eq!(post.sentiment, None);
    }
}

#[test]
fn a_long_text_is_the_mean_of_its_sentences_that_feel() {
    let report = "The meeting was held on Tuesday and the minutes were read out to those in the room. ".repeat(4);
    let text = format!("{report}The nurses were wonderful. The food was awful. {report}");
    let mean = f32::midpoint(score("The nurses were wonderful."), score("The food was awful."));
    assert!((score(&text) - mean).abs() < 1e-6);
    assert!(score(&report).abs() < f32::EPSILON);
}

#[test]
fn scores_stay_between_minus_one_and_one() {
    for text in ["", "!!!", ":(", "🙂🙂🙂", "good ".repeat(2_000).as_str(), "not ".repeat(500).as_str(), "’’’ é no"]
    {
        assert!((-1.0..=1.0).contains(&score(text)), "{text:?}");
    }
}

#[test]
fn a_fault_in_a_lexicon_names_its_line() {
    let dir = tempfile::tempdir().unwrap();
    let load = |line: &str| {
        std::fs::write(dir.path().join("vader.txt"), format!("# lexicon\ngood\t1.9\n{line}\n")).unwrap();
        SentimentEnricher::load(dir.path()).err().unwrap().to_string()
    };
    assert!(load("bad").ends_with("vader.txt:3: expected a word, a tab and a number"));
    assert!(load("bad\tawful").ends_with("vader.txt:3: the part after the tab is not a number"));
    assert!(load("bad\t-9").ends_with("vader.txt:3: a valence lies between -4 and 4"));
    assert!(load("as bad as can be\t-2").ends_with("vader.txt:3: a phrase has at most four words"));
    assert!(load("bad\t-2").contains("health.txt: cannot be read"));
}
