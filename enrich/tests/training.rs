//! Training from made-up examples to files that are loaded: the same examples give the same bytes.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod support;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use enrich::train::{self, EvalError, Fields, SentimentFiles, TopicFiles};
use enrich::{Chain, eval};

const PRAISE: [&str; 4] =
    ["the nurses were kind", "lovely staff, thank you", "wonderful care", "so caring and friendly"];
const REPORTS: [&str; 4] = ["the clinic opens at nine", "it is on the third floor", "a form to fill in", "on Tuesday"];
const BLAME: [&str; 4] =
    ["a rude receptionist", "awful food, cold again", "horrible and filthy", "dreadful, never again"];

/// Examples of each sentiment in turn, each with a subject.
fn examples() -> String {
    let mut lines = String::new();
    for n in 0..60 {
        let (list, sentiment, subject) = match n % 3 {
            0 => (PRAISE, "positive", "staff-manner"),
            1 => (REPORTS, "neutral", "service-location"),
            _ => (BLAME, "negative", "food-and-drink"),
        };
        let subjects =
            if n == 0 { r#"["staff-manner", "service-location"]"#.to_owned() } else { format!("[\"{subject}\"]") };
        let text = format!("{} and that was number {n}", list[(n / 3) % 4]);
        writeln!(lines, r#"{{"text": "{text}", "sentiment": "{sentiment}", "labels": {subjects}}}"#).unwrap();
    }
    lines
}

fn train(config: &Path, file: PathBuf, out: &Path) -> Result<(), EvalError> {
    let fields = Fields::default();
    let files = SentimentFiles { posts: vec![file.clone()], comments: vec![file.clone()] };
    train::sentiment(&files, &fields, config, out, "made up")?;
    let files = TopicFiles { labelled: vec![file], background: Vec::new() };
    train::topics(&files, &fields, config, out, "made up")?;
    Ok(())
}

#[test]
fn the_same_examples_give_the_same_files_and_they_are_loaded() {
    let config = support::configuration_without(&[]);
    let file = config.path().join("examples.jsonl");
    fs::write(&file, examples()).unwrap();
    let (first, second) = (config.path().join("models"), config.path().join("again"));
    train(config.path(), file.clone(), &first).unwrap();
    train(config.path(), file, &second).unwrap();
    for name in ["sentiment.bin", "sentiment.toml", "topics.bin", "topics.toml"] {
        assert!(fs::read(first.join(name)).unwrap() == fs::read(second.join(name)).unwrap(), "{name} differs");
    }
    assert!(Chain::load(config.path()).is_ok());

    let mut bytes = fs::read(first.join("topics.bin")).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(first.join("topics.bin"), bytes).unwrap();
    let error = Chain::load(config.path()).err().unwrap().to_string();
    assert!(error.contains("topics.bin cannot be read: its SHA-256 is "), "{error}");
    assert!(error.contains("`discovery train topics`"), "{error}");
}

#[test]
fn too_few_examples_are_said_to_be_too_few() {
    let config = support::configuration_without(&[]);
    let file = config.path().join("examples.jsonl");
    fs::write(&file, examples().lines().take(9).collect::<Vec<_>>().join("\n")).unwrap();
    let error = train(config.path(), file, &config.path().join("out")).unwrap_err().to_string();
    assert!(error.starts_with("there are too few examples: 3 negative posts"), "{error}");
}

#[test]
fn subjects_of_too_few_rows_are_not_judged_at_all() {
    let config = support::configuration_without(&[]);
    let file = config.path().join("examples.jsonl");
    fs::write(&file, examples()).unwrap();
    train(config.path(), file.clone(), &config.path().join("models")).unwrap();
    let judged = |least| eval::topics(&file, &Fields::default(), config.path(), least, None);
    assert_eq!(judged(20).unwrap().classes.len(), 3);
    let error = judged(22).unwrap_err().to_string();
    assert!(error.contains("no subject has 22 rows or more in ") && error.contains("none more than 21"), "{error}");
}
