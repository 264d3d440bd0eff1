//! Tests of the eight weeks as a whole.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use bus::Channel;
use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::rng::Rng;

/// The moment that the demonstration begins, in these tests: a Monday morning.
const END: Timestamp = Timestamp::constant(1_783_328_400, 0);

fn conversation() -> Conversation {
    Conversation::new(SEED, END)
}

/// Eight weeks, written once for all tests.
static POSTS: LazyLock<Vec<DemoPost>> =
    LazyLock::new(|| conversation().posts_between(conversation().start(), END).collect());

fn share(count: usize) -> f64 {
    count as f64 / POSTS.len() as f64
}

fn of_key(key: &str) -> impl Iterator<Item = &DemoPost> {
    POSTS.iter().filter(move |post| post.belongs_to == Some(key))
}

/// Posts of `key` on the day with this number, online or in rooms.
fn on_day(key: &str, day: i64) -> usize {
    let from = conversation().start() + SignedDuration::from_hours(24 * day);
    let until = from + SignedDuration::from_hours(24);
    of_key(key).filter(|post| post.created_at >= from && post.created_at < until).count()
}

#[test]
fn the_same_seed_gives_the_same_posts_and_another_gives_others() {
    let hash = |seed: u64| {
        let conversation = Conversation::new(seed, END);
        let mut hasher = blake3::Hasher::new();
        for post in conversation.posts_between(conversation.start(), END).take(10_000) {
            hasher.update(format!("{post:?}").as_bytes());
        }
        hasher.finalize()
    };
    assert_eq!(hash(SEED), hash(SEED));
    assert_ne!(hash(SEED), hash(SEED + 1));
}

#[test]
fn a_post_is_the_same_however_it_is_asked_for() {
    let conversation = conversation();
    for post in POSTS.iter().step_by(997) {
        assert_eq!(conversation.post(post.id).as_ref(), Some(post));
    }
    let middle = END - SignedDuration::from_hours(7);
    let begin = END - SignedDuration::from_hours(15);
    let whole: Vec<_> = conversation.posts_between(begin, END).map(|post| post.id).collect();
    let first = conversation.posts_between(begin, middle);
    let parts: Vec<_> = first.chain(conversation.posts_between(middle, END)).map(|post| post.id).collect();
    assert_eq!(whole, parts);
    assert!(conversation.post(PostRef(POSTS[5].id.0 + 1)).is_none());
}

#[test]
fn there_are_about_100_000_posts_in_order_in_the_planned_mix() {
    assert!((92_000..108_000).contains(&POSTS.len()), "{}", POSTS.len());
    assert!(POSTS.windows(2).all(|pair| pair[0].id < pair[1].id && pair[0].created_at <= pair[1].created_at));
    let expected = [
        (Channel::Social, 0.65),
        (Channel::Forum, 0.215),
        (Channel::News, 0.06),
        (Channel::Comment, 0.03),
        (Channel::Offline, 0.042),
    ];
    for (channel, expected) in expected {
        let found = share(POSTS.iter().filter(|post| post.channel == channel).count());
        assert!((found / expected - 1.0).abs() < 0.2, "{channel:?}: {found}");
    }
}

#[test]
fn thousands_of_voices_speak_and_some_speak_more() {
    let mut by_voice: HashMap<(&str, &str), usize> = HashMap::new();
    for post in POSTS.iter().filter(|post| post.channel == Channel::Social || post.channel == Channel::Forum) {
        *by_voice.entry((post.outlet, &post.author)).or_default() += 1;
    }
    assert!((6_000..11_000).contains(&by_voice.len()), "{}", by_voice.len());
    let mut counts: Vec<_> = by_voice.values().copied().collect();
    counts.sort_unstable();
    let busiest: usize = counts.iter().rev().take(counts.len() / 10).sum();
    assert!(busiest as f64 > 0.25 * counts.iter().sum::<usize>() as f64, "the busiest tenth says {busiest}");
    assert!(counts[counts.len() / 2] <= 8);
}

#[test]
fn every_region_and_every_language_is_heard() {
    let regions: HashMap<&str, Region> =
        Region::ALL.iter().flat_map(|region| region.towns().iter().map(|town| (town.name, *region))).collect();
    for region in Region::ALL {
        let found = share(POSTS.iter().filter(|post| regions[post.place] == region).count());
        assert!((0.06..0.26).contains(&found), "{region:?}: {found}");
    }
    let language = |code: &str| share(POSTS.iter().filter(|post| post.language == code).count());
    assert!((0.004..0.015).contains(&language("cy")), "{}", language("cy"));
    for code in ["pl", "ro", "ur", "pa", "bn", "ar", "pt", "es", "so"] {
        assert!((0.001..0.012).contains(&language(code)), "{code}: {}", language(code));
    }
}

#[test]
fn ordinary_posts_do_not_repeat_each_other() {
    for channel in [Channel::Social, Channel::Forum, Channel::Comment, Channel::News] {
        let ordinary: Vec<_> =
            POSTS.iter().filter(|post| post.belongs_to.is_none() && post.channel == channel).collect();
        let mut rng = Rng::keyed(&[3, channel as u64]);
        let sample: Vec<_> = (0..1_000).map(|_| ordinary[rng.below(ordinary.len())]).collect();
        let mut seen = HashSet::new();
        let shingles: Vec<_> =
            sample.iter().filter(|post| seen.insert(post.id)).map(|post| shingles(&post.text)).collect();
        let repeats = near_duplicates(&shingles);
        assert!(repeats * 100 < shingles.len(), "{channel:?}: {repeats} of {} are near-duplicates", shingles.len());
    }
}

fn shingles(text: &str) -> HashSet<u64> {
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric() && c != '\'')
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.windows(2).map(|pair| Rng::keyed(&[hash_of(&pair[0]), hash_of(&pair[1])]).next()).collect()
}

fn hash_of(word: &str) -> u64 {
    u64::from_le_bytes(blake3::hash(word.as_bytes()).as_bytes()[..8].try_into().unwrap())
}

/// How many of the texts have another whose word 2-shingles are more than 60 % the same (Jaccard).
fn near_duplicates(texts: &[HashSet<u64>]) -> usize {
    let mut holders: HashMap<u64, Vec<usize>> = HashMap::new();
    for (index, text) in texts.iter().enumerate() {
        for shingle in text {
            holders.entry(*shingle).or_default().push(index);
        }
    }
    let has_another = |index: usize| {
        let mut common = vec![0_usize; texts.len()];
        for other in texts[index].iter().flat_map(|shingle| &holders[shingle]) {
            common[*other] += 1;
        }
        let own = texts[index].len();
        let alike = |other: usize| common[other] as f64 > 0.6 * (own + texts[other].len() - common[other]) as f64;
        (0..texts.len()).any(|other| other != index && alike(other))
    };
    (0..texts.len()).filter(|&index| has_another(index)).count()
}

#[test]
fn nothing_looks_like_a_person_s_address_or_number() {
    for post in POSTS.iter() {
        let text = format!("{} {}", post.title.as_deref().unwrap_or(""), post.text);
        assert!(!text.contains('@'), "{text}");
        assert!(!text.contains("http"), "{text}");
        let longest = text.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
        assert!(longest < 5, "{text}");
        let groups: Vec<_> = text.split(' ').map(|word| word.bytes().all(|byte| byte.is_ascii_digit())).collect();
        assert!(!groups.windows(3).any(|three| three.iter().all(|digits| *digits)), "{text}");
    }
}

#[test]
fn texts_are_well_formed() {
    for post in POSTS.iter() {
        let text = &post.text;
        assert!(!text.trim().is_empty(), "{post:?}");
        assert!(text.len() < 2_500, "{} bytes: {text}", text.len());
        for wrong in ["  ", " ,", " .", "..,", "QUOTE", "PERSON", "PAPER", "{", "}", "[", "]", "|", ",.", "?.", "!."] {
            assert!(!text.contains(wrong), "`{wrong}` in: {text}");
        }
        if post.channel == Channel::Social {
            assert!(post.tags.iter().any(|tag| FOLLOWED_TAGS.contains(&tag.as_str())));
            assert!(post.tags.iter().all(|tag| text.contains(&format!("#{tag}"))), "{post:?}");
            assert!(text.chars().count() <= 500, "{text}");
        }
    }
}

#[test]
fn each_issue_has_its_shape() {
    assert_eq!(on_day("app-update", 46), 0);
    assert!(on_day("app-update", 47) > 80 && on_day("app-update", 52) < on_day("app-update", 48) / 3);
    assert!(on_day("burst-pipe", 51) > 40);
    let burst: Vec<_> = of_key("burst-pipe").collect();
    let in_hull = burst.iter().filter(|post| post.place == "Hull").count();
    assert!(in_hull * 3 > burst.len(), "{in_hull} of {}", burst.len());
    assert!(on_day("phone-queue", 46) < 25 && on_day("phone-queue", 54) > 90);
    let weeks: Vec<usize> =
        (3..8).map(|week| (7 * week..7 * week + 7).map(|day| on_day("dentist-leaving", day)).sum()).collect();
    assert!(weeks.is_sorted() && weeks[4] > 4 * weeks[0], "{weeks:?}");
    let shortage: Vec<usize> =
        (2..8).map(|week| (7 * week..7 * week + 7).map(|day| on_day("medicine-shortage", day)).sum()).collect();
    assert!(shortage.is_sorted() && shortage[5] > 4 * shortage[1], "{shortage:?}");
    assert!(on_day("parking-machines", 17) > 50 && (26..56).all(|day| on_day("parking-machines", day) == 0));
    assert_eq!(of_key("cancelled-texts").count(), 0);
    let live = conversation().posts_between(END, END + SignedDuration::from_hours(3));
    assert!(live.filter(|post| post.belongs_to == Some("cancelled-texts")).count() > 60);
}

#[test]
fn issues_of_rooms_are_never_online_and_are_heard_in_many_rooms() {
    for truth in conversation().truth().iter().filter(|truth| truth.kind == Kind::OfflineOnly) {
        let posts: Vec<_> = of_key(truth.key).collect();
        assert!(posts.iter().all(|post| post.channel == Channel::Offline));
        let rooms: HashSet<_> = posts.iter().map(|post| post.event.clone()).collect();
        assert!(rooms.len() >= 12 && posts.len() >= 40, "{}: {} in {} rooms", truth.key, posts.len(), rooms.len());
    }
}

#[test]
fn issues_begin_where_they_are_said_to_begin() {
    let regions: HashMap<&str, Region> =
        Region::ALL.iter().flat_map(|region| region.towns().iter().map(|town| (town.name, *region))).collect();
    for truth in conversation().truth().iter().filter(|truth| !truth.regions.is_empty() && truth.start < END) {
        let early = of_key(truth.key).filter(|post| post.created_at < truth.start + SignedDuration::from_hours(72));
        let (here, all) = early.fold((0, 0), |(here, all), post| {
            (here + usize::from(truth.regions.contains(&regions[post.place])), all + 1)
        });
        assert!(here * 10 >= all * 9, "{}: {here} of {all}", truth.key);
        assert!(of_key(truth.key).all(|post| post.created_at >= truth.start));
    }
}

#[test]
fn issues_are_told_in_many_different_words() {
    for truth in conversation().truth().iter().filter(|truth| truth.kind.is_issue() && truth.start < END) {
        let topic = &grammar::GRAMMAR.topics[grammar::GRAMMAR.topic(truth.key).unwrap()];
        assert!(topic.say.iter().count() >= 12, "{} has too few wordings", truth.key);
        let texts: HashSet<_> = of_key(truth.key).map(|post| &post.text).collect();
        assert!(texts.len() * 100 >= of_key(truth.key).count() * 97, "{}", truth.key);
    }
}

#[test]
fn decoys_are_what_they_are_called() {
    let copies: Vec<_> = of_key("copy-paste").collect();
    let accounts: HashSet<_> = copies.iter().map(|post| &post.author).collect();
    assert!(accounts.len() >= 200, "{}", accounts.len());
    let hours = copies[copies.len() - 1].created_at.duration_since(copies[0].created_at).as_hours();
    assert!(hours < 8, "{hours}");
    let loud: Vec<_> = of_key("loud-account").collect();
    assert!(loud.len() > 250 && loud.iter().all(|post| post.author == loud[0].author));
    for day in 0..56 {
        let local = (conversation().start() + SignedDuration::from_hours(24 * day)).to_zoned(rhythm::LONDON.clone());
        // The days of the conversation begin at nine in the morning here.
        let monday = local.weekday() == jiff::civil::Weekday::Monday;
        assert_eq!(on_day("weekly-habit", day) > 60, monday, "day {day}: {}", on_day("weekly-habit", day));
    }
    assert!(of_key("celebrity").count() > 200);
}

#[test]
fn some_posts_are_edited_and_some_deleted() {
    let edited = POSTS.iter().filter(|post| post.edited.is_some()).count();
    let deleted = POSTS.iter().filter(|post| post.deleted_at.is_some()).count();
    assert!((200..900).contains(&edited) && (150..700).contains(&deleted), "{edited} {deleted}");
    let post = POSTS.iter().find(|post| post.edited.is_some()).unwrap();
    let (at, text) = post.edited.clone().unwrap();
    assert_eq!(post.text_at(post.created_at), Some(post.text.as_str()));
    assert_eq!(post.text_at(at), Some(text.as_str()));
    assert_eq!(post.text_at(post.created_at - SignedDuration::from_secs(1)), None);
}

#[test]
fn benchmark_posts_are_as_many_as_asked_for() {
    assert_eq!(benchmark_posts(3_000).map(|post| post.id).collect::<HashSet<_>>().len(), 3_000);
}
