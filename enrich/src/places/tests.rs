use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use bus::PlaceKind;

use super::*;
use crate::testing::{post, untagged};

static ENRICHER: LazyLock<PlaceEnricher> = LazyLock::new(|| PlaceEnricher::load(&config()).unwrap());

fn config() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../config/places"))
}

fn names(text: &str) -> Vec<String> {
    ENRICHER.places(&post(text)).into_iter().map(|place| place.name).collect()
}

#[test]
fn plain_places_are_found_with_their_region() {
    let cases = [
        ("No dentist in Leeds takes patients", "Leeds", "north-east-and-yorkshire"),
        ("waited nine hours in leeds", "Leeds", "north-east-and-yorkshire"),
        ("#Manchester needs midwives", "Manchester", "north-west"),
        ("My mum is at Addenbrooke's", "Addenbrooke's Hospital", "east-of-england"),
        ("St Thomas’ Hospital was lovely", "St Thomas' Hospital", "london"),
        (
            "Leeds Teaching Hospitals NHS Trust apologised",
            "Leeds Teaching Hospitals NHS Trust",
            "north-east-and-yorkshire",
        ),
        ("barts health again", "Barts Health NHS Trust", "london"),
        ("the West Yorkshire ICB meets", "NHS West Yorkshire Integrated Care Board", "north-east-and-yorkshire"),
        ("people in the South West wait longest", "South West", "south-west"),
        ("The East Midlands has no beds", "Midlands", "midlands"),
        ("surgeries across london close", "London", "london"),
        ("near [postcode LS6]", "LS6", "north-east-and-yorkshire"),
        ("no GP in W12 answers", "W12", "london"),
        ("the last EX4 surgery closed", "EX4", "south-west"),
        ("Tunbridge Wells is far", "Tunbridge Wells", "south-east"),
        ("moved from Milton Keynes", "Milton Keynes", "east-of-england"),
        ("we live in Carlisle", "Carlisle", "north-east-and-yorkshire"),
        ("Kent and Canterbury Hospital", "Kent and Canterbury Hospital", "south-east"),
    ];
    for (text, name, region) in cases {
        let places = ENRICHER.places(&post(text));
        assert_eq!(places.len(), 1, "{text:?} gave {places:?}");
        assert_eq!((places[0].name.as_str(), places[0].region.as_deref()), (name, Some(region)), "{text:?}");
    }
}

#[test]
fn names_that_are_also_words_need_a_capital_and_a_cue() {
    let cases = [
        ("no appointments in Reading", "Reading"),
        ("Reading hospital parking", "Reading"),
        ("a nurse from Bury", "Bury"),
        ("Boston residents protest", "Boston"),
        ("Bath A&E is full", "Bath"),
        ("near Rugby, they say", "Rugby"),
        ("Sandwich surgery closed", "Sandwich"),
        ("The hospice at Wells", "Wells"),
    ];
    for (text, name) in cases {
        assert_eq!(names(text), [name], "{text:?}");
    }
    let nothing = [
        "reading in the waiting room",
        "Reading this made me cry",
        "I had a bath",
        "Bath time",
        "a deal in march",
        "seen in March",
        "they had to bury him",
        "a sandwich at 8pm",
        "settle in",
        "Boston Marathon",
        "in hope of help",
        "in Boston, Massachusetts",
        "the Street outside",
        "Ware is it",
        "wells of sorrow",
    ];
    for text in nothing {
        assert!(names(text).is_empty(), "{text:?} gave {:?}", names(text));
    }
}

#[test]
fn sentences_of_our_own_get_the_places_that_they_are_about() {
    let table = include_str!("../../tests/places.tsv");
    let rows: Vec<(&str, &str)> = table.lines().filter_map(|line| line.split_once('\t')).collect();
    assert!(rows.len() >= 150);
    let is_right = |text: &str, expected: &str| {
        let (mut found, mut expected) =
            (names(text), expected.split('|').filter(|name| !name.is_empty()).collect::<Vec<_>>());
        found.sort_unstable();
        expected.sort_unstable();
        found == expected
    };
    let wrong: Vec<_> = rows.iter().filter(|(text, expected)| !is_right(text, expected)).collect();
    assert!(wrong.len() * 100 <= rows.len() * 3, "{wrong:?}");
}

#[test]
fn what_contains_a_place_name_is_not_that_place() {
    let nothing = [
        "the surgery on London Road",
        "london road surgery",
        "Oxford Street",
        "in York Street",
        "New York hospitals",
        "Manchester United lost",
        "Leeds United fans",
        "the Duke of York",
        "South West Trains",
        "Yorkshire pudding",
        "Londonderry",
        "Bristol-Myers will pay",
        "Kelly Preston said",
        "https://example.org/leeds/news",
        "agrees to Settle",
        "Firm Near Deal to Buy",
        "the North East Asia talks",
        "at Eden Park",
        "the #SS15 show",
        "playing TF2 all day",
        "http://bit.ly/LS6",
        "Bristol stool chart",
        "vitamin B12 in B12",
        "the M6 and M25",
        "an FY1 and a CT2",
        "CO2 levels",
        "slipped disc at L5",
        "COVID-19 and H5N1",
    ];
    for text in nothing {
        assert!(names(text).is_empty(), "{text:?} gave {:?}", names(text));
    }
}

#[test]
fn a_hospital_with_namesakes_in_other_regions_has_no_region() {
    let places = ENRICHER.places(&post("born at St Mary's Hospital"));
    assert_eq!((places[0].kind, places[0].region.as_deref()), (PlaceKind::Hospital, None));
}

#[test]
fn a_hint_is_a_weaker_place_than_the_text() {
    let mut said = untagged("Nobody in Leeds answers");
    said.post.place_hint = Some("Reading town hall, London Road".to_owned());
    ENRICHER.enrich(std::slice::from_mut(&mut said));
    let places: Vec<_> = said.places.iter().map(|place| (place.name.as_str(), place.confidence)).collect();
    assert_eq!(places, [("Leeds", 0.85), ("Reading", 0.4)]);
    assert_eq!(said.region(), Some("north-east-and-yorkshire"));
}

#[test]
fn regions_are_listed_with_their_population() {
    let regions = ENRICHER.regions();
    assert_eq!(regions.len(), 7);
    let people: u32 = regions.iter().map(|region| region.population).sum();
    assert!((55_000_000..60_000_000).contains(&people), "{people}");
}

#[test]
fn a_fault_in_a_table_names_file_and_line() {
    let dir = tempfile::tempdir().unwrap();
    for file in fs::read_dir(config()).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), dir.path().join(file.file_name())).unwrap();
    }
    let towns = dir.path().join("towns.csv");
    fs::write(&towns, "# towns\nname,region,match,aliases\nLeeds,nowhere,any,\n").unwrap();
    let error = PlaceEnricher::load(dir.path()).err().unwrap().to_string();
    assert!(error.ends_with("towns.csv:3: `nowhere` is not the slug of a region in regions.csv"), "{error}");

    fs::write(&towns, "name,region,match,aliases\nLeeds,london,always,\n").unwrap();
    let error = PlaceEnricher::load(dir.path()).err().unwrap().to_string();
    assert!(error.contains("towns.csv:2: ") && error.contains("unknown variant `always`"), "{error}");

    fs::write(&towns, "name,region,match,aliases\nCumbria, Northumberland,london,any,\n").unwrap();
    let error = PlaceEnricher::load(dir.path()).err().unwrap().to_string();
    assert!(error.contains("towns.csv:2: 5 columns"), "{error}");

    fs::remove_file(&towns).unwrap();
    let error = PlaceEnricher::load(dir.path()).err().unwrap().to_string();
    assert!(error.contains("towns.csv: cannot be read"), "{error}");
}
