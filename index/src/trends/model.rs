//! What the trend detector says: a list of issues, each with all that is needed to check it.

use std::collections::BTreeMap;
use std::path::Path;

use bus::{Channel, Offsets, PostId, SentimentLabel};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use ulid::Ulid;

use super::error::TrendsError;

/// The identity of an issue: the same over hours, days and restarts.
pub type IssueId = Ulid;

/// The state of the conversation at one moment. The same inputs give the same list and the same hash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrendList {
    /// The moment in *event* time that the list describes (UTC).
    pub as_of: Timestamp,
    /// When it was computed by the clock (UTC); not part of the hash.
    pub computed_at: Timestamp,
    /// How far the detector had read the bus.
    pub offsets: Offsets,
    /// Version of the algorithm and hash of its configuration.
    pub method: String,
    /// BLAKE3 over all of the list but `computed_at`, in hexadecimal.
    pub hash: String,
    /// Days of conversation seen so far; before `baseline_days` days there is no baseline, and so no trend.
    pub days_seen: u32,
    /// The issues, strongest first.
    pub issues: Vec<Issue>,
    /// Issues that failed the gate, with the reason, for a person to release or confirm.
    pub held: Vec<Issue>,
    /// Issues that are no more: an id leads to what became of it.
    pub retired: BTreeMap<IssueId, Retired>,
}

impl TrendList {
    /// The list in the file at `path`, or `None` while there is no such file.
    ///
    /// # Errors
    /// [`TrendsError::List`] when the file is there and cannot be read.
    pub fn read(path: &Path) -> Result<Option<Self>, TrendsError> {
        let unreadable = |reason: String| TrendsError::List { path: path.to_owned(), reason };
        match std::fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| unreadable(error.to_string())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unreadable(error.to_string())),
        }
    }

    /// What an issue is now: itself, or the one that it was merged into, step by step.
    pub fn current(&self, mut id: IssueId) -> IssueId {
        // A list that somebody made by hand may lead round in a circle: no step is taken twice.
        for _ in 0..self.retired.len() {
            match self.retired.get(&id) {
                Some(Retired::MergedInto(into)) => id = *into,
                _ => break,
            }
        }
        id
    }

    /// Sets the hash to that of the content.
    pub fn seal(&mut self) {
        let content = Self { computed_at: Timestamp::UNIX_EPOCH, hash: String::new(), ..self.clone() };
        let json = serde_json::to_vec(&content).expect("a list holds only strings, numbers and times");
        self.hash = blake3::hash(&json).to_hex().to_string();
    }
}

/// What became of an issue that is no longer listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retired {
    /// It was found to be the same as another one.
    MergedInto(IssueId),
    /// It fell back to its usual level at this time and is kept for reference under its label.
    Expired {
        /// Its last label.
        label: String,
        /// When it was last listed (UTC).
        last_listed: Timestamp,
    },
}

/// An issue of public concern: a cluster of posts followed under one identity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Issue {
    /// Identity.
    pub id: IssueId,
    /// A readable phrase in the words of the posts.
    pub label: String,
    /// What it is doing.
    pub status: Status,
    /// Strength: -log10 of the combined p-value, soft-capped.
    pub score: f64,
    /// Created time of the first post of the present rise (UTC).
    pub first_seen: Timestamp,
    /// Posts in the last 7 days.
    pub posts: u64,
    /// Distinct voices in the last 7 days.
    pub voices: u64,
    /// Posts in the 7 days before these, for "up 118%".
    pub posts_before: u64,
    /// The evidence channel by channel, strongest first; only channels with any.
    pub channels: Vec<ChannelEvidence>,
    /// The first and last day of the baseline.
    pub baseline: (Date, Date),
    /// What is usual in a day: posts from low to high (10th to 90th percentile of the baseline days).
    pub usual: (f64, f64),
    /// Posts and voices on each of the last 28 days (Europe/London), oldest first, `as_of`'s day last.
    pub days: Vec<DayCount>,
    /// The words used more than usual.
    pub terms: Vec<TermEvidence>,
    /// How the posts of the last 7 days feel; posts that were not scored are in no class.
    pub sentiment: BTreeMap<SentimentLabel, u64>,
    /// Posts of the last 7 days by NHS region (slug), most first.
    pub regions: Vec<(String, u64)>,
    /// Main subjects of the posts, most first.
    pub topics: Vec<(String, u64)>,
    /// Posts that show different views: distinct authors, channels and places; one offline where there is one.
    pub quotes: Vec<PostId>,
    /// Recent posts of the issue, newest first, at most 400.
    pub recent: Vec<PostId>,
    /// The busiest source and its share of the posts of the last 7 days, 0 to 1.
    pub busiest_source: (String, f64),
    /// The meetings of the last 7 days at which it was spoken of.
    #[serde(default)]
    pub meetings: Meetings,
    /// Posts not counted as voices, and why.
    pub discounted: Discounted,
    /// What the gate asked, and what it found.
    pub gate: Vec<GateCheck>,
    /// Other issues that share posts or words with this one.
    pub related: Vec<IssueId>,
    /// A query in the search grammar that opens the posts of this issue.
    pub query: String,
}

impl Issue {
    /// The evidence for it in one channel, if anything is said of it there.
    pub fn evidence_in(&self, channel: Channel) -> Option<&ChannelEvidence> {
        self.channels.iter().find(|evidence| evidence.channel == channel)
    }

    /// The probability of as much in one channel if nothing had changed; 1 where nothing is said of it there. The list of one channel is
    /// in the order of this.
    pub fn p_in(&self, channel: Channel) -> f64 {
        self.evidence_in(channel).map_or(1.0, |evidence| evidence.p)
    }

    /// The gravest doubt that the gate found, if any.
    pub fn doubt(&self) -> Option<Doubt> {
        self.gate.iter().filter(|check| !check.passed).map(|check| check.doubt).min()
    }
}

/// What an issue is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Not seen before its present rise.
    New,
    /// Above its usual range and growing.
    Rising,
    /// Above its usual range, no longer growing.
    Sustained,
    /// Coming down.
    Falling,
    /// Failed the gate: [`Issue::doubt`] tells why.
    Held,
}

/// The evidence for an issue in one channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChannelEvidence {
    /// Which channel.
    pub channel: Channel,
    /// The window in which the rise is clearest, in hours.
    pub window_h: u32,
    /// Voices in that window.
    pub voices: u64,
    /// Voices expected in it from the baseline.
    pub expected: f64,
    /// Posts in that window.
    pub posts: u64,
    /// Probability of as many voices if nothing had changed, times the windows tried.
    pub p: f64,
}

/// Counts of one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayCount {
    /// The day in Europe/London.
    pub day: Date,
    /// Posts.
    pub posts: u64,
    /// Distinct voices.
    pub voices: u64,
}

/// One word or phrase of an issue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TermEvidence {
    /// The word or phrase as people write it.
    pub term: String,
    /// Voices in the strongest window.
    pub voices: u64,
    /// Voices expected.
    pub expected: f64,
    /// The part of its use that is due to the rise: (O - E) / O.
    pub attributable: f64,
}

/// Meetings at which an issue was spoken of. Most people in a room do not speak; this tells how many listened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meetings {
    /// How many there were.
    pub held: u64,
    /// At how many of them somebody noted how many people were there.
    pub counted: u64,
    /// How many people were at these, together; who came twice is in it twice.
    pub people: u64,
}

/// Posts of an issue that add no voice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discounted {
    /// Copies beyond the third of the same text.
    pub copies: u64,
    /// Further posts of an author within 24 hours.
    pub same_author: u64,
}

/// One rule of the gate with its result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GateCheck {
    /// What is asked, in words ("at least 5 authors").
    pub rule: String,
    /// What was found, in words ("2 authors").
    pub found: String,
    /// Whether it passed.
    pub passed: bool,
    /// What must be suspected where it does not.
    pub doubt: Doubt,
}

/// Why an issue is held, gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Doubt {
    /// The posts look coordinated: one burst, copies, or accounts made for it.
    Coordinated,
    /// The posts speak of one person more than of health and care.
    Person,
    /// What is said on the same day of each week looks like growth.
    Habit,
    /// Too few people, sources or meetings to tell.
    Narrow,
}
