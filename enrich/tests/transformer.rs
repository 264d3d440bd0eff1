//! The transformer tier from made-up examples to tags, with the tiny encoder of the tests.

#![cfg(feature = "rust-bert")]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod support;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use bus::{Enriched, SentimentLabel};
use enrich::train::{self, EvalError, Fields, SentimentFiles, TopicFiles};
use enrich::{Chain, TransformerConfig, eval};

const TEXTS: [(&str, &str, &str); 6] = [
    ("the nurse was great", "positive", "staff-manner"),
    ("good doctor, great nurse", "positive", "staff-manner"),
    ("waiting time is in the appointment", "neutral", "service-location"),
    ("the time of the appointment", "neutral", "service-location"),
    ("awful food, bad", "negative", "food-and-drink"),
    ("the food is bad and awful", "negative", "food-and-drink"),
];

/// The configuration of the repository without what belongs to the real encoder, and examples in `examples.jsonl`.
fn configuration() -> tempfile::TempDir {
    let dir = support::configuration_without(&["adapters.safetensors"]);
    let mut lines = String::new();
    for n in 0..90 {
        let (text, sentiment, subject) = TEXTS[n % TEXTS.len()];
        let second = if n == 0 { ", \"service-location\"" } else { "" };
        writeln!(lines, r#"{{"text": "{text} {n}", "sentiment": "{sentiment}", "labels": ["{subject}"{second}]}}"#)
            .unwrap();
    }
    fs::write(dir.path().join("examples.jsonl"), lines).unwrap();
    dir
}

fn tiny() -> TransformerConfig {
    let model_dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tiny-bert");
    TransformerConfig { enabled: true, model_dir: Some(model_dir), ..TransformerConfig::default() }
}

fn files(dir: &Path) -> (SentimentFiles, TopicFiles) {
    let file: PathBuf = dir.join("examples.jsonl");
    (
        SentimentFiles { posts: vec![file.clone()], comments: vec![file.clone()] },
        TopicFiles { labelled: vec![file], background: Vec::new() },
    )
}

fn train_fast(dir: &Path) {
    let (sentiment, topics) = files(dir);
    train::sentiment(&sentiment, &Fields::default(), dir, &dir.join("models"), "").unwrap();
    train::topics(&topics, &Fields::default(), dir, &dir.join("models"), "").unwrap();
}

fn train_second(dir: &Path) -> Result<(), EvalError> {
    let (sentiment, topics) = files(dir);
    train::transformer::sentiment(&sentiment, &Fields::default(), dir, &tiny(), &dir.join("models"), "")?;
    train::transformer::topics(&topics, &Fields::default(), dir, &tiny(), &dir.join("models"), "")?;
    Ok(())
}

fn post(text: &str) -> Enriched {
    let mut post = support::post(text);
    post.post.language_hint = Some("en".to_owned());
    post
}

#[test]
fn transformer_heads_are_learned_loaded_and_used() {
    let config = configuration();
    let dir = config.path();
    let error = train_second(dir).unwrap_err().to_string();
    assert!(error.contains("the fast tier was learned from other files: run `discovery train sentiment`"), "{error}");

    train_fast(dir);
    train_second(dir).unwrap();
    let once = fs::read(dir.join("models/topics-transformer.bin")).unwrap();
    train_second(dir).unwrap();
    assert!(once == fs::read(dir.join("models/topics-transformer.bin")).unwrap(), "the same examples, other heads");

    let chain = Chain::load(dir).unwrap().for_stage(dir, &tiny()).unwrap();
    assert!(chain.enrichers().any(|enricher| enricher.name() == "transformer"));
    let mut batch = [post("the nurse was great, a good doctor"), post("the food is awful and the food is bad")];
    chain.enrich(&mut batch);
    let labels = batch.each_ref().map(|item| item.sentiment.unwrap().label);
    assert_eq!(labels, [SentimentLabel::Positive, SentimentLabel::Negative]);
    assert!(batch[1].topics.iter().any(|tag| tag.topic == "food-and-drink"), "{:?}", batch[1].topics);

    let file = dir.join("examples.jsonl");
    let report = eval::sentiment(&file, &Fields::default(), dir, Some(&tiny())).unwrap();
    assert!(report.macro_f1 > 0.9, "{report}");
    let report = eval::topics(&file, &Fields::default(), dir, 10, Some(&tiny())).unwrap();
    assert!(report.micro_f1 > 0.9, "{report}");

    for odd in support::odd::texts() {
        let mut alone = [support::post(&odd.text)];
        chain.enrich(&mut alone);
        support::check(&alone[0], odd.name, odd.speechless);
    }

    // Heads that were learned beside other models of the fast tier are refused, and so is another encoder.
    let card = fs::read_to_string(dir.join("models/topics-transformer.toml")).unwrap();
    fs::write(dir.join("models/adapters.safetensors"), "").unwrap();
    let error = Chain::load(dir).unwrap().for_stage(dir, &tiny()).err().unwrap().to_string();
    assert!(error.contains("tiny-bert: this encoder cannot be used"), "{error}");
    fs::remove_file(dir.join("models/adapters.safetensors")).unwrap();
    let other = card.replace("what = \"encoder\"\nsha256 = \"", "what = \"encoder\"\nsha256 = \"0");
    assert_ne!(card, other);
    fs::write(dir.join("models/topics-transformer.toml"), other).unwrap();
    let error = Chain::load(dir).unwrap().for_stage(dir, &tiny()).err().unwrap().to_string();
    assert!(error.contains("it was learned with another encoder than the one here"), "{error}");
    assert!(error.contains("run `make models`"), "{error}");
}

#[test]
fn transformer_that_is_missing_is_named_with_what_to_do() {
    let config = configuration();
    let nowhere = TransformerConfig { model_dir: Some(PathBuf::from("/nowhere")), ..tiny() };
    let error = Chain::load(config.path()).unwrap().for_stage(config.path(), &nowhere).err().unwrap().to_string();
    assert!(error.contains("/nowhere/config.json: there is no encoder here: run `make models`"), "{error}");
    let off = TransformerConfig { enabled: false, ..nowhere };
    assert!(Chain::load(config.path()).unwrap().for_stage(config.path(), &off).is_ok());
}

/// `make test-transformer` says where the encoder is; elsewhere it need not be there.
#[test]
fn transformer_of_the_repository_tags_with_minilm() {
    if std::env::var_os("DISCOVERY_MODELS").is_none() {
        return;
    }
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
    let wanted = TransformerConfig { enabled: true, ..TransformerConfig::default() };
    let chain = Chain::load(&config).unwrap().for_stage(&config, &wanted).unwrap();
    let mut batch = [
        post("The nurses were kind and patient, and explained everything to me"),
        post("Four hours in a freezing corridor and nobody told us anything"),
    ];
    chain.enrich(&mut batch);
    let labels = batch.each_ref().map(|item| item.sentiment.unwrap().label);
    assert_eq!(labels, [SentimentLabel::Positive, SentimentLabel::Negative]);
    assert!(batch[0].topics.iter().any(|tag| tag.topic == "staff-manner"), "{:?}", batch[0].topics);
    assert!(batch[1].topics.iter().any(|tag| tag.topic == "being-kept-informed"), "{:?}", batch[1].topics);
}
