//! `discovery train sentiment`.

use std::ops::Range;
use std::path::{Path, PathBuf};

use bus::SentimentLabel;

use super::EvalError;
use super::calibrate::{odds, sharpness};
use super::card::{LICENCE, names, trained_on};
use super::folds::{FOLDS, fold};
use super::labelled::{self, Fields, Labelled};
use super::support::{Settings, Space, Vector, dot};
use crate::eval::{Counts, Report, place};
use crate::model::features::Features;
use crate::model::file::Model;
use crate::model::heads::{Heads, softmax};
use crate::model::{Card, Figures, Reliability};
use crate::sentiment::registers::{LABELS, REGISTER, shares};
use crate::sentiment::{NUMBERS, Reader};

const SETTINGS: Settings = Settings { cost: 0.1, rounds: 40, tolerance: 0.1, seed: 4 };

/// Comments are fewer and less mixed than posts, and each tells more.
const COST_OF_COMMENTS: f32 = 0.25;

/// The buckets of the hash table, as a power of two.
const BITS: u32 = 18;

/// What a text counts of a file that knows no neutral ones: it would teach that nothing is neutral.
const WITHOUT_NEUTRAL: f32 = 0.2;

/// Files to learn the heads of sentiment from.
#[derive(Clone, Debug, Default)]
pub struct SentimentFiles {
    /// Files with what people post.
    pub posts: Vec<PathBuf>,
    /// Files with what people answer when they are asked.
    pub comments: Vec<PathBuf>,
}

impl SentimentFiles {
    /// Reads all of them, those with posts first.
    pub(super) fn read(&self, fields: &Fields) -> Result<Vec<Labelled<SentimentLabel>>, EvalError> {
        let all = self.posts.iter().chain(&self.comments);
        Ok(all.map(|path| labelled::sentiments(path, fields)).collect::<Result<_, _>>()?)
    }
}

/// What one text is.
#[derive(Clone)]
pub(super) struct Row {
    pub(super) file: usize,
    pub(super) comment: bool,
    pub(super) fold: u64,
    pub(super) label: usize,
    pub(super) weight: f32,
    pub(super) features: Features,
}

/// Learns the heads of sentiment from labelled files, and writes `sentiment.bin` and its card to `out`.
///
/// # Errors
/// When a file or the lexicon cannot be read, the examples are too few, or the result cannot be written.
pub fn sentiment(
    files: &SentimentFiles,
    fields: &Fields,
    config_dir: &Path,
    out: &Path,
    note: &str,
) -> Result<Card, EvalError> {
    let reader = Reader::load(&config_dir.join("lexicon"))?;
    let read = files.read(fields)?;
    let rows = prepare(&reader, &read, files.posts.len())?;
    let learner = Learner::new(&rows);
    let scores = learner.kept_back(0..FOLDS);
    let lines = learner.lines(&scores, None);
    let weights: Vec<Vec<f32>> = (0..LABELS.len()).map(|head| learner.head(head, None)).collect();
    let mut heads = Heads::new(BITS, &learner.space.rarities, &weights);
    heads.stretch(&lines);
    let numbers = (0..NUMBERS).map(|number| format!("lexicon {number}")).collect();
    let model = Model { labels: LABELS.map(str::to_owned).to_vec(), heads, numbers, thresholds: Vec::new() };
    let card = Card {
        file: String::new(),
        sha256: String::new(),
        about: "Sentiment of English texts: negative, neutral, positive. Linear heads over hashed n-grams of words and letters and over a lexicon, for posts and for comments, and one that tells both apart; there is no text in it.".to_owned(),
        licence: LICENCE.to_owned(),
        command: command(&read, files.posts.len()),
        note: note.to_owned(),
        trained_on: trained_on(&read),
        needs: Vec::new(),
        figures: learner.figures(&read, &scores),
    };
    model
        .save(out, "sentiment", card.clone())
        .map_err(|reason| EvalError::Unwritable { dir: out.to_owned(), reason })?;
    Ok(card)
}

/// The command that learns from the files in `read`, of which the first `posts` have posts.
pub(super) fn command(read: &[Labelled<SentimentLabel>], posts: usize) -> String {
    let (posts, comments) = read.split_at(posts);
    let comments: Vec<String> = comments.iter().map(|file| format!(" --comments {}", file.file)).collect();
    format!("discovery train sentiment {}{}", names(posts), comments.concat())
}

pub(super) fn prepare(reader: &Reader, read: &[Labelled<SentimentLabel>], posts: usize) -> Result<Vec<Row>, EvalError> {
    let mut rows = Vec::new();
    for (file, labelled) in read.iter().enumerate() {
        let neutral = labelled.rows.iter().any(|(_, label)| *label == SentimentLabel::Neutral);
        let weight = if neutral { 1.0 } else { WITHOUT_NEUTRAL };
        for (text, label) in &labelled.rows {
            let features = reader.features(text);
            rows.push(Row { file, comment: file >= posts, fold: fold(text), label: place(*label), weight, features });
        }
    }
    for comment in [false, true].into_iter().take(if posts < read.len() { 2 } else { 1 }) {
        let count = |label| rows.iter().filter(|row| row.comment == comment && row.label == label).count();
        if let Some(label) = (0..3).find(|label| count(*label) < MIN_EXAMPLES) {
            let (what, option) = if comment { ("comments", "--comments") } else { ("posts", "the first files") };
            let message = format!(
                "{} {} {what} (from {option}); at least {MIN_EXAMPLES} are needed",
                count(label),
                SentimentLabel::ALL[label].slug()
            );
            return Err(EvalError::TooFew(message));
        }
    }
    Ok(rows)
}

/// No sentiment can be learned from fewer examples in a register.
const MIN_EXAMPLES: usize = 10;

/// What a text costs that lies on the wrong side.
#[derive(Clone, Copy)]
pub(super) struct Costs {
    pub(super) posts: f32,
    pub(super) comments: f32,
}

/// The rows, and where they lie.
pub(super) struct Learner<'a> {
    rows: &'a [Row],
    costs: Costs,
    space: Space,
    vectors: Vec<Vector>,
    /// Whether there are no comments, so that both registers learn from posts.
    one_register: bool,
}

impl<'a> Learner<'a> {
    pub(super) fn new(rows: &'a [Row]) -> Self {
        let space = Space::of(rows.iter().map(|row| &row.features), BITS, NUMBERS);
        Self::in_space(rows, space, Costs { posts: SETTINGS.cost, comments: COST_OF_COMMENTS })
    }

    pub(super) fn in_space(rows: &'a [Row], space: Space, costs: Costs) -> Self {
        let vectors = rows.iter().map(|row| space.vector(&row.features)).collect();
        Self { rows, costs, space, vectors, one_register: !rows.iter().any(|row| row.comment) }
    }

    /// Whether a row is of a register.
    pub(super) fn is_of(&self, row: &Row, comment: bool) -> bool {
        self.one_register || row.comment == comment
    }

    /// The weights of one of [`LABELS`], learned from all rows but those that are kept back in round `without`.
    pub(super) fn head(&self, head: usize, without: Option<u64>) -> Vec<f32> {
        let seen = self.rows.iter().zip(&self.vectors).filter(|(row, _)| Some(row.fold) != without);
        let taken = seen.filter(|(row, _)| head == REGISTER || self.is_of(row, head >= 3));
        let holds = |row: &Row| if head == REGISTER { row.comment } else { row.label == head % 3 };
        let mut texts: Vec<(&Vector, bool, f32)> =
            taken.map(|(row, vector)| (vector, holds(row), if head == REGISTER { 1.0 } else { row.weight })).collect();
        let whole: f32 = texts.iter().map(|(.., weight)| weight).sum();
        let positive: f32 = texts.iter().filter(|(_, holds, _)| *holds).map(|(.., weight)| weight).sum();
        for (_, holds, weight) in &mut texts {
            *weight *= whole / 2.0 / if *holds { positive } else { whole - positive };
        }
        let cost = if (3..6).contains(&head) { self.costs.comments } else { self.costs.posts };
        self.space.fit(&texts, &Settings { cost, ..SETTINGS })
    }

    /// The scores of every row of these rounds by heads that have not seen it; empty for the others.
    pub(super) fn kept_back(&self, rounds: Range<u64>) -> Vec<Vec<f32>> {
        let mut scores = vec![Vec::new(); self.rows.len()];
        for round in rounds {
            let heads: Vec<Vec<f32>> = (0..LABELS.len()).map(|head| self.head(head, Some(round))).collect();
            for ((row, vector), scores) in self.rows.iter().zip(&self.vectors).zip(&mut scores) {
                if row.fold == round {
                    *scores = heads.iter().map(|head| dot(head, vector)).collect();
                }
            }
        }
        scores
    }

    /// Factor and offset of each head: so that the sentiments of a register are found equally well and its probabilities
    /// can be believed. Rows of round `without` are left out.
    pub(super) fn lines(&self, scores: &[Vec<f32>], without: Option<u64>) -> Vec<(f32, f32)> {
        let seen = || self.rows.iter().zip(scores).filter(move |(row, _)| Some(row.fold) != without);
        let mut lines = Vec::with_capacity(LABELS.len());
        for comment in [false, true] {
            let first = if comment { 3 } else { 0 };
            let of = |scores: &[f32]| [scores[first], scores[first + 1], scores[first + 2]];
            let texts: Vec<([f32; 3], usize)> = seen()
                .filter(|(row, _)| self.is_of(row, comment) && row.weight >= 1.0)
                .map(|(row, scores)| (of(scores), row.label))
                .collect();
            lines.extend(line(&texts));
        }
        lines.push(odds(&seen().map(|(row, scores)| (scores[REGISTER], row.comment)).collect::<Vec<_>>()));
        lines
    }

    fn figures(&self, read: &[Labelled<SentimentLabel>], scores: &[Vec<f32>]) -> Figures {
        let mut confusions = vec![vec![vec![0; 3]; 3]; read.len()];
        let mut bins = Bins::default();
        for round in 0..FOLDS {
            let lines = self.lines(scores, Some(round));
            for (row, scores) in self.rows.iter().zip(scores).filter(|(row, _)| row.fold == round) {
                let scores: Vec<f32> =
                    scores.iter().zip(&lines).map(|(score, (factor, offset))| score * factor + offset).collect();
                let probabilities = shares(&scores);
                let given = most(&probabilities);
                confusions[row.file][row.label][given] += 1;
                note(&mut bins, probabilities[given], given == row.label);
            }
        }
        Figures {
            method: format!(
                "Each text was scored by heads that had not seen it, in {FOLDS} rounds, with offsets and sharpness chosen on the other rounds; copies of a text were kept back together. The heads in the file have seen all."
            ),
            results: results(read, confusions),
            reliability: reliability(&bins),
        }
    }
}

/// How many claims there are in each tenth, the sum of their probabilities, and how many are right.
pub(super) type Bins = [(usize, f64, usize); 10];

/// Notes a claim.
pub(super) fn note(bins: &mut Bins, claimed: f32, right: bool) {
    let bin = (1_u8..10).filter(|bin| claimed >= f32::from(*bin) / 10.0).count();
    bins[bin].0 += 1;
    bins[bin].1 += f64::from(claimed);
    bins[bin].2 += usize::from(right);
}

/// The table of reliability.
pub(super) fn reliability(bins: &Bins) -> Vec<Reliability> {
    let row = |(bin, (count, sum, right)): (usize, &(usize, f64, usize))| {
        (*count > 0).then(|| Reliability {
            claimed: format!("0.{bin}-{}", if bin == 9 { "1.0".to_owned() } else { format!("0.{}", bin + 1) }),
            rows: *count,
            mean_claimed: rounded(sum / *count as f64),
            right: rounded(*right as f64 / *count as f64),
        })
    };
    bins.iter().enumerate().filter_map(row).collect()
}

/// One line for each file.
pub(super) fn results(read: &[Labelled<SentimentLabel>], confusions: Vec<Vec<Vec<usize>>>) -> Vec<String> {
    let slugs = SentimentLabel::ALL.map(SentimentLabel::slug);
    let result = |(labelled, confusion): (&Labelled<SentimentLabel>, Vec<Vec<usize>>)| {
        format!("{}: {}", labelled.file, Report::of_confusion(&slugs, confusion).summary())
    };
    read.iter().zip(confusions).map(result).collect()
}

/// Factor and offset of each score.
pub(super) fn line(texts: &[([f32; 3], usize)]) -> [(f32, f32); 3] {
    let offsets = offsets(texts);
    let sharpness =
        sharpness(|sharpness| log_likelihood(texts, &offsets.map(|offset| (sharpness, offset * sharpness))));
    offsets.map(|offset| (sharpness, offset * sharpness))
}

/// The logarithm of how probable the labels of the texts are, by their scores on this line.
pub(super) fn log_likelihood(texts: &[([f32; 3], usize)], line: &[(f32, f32); 3]) -> f64 {
    let right = |(scores, label): &([f32; 3], usize)| {
        let scores = [0, 1, 2].map(|label| scores[label] * line[label].0 + line[label].1);
        f64::from(softmax(&scores)[*label].max(1e-9).ln())
    };
    texts.iter().map(right).sum()
}

/// What to add to each score so that the three sentiments are found equally well, and said rightly: the mean of recall
/// and F1 over all three is highest. Neighbouring offsets differ by chance, so the middle of the best is taken.
fn offsets(texts: &[([f32; 3], usize)]) -> [f32; 3] {
    const BEST: usize = 25;
    let steps = || (-10_i8..=10).map(|step| f32::from(step) * 0.05);
    let mut tried: Vec<(f64, [f32; 3])> = steps()
        .flat_map(|negative| steps().map(move |neutral| [negative, neutral, 0.0]))
        .map(|offsets| (goodness(texts, offsets), offsets))
        .collect();
    tried.sort_by(|a, b| b.0.total_cmp(&a.0));
    let best = &tried[..BEST];
    [0, 1, 2].map(|label| best.iter().map(|(_, offsets)| offsets[label]).sum::<f32>() / BEST as f32)
}

fn goodness(texts: &[([f32; 3], usize)], offsets: [f32; 3]) -> f64 {
    let mut counts = [Counts::default(); 3];
    for (scores, label) in texts {
        let given = most(&[0, 1, 2].map(|label| scores[label] + offsets[label]));
        (0..3).for_each(|class| counts[class].add(class == *label, class == given));
    }
    counts.iter().map(|counts| counts.f1() + counts.recall()).sum()
}

pub(super) fn most(scores: &[f32; 3]) -> usize {
    (0..3).max_by(|a, b| scores[*a].total_cmp(&scores[*b])).expect("there are three")
}

fn rounded(share: f64) -> f64 {
    (share * 1000.0).round() / 1000.0
}
