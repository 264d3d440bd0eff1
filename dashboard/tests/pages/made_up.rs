//! What the made-up world is made of: posts, a list of issues written by hand, sources that work and sources that do
//! not. It is Sunday 22 November 2026, 2:05pm.

use std::collections::BTreeMap;
use std::str::FromStr as _;

use bus::{
    AuthorKey, Channel, Enriched, EventId, Gap, IdKey, Offsets, Place, PlaceKind, Post, PostId, Sentiment,
    SentimentLabel, SourceHealth, SourceId, SourceState, TokenHealth, TopicTag,
};
use dashboard::{Alert, Labels, RegionLabel, TopicLabel};
use index::trends::model::{
    ChannelEvidence, DayCount, Discounted, Doubt, GateCheck, Meetings, Retired, Status, TermEvidence,
};
use index::trends::without::{Comparison, LeftOut};
use index::trends::{Issue, IssueId, TrendList};
use jiff::civil::date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp, ToSpan};

/// The moment at which the world stands still.
pub const NOW: &str = "2026-11-22T14:05:00Z";
/// An issue that rises.
pub const QUEUE: &str = "01KA7M3E5C0000000000000001";
/// An issue heard only in meetings.
pub const HEARING: &str = "01KA7M3E5C0000000000000002";
/// An issue as large as ever.
pub const PARKING: &str = "01KA7M3E5C0000000000000003";
/// An issue that is held.
pub const COPIED: &str = "01KA7M3E5C0000000000000004";
/// An issue that was merged into [`QUEUE`].
pub const MERGED: &str = "01KA7M3E5C0000000000000005";
/// An issue that is over.
pub const EXPIRED: &str = "01KA7M3E5C0000000000000006";

pub fn now() -> Timestamp {
    NOW.parse().unwrap()
}

pub fn labels() -> Labels {
    let topic = |slug: &str, name: &str, definition: &str| {
        let label = TopicLabel { name: name.to_owned(), group: "Access".to_owned(), definition: definition.to_owned() };
        (slug.to_owned(), label)
    };
    let region =
        |slug: &str, name: &str, population| (slug.to_owned(), RegionLabel { name: name.to_owned(), population });
    Labels {
        topics: [
            topic("gp-access", "Getting a GP appointment", "Reaching a practice, and being seen there."),
            topic("parking", "Parking", "Parking at hospitals and surgeries."),
        ]
        .into(),
        regions: [
            region("london", "London", 9_000_000),
            region("midlands", "Midlands", 11_000_000),
            region("north-east-and-yorkshire", "North East and Yorkshire", 9_000_000),
            region("south-west", "South West", 6_000_000),
        ]
        .into(),
        languages: vec!["cy".to_owned(), "en".to_owned()],
    }
}

/// What is said in this world: (channel, region, feeling, topic, text).
const SAID: [(Channel, &str, SentimentLabel, &str, &str); 10] = [
    (
        Channel::Social,
        "north-east-and-yorkshire",
        SentimentLabel::Negative,
        "gp-access",
        "Thirtieth in the phone queue at two minutes past eight, and nothing left when they answered.",
    ),
    (
        Channel::Forum,
        "north-east-and-yorkshire",
        SentimentLabel::Negative,
        "gp-access",
        "Does anyone get an appointment without sitting in the queue from 8am?",
    ),
    (
        Channel::Social,
        "london",
        SentimentLabel::Positive,
        "gp-access",
        "Called at eight, the doctor rang back before ten. Could not be happier with my surgery.",
    ),
    (
        Channel::Offline,
        "north-east-and-yorkshire",
        SentimentLabel::Negative,
        "gp-access",
        "I cannot hear the menu, so my daughter waits in the phone queue for me.",
    ),
    (
        Channel::News,
        "midlands",
        SentimentLabel::Neutral,
        "gp-access",
        "Practices in the county are to change their phone system from Monday.",
    ),
    (
        Channel::Comment,
        "midlands",
        SentimentLabel::Negative,
        "parking",
        "Twelve pounds to visit my father for an afternoon. The car park was half empty.",
    ),
    (
        Channel::Social,
        "london",
        SentimentLabel::Neutral,
        "parking",
        "Is the multi-storey at the hospital open again this week?",
    ),
    (
        Channel::Forum,
        "south-west",
        SentimentLabel::Positive,
        "parking",
        "The new park and ride to the hospital is a blessing, and the drivers are kind.",
    ),
    (
        Channel::Offline,
        "midlands",
        SentimentLabel::Negative,
        "gp-access",
        "The hearing loop in the waiting room has not worked since the spring.",
    ),
    (Channel::Social, "", SentimentLabel::Neutral, "", "Mae fy nain yn canmol y nyrsys yn fawr iawn."),
];

/// Four weeks of posts, more of them every day of the last week.
pub fn posts() -> Vec<Enriched> {
    let mut posts = Vec::new();
    for day in 0..28_i64 {
        let a_day = if day >= 21 { 10 + 4 * (day - 20) } else { 8 };
        for number in 0..a_day {
            let begin = now() - SignedDuration::from_hours(24 * (27 - day));
            posts.push(post(day * 100 + number, begin - SignedDuration::from_mins(23 * number)));
        }
    }
    posts
}

fn post(number: i64, created_at: Timestamp) -> Enriched {
    let said = usize::try_from(number * 7 % 10).unwrap();
    let (channel, region, feeling, topic, text) = SAID[said];
    let source: SourceId = source_of(channel).parse().unwrap();
    let key = IdKey::new([7; 32]);
    let post = Post {
        id: PostId::new(&source, &number.to_string()),
        author: (channel != Channel::News).then(|| AuthorKey::new(&key, &source, &format!("person {}", number % 90))),
        source,
        channel,
        created_at,
        collected_at: created_at + SignedDuration::from_mins(4),
        text: text.to_owned(),
        title: (channel == Channel::News).then(|| "New phones for surgeries".to_owned()),
        url: Some(format!("https://example.org/{number}")),
        language_hint: None,
        place_hint: None,
        event: (channel == Channel::Offline).then(|| EventId::from_str("Patient group, November").unwrap()),
        attendance: (channel == Channel::Offline).then_some(23),
    };
    let place = |region: &str| Place {
        kind: PlaceKind::Region,
        name: labels().regions[region].name.clone(),
        region: Some(region.to_owned()),
        confidence: 0.8,
    };
    Enriched {
        post,
        language: Some(if said == 9 { "cy" } else { "en" }.to_owned()),
        sentiment: (said != 9).then_some(Sentiment { label: feeling, score: 0.4, probability: 0.7 }),
        topics: [topic].into_iter().filter(|topic| !topic.is_empty()).map(tag).collect(),
        places: [region].into_iter().filter(|region| !region.is_empty()).map(place).collect(),
        corrected: None,
    }
}

fn tag(topic: &str) -> TopicTag {
    TopicTag { topic: topic.to_owned(), confidence: 0.9, sentiment: None }
}

fn source_of(channel: Channel) -> &'static str {
    match channel {
        Channel::Social => "town-square",
        Channel::Forum => "patients-forum",
        Channel::News => "county-news",
        Channel::Comment => "county-news-comments",
        Channel::Offline => "meetings",
    }
}

/// One post with a hostile text.
pub fn hostile() -> Enriched {
    let mut hostile = post(1, now() - SignedDuration::from_hours(1));
    "<script>alert('queue')</script> & \"quoted\" =1+1".clone_into(&mut hostile.post.text);
    hostile.post.title = Some("=HYPERLINK(\"http://evil.example\")<img src=x onerror=alert(1)>".to_owned());
    hostile.post.url = Some("javascript:alert(1)".to_owned());
    hostile
}

/// The ids of the posts that the usual world quotes.
pub fn quoted() -> Vec<PostId> {
    [(Channel::Social, 2700), (Channel::Offline, 2709), (Channel::Forum, 2703), (Channel::Social, 999_999)]
        .map(|(channel, number)| PostId::new(&source_of(channel).parse().unwrap(), &number.to_string()))
        .to_vec()
}

fn id(text: &str) -> IssueId {
    text.parse().unwrap()
}

pub fn trend_list() -> TrendList {
    let queue = issue(QUEUE, "8am phone queue", Status::Rising, (140.0, 225.0), |day| match day {
        0..21 => 180 + (day * 37) % 41,
        21..27 => 230 + (day - 21) * 50,
        _ => 310,
    });
    let mut hearing =
        issue(
            HEARING,
            "hearing loops that do not work",
            Status::New,
            (0.0, 2.0),
            |day| if day < 21 { 0 } else { day - 18 },
        );
    hearing.channels.retain(|evidence| evidence.channel == Channel::Offline);
    hearing.first_seen = now() - SignedDuration::from_hours(9);
    hearing.posts_before = 0;
    let parking = issue(PARKING, "hospital parking charges", Status::Sustained, (80.0, 110.0), |day| 95 + day % 20);
    let mut copied = issue(COPIED, "save our surgery now", Status::Held, (0.0, 5.0), |day| day / 26 * 60);
    copied.gate[0].passed = false;
    "2 authors".clone_into(&mut copied.gate[0].found);
    let mut list = TrendList {
        as_of: now(),
        computed_at: now() - SignedDuration::from_secs(40),
        offsets: Offsets::default(),
        method: "test/1".to_owned(),
        hash: String::new(),
        days_seen: 56,
        issues: vec![queue, hearing, parking],
        held: vec![copied],
        retired: BTreeMap::from([
            (id(MERGED), Retired::MergedInto(id(QUEUE))),
            (
                id(EXPIRED),
                Retired::Expired {
                    label: "winter vaccines".to_owned(),
                    last_listed: now() - SignedDuration::from_hours(20),
                },
            ),
        ]),
    };
    list.seal();
    list
}

fn issue(issue_id: &str, label: &str, status: Status, usual: (f64, f64), posts_on: impl Fn(u64) -> u64) -> Issue {
    let days: Vec<DayCount> = (0..28_u64)
        .map(|day| DayCount {
            day: date(2026, 10, 26) + Span::new().days(i64::try_from(day).unwrap()),
            posts: posts_on(day),
            voices: posts_on(day) * 4 / 5,
        })
        .collect();
    let sum = |days: &[DayCount]| days.iter().map(|day| day.posts).sum::<u64>();
    let (posts, before) = (sum(&days[21..]), sum(&days[14..21]));
    let evidence = |channel, window_h, voices, expected, p| ChannelEvidence {
        channel,
        window_h,
        voices,
        expected,
        posts: voices * 5 / 4,
        p,
    };
    let check = |rule: &str, found: &str| GateCheck {
        rule: rule.to_owned(),
        found: found.to_owned(),
        passed: true,
        doubt: Doubt::Narrow,
    };
    Issue {
        id: id(issue_id),
        label: label.to_owned(),
        status,
        score: 8.24,
        first_seen: "2026-11-17T07:52:00Z".parse().unwrap(),
        posts,
        voices: posts * 4 / 5,
        posts_before: before,
        channels: vec![
            evidence(Channel::Social, 24, 820, 210.4, 1.2e-7),
            evidence(Channel::Offline, 168, 9, 1.5, 0.000_4),
        ],
        baseline: (date(2026, 10, 18), date(2026, 11, 14)),
        usual,
        days,
        terms: vec![
            TermEvidence { term: "phone queue".to_owned(), voices: 410, expected: 60.0, attributable: 0.85 },
            TermEvidence { term: "8am".to_owned(), voices: 300, expected: 90.0, attributable: 0.7 },
        ],
        sentiment: BTreeMap::from([
            (SentimentLabel::Negative, posts * 58 / 100),
            (SentimentLabel::Neutral, posts * 29 / 100),
            (SentimentLabel::Positive, posts * 13 / 100),
        ]),
        regions: vec![
            ("north-east-and-yorkshire".to_owned(), posts / 2),
            ("london".to_owned(), posts / 5),
            ("midlands".to_owned(), 7),
        ],
        topics: vec![("gp-access".to_owned(), posts)],
        quotes: quoted(),
        recent: quoted(),
        busiest_source: ("patients-forum".to_owned(), 0.14),
        meetings: Meetings { held: 3, counted: 3, people: 85 },
        discounted: Discounted { copies: 96, same_author: 12 },
        gate: vec![check("at least 5 authors", "812 authors"), check("at least 4 different hours", "24 hours")],
        related: vec![id(PARKING)],
        query: "\"phone queue\" OR 8am".to_owned(),
    }
}

/// The list without the patients' forum, on which the second issue rests; nothing else is known.
#[expect(clippy::unnecessary_wraps, reason = "it stands in for one that can fail")]
pub fn without(left_out: &LeftOut, _as_of: Timestamp) -> Result<Option<Comparison>, String> {
    let (whole, mut without) = (trend_list(), trend_list());
    let is_known = *left_out == LeftOut::Source("patients-forum".parse().unwrap());
    if is_known {
        without.issues.remove(1);
    }
    Ok(Some(Comparison { whole, without, posts: 5_000, left_out: if is_known { 430 } else { 0 } }))
}

/// What was told to whom asked for it.
pub fn alerts() -> Vec<Alert> {
    let list = trend_list();
    let told = |rule: &str, number: usize| Alert::new(rule, &list.issues[number], now());
    vec![told("Phones & queues", 0), told("The North", 1)]
}

pub fn health() -> Vec<SourceHealth> {
    let source = |name: &str, kind: &str, channel, state, posts: &[u64]| SourceHealth {
        id: name.to_lowercase().replace(' ', "-").parse().unwrap(),
        name: name.to_owned(),
        kind: kind.to_owned(),
        channel,
        location: "https://example.org/feed".to_owned(),
        state,
        last_success: Some(now() - SignedDuration::from_mins(12)),
        last_attempt: Some(now() - SignedDuration::from_mins(12)),
        next_attempt: Some(now() + SignedDuration::from_mins(48)),
        newest_post: Some(now() - SignedDuration::from_mins(15)),
        failures: 0,
        error: None,
        posts_total: posts.iter().sum(),
        posts_by_day: posts.to_vec(),
        gaps: Vec::new(),
        token: None,
    };
    let usual = [30, 28, 33, 31, 29, 12, 14, 30, 31, 36, 40, 44, 52, 20];
    let mut gone = source("County news", "feed", Channel::News, SourceState::Failing, &[4, 5, 4, 6, 5, 0, 0, 0]);
    gone.failures = 7;
    gone.error = Some("The server answered 410: the feed is gone".to_owned());
    gone.last_success = Some(now() - SignedDuration::from_hours(70));
    let mut silent = source("Meetings", "transcripts", Channel::Offline, SourceState::Silent, &[3, 0, 0, 2, 0, 0]);
    "transcripts/".clone_into(&mut silent.location);
    gone.gaps = vec![Gap {
        source: gone.id.clone(),
        channel: gone.channel,
        from: now() - SignedDuration::from_hours(100),
        until: Some(now() - SignedDuration::from_hours(96)),
        reason: "it did not answer".to_owned(),
    }];
    gone.token = Some(TokenHealth {
        place: "the environment variable COUNTY_TOKEN".to_owned(),
        expires: Some(now().to_zoned(TimeZone::UTC).date().saturating_add(9.days())),
        refused: false,
    });
    vec![
        source("Town square", "mastodon", Channel::Social, SourceState::Working, &usual),
        source("Patients forum", "feed", Channel::Forum, SourceState::Working, &usual),
        silent,
        gone,
    ]
}
