//! `discovery bench trends`: what the trend detector takes on this machine, on a made-up stream that goes in through its one door. How many
//! posts a second one core takes in, how long a list takes while 3,000 words rise at once, and how much memory the state needs when ten
//! times as much has gone through it as it remembers.

use std::io::{Write as _, stdout};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use bus::{AuthorKey, Change, Channel, Enriched, IdKey, Post, PostId, SourceId};
use index::trends::{Detector, TrendsConfig};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::memory;
use crate::cli::{BenchTrends, Global};
use crate::run;

/// What the detector is to keep to.
const POSTS_PER_S: f64 = 50_000.0;
const LIST_S: f64 = 1.0;
const MEMORY_MIB: u64 = 250;
/// Posts made at once, outside the time that is measured.
const BATCH: usize = 1_000;
/// Days of the stream between two lists, until the lists that are measured.
const LIST_EVERY_DAYS: usize = 5;
/// How often the last list is computed, each time after one more post.
const LISTS: usize = 5;
/// Words of a post that belong to nothing.
const WORDS: u64 = 16;

/// The figures, as `--json` prints them.
#[derive(Debug, Serialize)]
struct Figures {
    /// Posts that went through.
    posts: usize,
    /// Posts remembered at the end.
    remembered: usize,
    /// Posts a second that one core takes in.
    posts_per_s: f64,
    /// Words that rose on the last day.
    rising_words: u64,
    /// Issues on the last list, and held ones.
    issues: usize,
    held: usize,
    /// Seconds that a list took while they rose: the middle one, and the slowest.
    list_s: f64,
    slowest_list_s: f64,
    /// Resident memory that the detector had taken at most, lists included, in MiB: after a tenth of the stream, and at the end.
    memory_after_a_tenth_mib: u64,
    memory_mib: u64,
}

/// Measures, and prints the figures.
///
/// # Errors
/// When the configuration is wrong, or the kernel does not tell how much memory is taken.
pub fn execute(global: &Global, bench: &BenchTrends) -> Result<()> {
    let config = run::load(global)?.trends;
    ensure!(bench.days > config.min_baseline_days, "no list is made of so few days: ask for more with --days");
    super::say("posts go through the detector");
    let stream =
        Stream { posts: bench.posts, days: bench.days as usize, subjects: u64::from(bench.rising.div_ceil(3)) };
    let figures = measure(stream, config)?;
    let mut out = stdout().lock();
    if bench.json {
        serde_json::to_writer(&mut out, &figures)?;
        return Ok(writeln!(out)?);
    }
    print(&mut out, &figures)
}

fn print(out: &mut impl std::io::Write, figures: &Figures) -> Result<()> {
    let kept = |is_kept: bool| if is_kept { "" } else { "  NOT KEPT" };
    let Figures { posts, remembered, posts_per_s, rising_words, list_s, slowest_list_s, memory_mib, .. } = figures;
    writeln!(out, "{posts} posts, of which {remembered} are remembered")?;
    writeln!(
        out,
        "  taken in on one core     {posts_per_s:>9.0} posts/s  (aim: {POSTS_PER_S}){}",
        kept(*posts_per_s >= POSTS_PER_S)
    )?;
    writeln!(
        out,
        "  a list, {rising_words} words rising {list_s:>7.2} s, the slowest {slowest_list_s:.2} s  (aim: {LIST_S} s){}; {} issues, {} held",
        kept(*slowest_list_s <= LIST_S),
        figures.issues,
        figures.held
    )?;
    writeln!(
        out,
        "  memory at most           {memory_mib:>9} MiB, after a tenth of the stream {} MiB  (aim: {MEMORY_MIB} MiB){}",
        figures.memory_after_a_tenth_mib,
        kept(*memory_mib <= MEMORY_MIB)
    )?;
    Ok(())
}

fn measure(stream: Stream, config: TrendsConfig) -> Result<Figures> {
    let mut detector = Detector::new(config);
    let mut composer = Composer::new(stream);
    let at_start = memory::peak_mib()?;
    let list_every = stream.posts / stream.days * LIST_EVERY_DAYS;
    let (mut taking_in, mut next_list, mut after_a_tenth) = (Duration::ZERO, list_every, None);
    for first in (0..stream.posts).step_by(BATCH) {
        let posts: Vec<Change<Enriched>> =
            (first..stream.posts.min(first + BATCH)).map(|number| composer.post(number)).collect();
        let begun = Instant::now();
        for post in &posts {
            detector.observe(post);
        }
        taking_in += begun.elapsed();
        if first >= next_list {
            next_list += list_every;
            list(&mut detector);
        }
        if after_a_tenth.is_none() && 10 * (first + BATCH) >= stream.posts {
            list(&mut detector);
            after_a_tenth = Some(memory::peak_mib()?);
        }
    }
    let mut times = Vec::with_capacity(LISTS);
    let (mut issues, mut held) = (0, 0);
    for number in stream.posts..stream.posts + LISTS {
        // A post anew, so that the marks of its day have to be set again, as with every list of a live stream.
        detector.observe(&composer.post(number));
        let begun = Instant::now();
        (issues, held) = list(&mut detector);
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    Ok(Figures {
        posts: stream.posts,
        remembered: detector.posts(),
        posts_per_s: super::per_second(stream.posts, taking_in),
        rising_words: 3 * stream.subjects,
        issues,
        held,
        list_s: times[LISTS / 2].as_secs_f64(),
        slowest_list_s: times[LISTS - 1].as_secs_f64(),
        memory_after_a_tenth_mib: after_a_tenth.unwrap_or(at_start).saturating_sub(at_start),
        memory_mib: memory::peak_mib()?.saturating_sub(at_start),
    })
}

/// Computes a list, and says how many issues are on it and how many are held.
fn list(detector: &mut Detector) -> (usize, usize) {
    let list = detector.newest().map(|newest| detector.list(newest));
    list.map_or((0, 0), |list| (list.issues.len(), list.held.len()))
}

/// What is made up.
#[derive(Clone, Copy, Debug)]
struct Stream {
    posts: usize,
    days: usize,
    /// Subjects of three words each that nobody spoke of before the last day.
    subjects: u64,
}

/// Makes the posts, the same at every run.
struct Composer {
    stream: Stream,
    source: SourceId,
    key: IdKey,
    random: u64,
}

impl Composer {
    fn new(stream: Stream) -> Self {
        let source = "bench".parse().expect("a lower-case word is a slug");
        Self { stream, source, key: IdKey::new([7; 32]), random: 7 }
    }

    /// The next number, from 0 to below `bound`: a linear congruential generator with Knuth's constants for MMIX.
    fn below(&mut self, bound: u64) -> u64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % bound
    }

    /// A word of a language in which few words are used often.
    fn word(&mut self) -> String {
        let rank = if self.below(3) == 0 { self.below(60) } else { self.below(150) * self.below(150) };
        format!("w{rank}x")
    }

    /// The post with this number: one of the last day speaks of two subjects that rise.
    fn post(&mut self, number: usize) -> Change<Enriched> {
        let Stream { posts, days, subjects } = self.stream;
        let length = SignedDuration::from_hours(24) * i32::try_from(days).unwrap_or(i32::MAX);
        let at = Timestamp::UNIX_EPOCH + length.mul_f64(number as f64 / posts as f64);
        let mut words: Vec<String> = (0..WORDS).map(|_| self.word()).collect();
        if number >= posts - posts / days {
            for part in 0..2 {
                let subject = self.below(subjects.max(1));
                for (nth, word) in ["a", "b", "c"].into_iter().enumerate() {
                    words.insert(8 * part + 3 * nth, format!("rising{subject}{word}"));
                }
            }
        }
        let channel = match self.below(100) {
            0..70 => Channel::Social,
            70..85 => Channel::Forum,
            85..90 => Channel::Comment,
            90..97 => Channel::News,
            _ => Channel::Offline,
        };
        let author = self.below(50_000);
        Change::Upsert(Enriched::untagged(Post {
            id: PostId::new(&self.source, &number.to_string()),
            author: Some(AuthorKey::new(&self.key, &self.source, &author.to_string())),
            channel,
            created_at: at,
            collected_at: at,
            text: words.join(" "),
            title: None,
            url: None,
            language_hint: None,
            place_hint: None,
            event: None,
            attendance: None,
            source: self.source.clone(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rises_on_the_last_day_is_on_the_last_list_and_the_table_says_what_is_not_kept() {
        let stream = Stream { posts: 8_000, days: 40, subjects: 50 };
        let figures = measure(stream, TrendsConfig::default()).unwrap();
        assert!(figures.issues >= 10, "{figures:?}");
        assert!(figures.remembered < figures.posts, "what is older than the baseline is forgotten");
        let mut table = Vec::new();
        print(
            &mut table,
            &Figures { memory_mib: MEMORY_MIB + 1, posts_per_s: POSTS_PER_S, slowest_list_s: LIST_S, ..figures },
        )
        .unwrap();
        let table = String::from_utf8(table).unwrap();
        assert_eq!(table.matches("NOT KEPT").count(), 1, "{table}");
    }
}
