//! `discovery eval trends POSTS TRUTH`: the trend detector against a stream with planted issues.

use std::fs::File;
use std::io::{BufReader, Write as _, stdout};
use std::path::Path;

use anyhow::{Context as _, Result};
use enrich::Chain;
use index::trends::eval::{self, EvalError, Planted, Replay, StreamPost, Truth};
use jiff::{SignedDuration, Timestamp};

use crate::cli::{EvalTrends, Global};
use crate::run;

/// Replays the stream and prints the table.
///
/// # Errors
/// When a file cannot be read.
pub fn execute(global: &Global, args: &EvalTrends) -> Result<()> {
    let config = run::load(global)?;
    let chain = Chain::load(&config.dir)?;
    let (posts, truth) = match (&args.posts, &args.truth) {
        (Some(posts), Some(truth)) => (from_file(posts)?, truth_from_file(truth)?),
        _ => match args.planted {
            Some(number) => planted(number, demo::Weather { swing: args.swing, silence: args.silence }),
            None => demonstration(),
        },
    };
    let replay = Replay { method: args.method, every: SignedDuration::from_hours(args.every) };
    let report = eval::evaluate(posts, &truth, &config.trends, replay, |batch| chain.enrich(batch))?;
    let mut out = stdout().lock();
    if args.json {
        writeln!(out, "{}", serde_json::to_string(&report)?)?;
    } else {
        write!(out, "{report}")?;
    }
    Ok(())
}

type Posts = Box<dyn Iterator<Item = Result<StreamPost, EvalError>>>;

fn from_file(path: &Path) -> Result<Posts> {
    let file = File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(Box::new(eval::read(BufReader::new(file))))
}

fn truth_from_file(path: &Path) -> Result<Truth> {
    let file = File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    serde_json::from_reader(BufReader::new(file)).with_context(|| {
        format!("{} is not a truth file: expected `issues`, `decoys` and `score_from`", path.display())
    })
}

/// The made-up stream with this number, and what is planted in it.
fn planted(number: u64, weather: demo::Weather) -> (Posts, Truth) {
    let stream = demo::planted_stream(number, weather);
    let planted = |truth: demo::PlantedTruth| Planted {
        key: truth.key.to_owned(),
        start: Some(truth.start),
        end: Some(truth.end),
        shape: truth.shape.map(str::to_owned),
        kind: truth.kind.map(str::to_owned),
        posts: truth.posts,
    };
    let truth = Truth {
        issues: stream.issues.into_iter().map(planted).collect(),
        decoys: stream.decoys.into_iter().map(planted).collect(),
        score_from: stream.score_from,
    };
    let posts = stream.posts.into_iter().map(|post| {
        Ok(StreamPost {
            id: post.id,
            t: post.t,
            channel: post.channel,
            source: post.source.to_owned(),
            author: Some(post.author),
            event: post.event,
            text: post.text,
            lang: Some(post.lang.to_owned()),
            place: post.place.map(str::to_owned),
        })
    });
    (Box::new(posts), truth)
}

/// How long the demonstration's live part is followed.
const LIVE_HOURS: i64 = 24;

/// The demonstration's own conversation, and what is planted in it.
fn demonstration() -> (Posts, Truth) {
    let live_from = Timestamp::constant(1_767_268_800, 0);
    let until = live_from + SignedDuration::from_hours(LIVE_HOURS);
    let conversation = demo::Conversation::new(demo::SEED, live_from);
    let mut posts: Vec<demo::DemoPost> = conversation.posts_between(conversation.start(), until).collect();
    for meeting in conversation.meetings_between(conversation.start(), until) {
        posts.extend(conversation.contributions(&meeting).filter(|post| post.created_at < until));
    }
    posts.sort_by_key(|post| post.created_at);
    let planted = |truth: &demo::Truth| Planted {
        key: truth.key.to_owned(),
        start: Some(truth.start),
        end: Some(truth.end.unwrap_or(until)),
        shape: Some(shape(truth.kind).to_owned()),
        kind: Some(format!("{:?}", truth.kind)),
        posts: posts.iter().filter(|post| post.belongs_to == Some(truth.key)).map(stream_id).collect(),
    };
    let (issues, decoys): (Vec<demo::Truth>, Vec<demo::Truth>) =
        conversation.truth().into_iter().partition(|truth| truth.kind.is_issue());
    let truth = Truth {
        issues: issues.iter().map(planted).collect(),
        decoys: decoys.iter().map(planted).collect(),
        score_from: live_from - SignedDuration::from_hours(24 * 14),
    };
    (Box::new(posts.into_iter().map(|post| Ok(stream_post(post)))), truth)
}

fn shape(kind: demo::Kind) -> &'static str {
    match kind {
        demo::Kind::Sudden => "sudden",
        demo::Kind::Medium => "medium",
        demo::Kind::Slow => "slow",
        demo::Kind::OfflineOnly => "offline",
        _ => "other",
    }
}

fn stream_id(post: &demo::DemoPost) -> String {
    format!("{}-{}", post.outlet, post.id.0)
}

fn stream_post(post: demo::DemoPost) -> StreamPost {
    StreamPost {
        id: stream_id(&post),
        t: post.created_at,
        channel: post.channel,
        source: post.outlet.to_owned(),
        author: Some(post.author),
        event: post.event,
        text: post.title.map_or(post.text.clone(), |title| format!("{title}\n{}", post.text)),
        lang: Some(post.language.to_owned()),
        place: Some(post.place.to_owned()),
    }
}
