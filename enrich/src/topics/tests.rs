use std::path::PathBuf;
use std::sync::LazyLock;

use super::*;
use crate::testing::post;

static TOPICS: LazyLock<Topics> = LazyLock::new(|| {
    Topics::load(&PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../config/topics.toml"))).unwrap()
});

fn slugs(text: &str) -> Vec<String> {
    TOPICS.tags(&post(text), true).into_iter().map(|tag| tag.topic).collect()
}

fn parse(text: &str) -> Result<Topics, String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("topics.toml");
    std::fs::write(&path, text).unwrap();
    let hide = format!("{}/", dir.path().display());
    Topics::load(&path).map_err(|error| error.to_string().replace(&hide, ""))
}

fn topic(slug: &str, rest: &str) -> String {
    format!("[[topic]]\nslug = \"{slug}\"\nname = \"N\"\ngroup = \"G\"\ndefinition = \"D.\"\n{rest}\n")
}

#[test]
fn everyday_subjects_are_found() {
    let cases = [
        ("34th in the phone queue at 8am for a GP appointment", "gp-access"),
        ("No NHS dentist for miles, I pulled my own tooth", "dentistry"),
        ("Dad waited 9 hours for an ambulance", "ambulances"),
        ("Two years on the waiting list for a hip replacement", "waiting-lists"),
        ("Mum spent the night on a trolley in A&E", "emergency-departments"),
        ("The crisis team never rang, CBT has a year's wait", "mental-health"),
        ("our midwife was wonderful on the labour ward", "maternity"),
        ("The chemist is closing on Saturdays", "pharmacy"),
        ("HRT is out of stock everywhere", "medicine-shortages"),
        ("no home carers, the care package fell through", "social-care"),
        ("Resident doctors on strike again", "strikes-and-pay"),
        ("my smear test was overdue", "screening"),
        ("Chemotherapy starts Monday", "cancer"),
        ("where do I book a flu jab?", "vaccination"),
        ("£12 for hospital parking", "hospital-parking"),
        ("I rang 111 and waited", "nhs-111"),
        ("The NHS App does not show it", "online-services"),
        ("They found an easy read leaflet", "learning-disability"),
        ("ADHD assessment waiting four years", "autism-and-adhd"),
        ("long covid clinics are shutting", "long-covid"),
        ("Endometriosis took nine years to find", "womens-health"),
        ("perimenopause and nobody said", "menopause"),
        ("Hearing aids need batteries", "hearing"),
        ("cataracts in both eyes", "eyesight"),
        ("the health visitor never came", "health-visiting"),
        ("no interpreter for my gran", "interpreters-and-accessibility"),
        ("They talked about me, nobody listened", "listening-and-involving"),
        ("the doctor’s receptionist was firm", "gp-access"),
    ];
    for (text, slug) in cases {
        let found = slugs(text);
        assert!(found.iter().any(|other| other == slug), "{text:?} gave {found:?}");
    }
}

#[test]
fn words_inside_other_words_and_excluded_phrases_do_not_count() {
    assert!(!slugs("my bluetooth business has a kind of sweet tooth").iter().any(|slug| slug == "dentistry"));
    assert!(!slugs("a kind of magic").iter().any(|slug| slug == "staff-manner"));
    assert!(slugs("a kind of nurse who is kind").iter().any(|slug| slug == "staff-manner"));
    assert!(slugs("The weather is nice on Sunday").is_empty());
}

#[test]
fn several_phrases_make_a_subject_surer_and_it_comes_first() {
    let tags =
        TOPICS.tags(&post("No dentist takes my dental pain seriously; the NHS dentist closed. My GP agrees"), true);
    assert_eq!(tags[0].topic, "dentistry");
    assert!((tags[0].confidence - (1.0 - 0.55 * 0.55)).abs() < 1e-6, "{tags:?}");
    assert!(tags.iter().any(|tag| tag.topic == "gp-access" && tag.confidence < tags[0].confidence));
}

#[test]
fn a_title_counts_like_the_text() {
    let mut post = post("Many people agree");
    post.title = Some("Ambulance handovers".to_owned());
    assert_eq!(TOPICS.tags(&post, true)[0].topic, "ambulances");
}

#[test]
fn the_file_lists_the_33_framework_categories_and_the_everyday_subjects() {
    let heads = [
        "General",
        "Staff",
        "Access to medical care & support",
        "Communication & involvement",
        "Patient journey & service coordination",
        "Medication & pain",
        "Environment, equipment & catering",
        "Service location, travel & transport",
        "Activities",
        "Mental health specifics",
    ];
    let framework = TOPICS.all().iter().filter(|topic| heads.contains(&topic.group.as_str())).count();
    assert_eq!(framework, 33);
    assert!(TOPICS.all().len() - framework >= 25);
    assert_eq!(TOPICS.get("dentistry").unwrap().name, "Dentistry");
    assert_eq!(TOPICS.get("alchemy"), None);
}

#[test]
fn faults_name_the_line_and_the_fix() {
    let good = topic("a", "seeds = [\"x ray\"]");
    let cases = [
        (
            format!("{good}{}", topic("a", "seeds = [\"y\"]")),
            "topics.toml:8: the slug `a` is already that of another topic",
        ),
        (
            topic("b", "seeds = []"),
            "topics.toml:2: topic `b` has no seeds; add some, or `by_hand = true` if only people give it",
        ),
        (
            topic("b", "by_hand = true\nseeds = [\"y\"]"),
            "topics.toml:2: topic `b` is given by hand, so it cannot have seeds",
        ),
        (
            topic("B c", "seeds = [\"y\"]"),
            "topics.toml:2: `B c` is not a slug: use lower-case letters, digits, hyphens",
        ),
        (
            topic("b", "seeds = [\"y\",\n  \" \"]"),
            "topics.toml:7: ` ` is not a phrase: it needs letters, and no space around it",
        ),
        (topic("b", "seeds = [\"y*z\"]"), "topics.toml:6: `y*z`: a * can stand only at the end"),
    ];
    for (text, expected) in cases {
        assert_eq!(parse(&text).err().as_deref(), Some(expected), "for {text}");
    }
    let misspelt = parse(&topic("b", "seds = [\"y\"]")).err().unwrap();
    assert!(misspelt.starts_with("topics.toml:6: unknown field `seds`"), "{misspelt}");
    assert!(misspelt.ends_with("did you mean `seeds`?"), "{misspelt}");
    assert!(parse(&good).is_ok());
}
