//! Tests of the grammar: what is read, how it is described, and what is refused.

use proptest::prelude::*;

use super::*;

/// For each query: how it would be printed, and how it is understood.
fn read(queries: &[&str]) -> String {
    let describe = |query: &&str| match Query::parse(query) {
        Ok(parsed) => format!("{query}\n    = {parsed}\n    = {}\n", parsed.understood()),
        Err(error) => format!("{query}\n    ! {error}\n"),
    };
    queries.iter().map(describe).collect()
}

#[test]
fn words_operators_and_phrases() {
    insta::assert_snapshot!(read(&[
        "queue",
        "queue appointment",
        "queue AND (appointment OR \"call back\") NOT dentist",
        "queue (appointment OR \"call back\") -dentist",
        "a b OR c d",
        "NOT dentist",
        "-\"out of hours\" gp",
        "\"gp phone\"~3",
        "queue NEAR/5 phone",
        "a NEAR/2 b NEAR/3 c",
        "wait* -dent*",
        "title:strike title:\"junior doctors\"",
        "“call back”",
    ]), @r#"
    queue
        = queue
        = posts with “queue”
    queue appointment
        = queue AND appointment
        = posts with “queue” and “appointment”
    queue AND (appointment OR "call back") NOT dentist
        = queue AND (appointment OR "call back") AND NOT dentist
        = posts with “queue” and (“appointment” or “call back”), without “dentist”
    queue (appointment OR "call back") -dentist
        = queue AND (appointment OR "call back") AND NOT dentist
        = posts with “queue” and (“appointment” or “call back”), without “dentist”
    a b OR c d
        = (a AND b) OR (c AND d)
        = posts with (“a” and “b”) or (“c” and “d”)
    NOT dentist
        = NOT dentist
        = posts without “dentist”
    -"out of hours" gp
        = NOT "out of hours" AND gp
        = posts with “gp”, without “out of hours”
    "gp phone"~3
        = "gp phone"~3
        = posts with “gp phone” loosely (up to 3 words out of place)
    queue NEAR/5 phone
        = queue NEAR/5 phone
        = posts with “queue” within 5 words of “phone”
    a NEAR/2 b NEAR/3 c
        = a NEAR/2 b AND b NEAR/3 c
        = posts with “a” within 2 words of “b” and “b” within 3 words of “c”
    wait* -dent*
        = wait* AND NOT dent*
        = posts with a word that begins with “wait”, without a word that begins with “dent”
    title:strike title:"junior doctors"
        = title:strike AND title:"junior doctors"
        = posts with “strike” in the title and “junior doctors” in the title
    “call back”
        = "call back"
        = posts with “call back”
    "#);
}

#[test]
fn nothing_and_a_star_alone_mean_all_posts() {
    for all in ["", "  ", "*"] {
        assert_eq!(Query::parse(all).unwrap().understood(), "all posts");
    }
}

#[test]
fn fields_and_dates() {
    insta::assert_snapshot!(read(&[
        "type:offline region:\"North West\" Topic:gp-access feeling:negative lang:cy source:nhs-news",
        "region:none topic:none sentiment:none lang:none",
        "queue from:2026-11-01 until:2026-11-22",
        "date:2026-11-01..2026-11-22",
        "date:2026-11-01",
        "date:2026-11-01.. NOT date:..2026-11-05",
        "region:london OR (region:midlands queue)",
    ]), @r#"
    type:offline region:"North West" Topic:gp-access feeling:negative lang:cy source:nhs-news
        = type:offline AND region:north-west AND topic:gp-access AND feeling:negative AND lang:cy AND source:nhs-news
        = posts of source type offline, about the region north-west, on the topic gp-access, feeling negative, in the language cy, from the source nhs-news
    region:none topic:none sentiment:none lang:none
        = region:none AND topic:none AND feeling:none AND lang:none
        = posts about no region, on no topic, with no feeling scored, in an unknown language
    queue from:2026-11-01 until:2026-11-22
        = queue AND from:2026-11-01 AND until:2026-11-22
        = posts with “queue”, from 1 November 2026 on, up to 22 November 2026
    date:2026-11-01..2026-11-22
        = date:2026-11-01..2026-11-22
        = posts from 1 November 2026 to 22 November 2026
    date:2026-11-01
        = date:2026-11-01..2026-11-01
        = posts on 1 November 2026
    date:2026-11-01.. NOT date:..2026-11-05
        = from:2026-11-01 AND NOT until:2026-11-05
        = posts from 1 November 2026 on, not up to 5 November 2026
    region:london OR (region:midlands queue)
        = region:london OR (region:midlands AND queue)
        = posts either about the region london or (about the region midlands and “queue”)
    "#);
}

#[test]
fn odd_input_with_a_plain_meaning_is_no_error() {
    insta::assert_snapshot!(read(&[
        "https://www.nhs.uk/conditions/flu?x=1&y=2",
        "A&E",
        "don't :-) ??? call-back! :(",
        "#StrikeNow @nhs",
        "and or not",
        "queue () gp",
        "gp || dentist && cost",
        "10:30",
        "author:bob",
        "Ysbyty Ŵyl žurnál 医院 😀",
    ]), @r#"
    https://www.nhs.uk/conditions/flu?x=1&y=2
        = https://www.nhs.uk/conditions/flu?x=1&y=2
        = posts with “https://www.nhs.uk/conditions/flu?x=1&y=2”
    A&E
        = A&E
        = posts with “A&E”
    don't :-) ??? call-back! :(
        = don't AND call-back
        = posts with “don't” and “call-back”
    #StrikeNow @nhs
        = StrikeNow AND nhs
        = posts with “StrikeNow” and “nhs”
    and or not
        = and AND or AND not
        = posts with “and” and “or” and “not”
    queue () gp
        = queue AND gp
        = posts with “queue” and “gp”
    gp || dentist && cost
        = gp OR (dentist AND cost)
        = posts with “gp” or (“dentist” and “cost”)
    10:30
        = 10:30
        = posts with “10:30”
    author:bob
        = author:bob
        = posts with “author:bob”
    Ysbyty Ŵyl žurnál 医院 😀
        = Ysbyty AND Ŵyl AND žurnál AND 医院
        = posts with “Ysbyty” and “Ŵyl” and “žurnál” and “医院”
    "#);
}

#[test]
fn errors_say_where_and_how_to_mend() {
    insta::assert_snapshot!(read(&[
        "???",
        "--",
        "queue AND",
        "OR queue",
        "gp AND OR x",
        "gp NOT",
        "(queue",
        "queue)",
        "say \"call back",
        "\"a b\"~x",
        "a NEAR b",
        "a NEAR/99 b",
        "(a b) NEAR/3 c",
        "NEAR/3 c",
        "w*",
        "wa*t",
        "regin:london",
        "region: london",
        "type:radio",
        "feeling:angry",
        "from:yesterday",
        "date:2026-11-05..2026-11-01",
        "date:..",
    ]), @r#"
    ???
        ! There is no word to search for: use letters or digits (at character 1)
    --
        ! There is no word to search for: use letters or digits (at character 1)
    queue AND
        ! AND needs a word on each side, such as queue AND appointment; as an ordinary word, write it in small letters (at character 7)
    OR queue
        ! OR needs a word on each side, such as queue OR appointment; as an ordinary word, write it in small letters (at character 1)
    gp AND OR x
        ! AND needs a word on each side, such as queue AND appointment; as an ordinary word, write it in small letters (at character 4)
    gp NOT
        ! NOT needs a word after it, such as NOT dentist (at character 4)
    (queue
        ! This “(” is never closed: add “)” after the words it belongs to (at character 1)
    queue)
        ! This “)” closes nothing: remove it, or add “(” before the words it belongs to (at character 6)
    say "call back
        ! This quotation mark has no partner: add one at the end of the phrase, or remove it (at character 5)
    "a b"~x
        ! Write a number from 0 to 50 after “~”, such as "call back"~3 (at character 6)
    a NEAR b
        ! Write NEAR with a number of words from 1 to 50, such as queue NEAR/5 phone (at character 3)
    a NEAR/99 b
        ! Write NEAR with a number of words from 1 to 50, such as queue NEAR/5 phone (at character 3)
    (a b) NEAR/3 c
        ! NEAR needs a single word on each side, such as queue NEAR/5 phone; for more words use "queue phone"~5 (at character 7)
    NEAR/3 c
        ! NEAR needs a single word on each side, such as queue NEAR/5 phone; for more words use "queue phone"~5 (at character 1)
    w*
        ! Write at least 2 letters before “*” (at character 1)
    wa*t
        ! “*” can only stand at the end of a word, such as wait* (at character 1)
    regin:london
        ! There is no field “regin:”; did you mean “region:”? (at character 1)
    region: london
        ! “region:” needs a value right after the colon, without a space, or in quotation marks (at character 1)
    type:radio
        ! “type:radio” is not known: use one of social, forum, news, comment, offline (at character 1)
    feeling:angry
        ! “feeling:angry” is not known: use one of negative, neutral, positive, none (at character 1)
    from:yesterday
        ! “yesterday” is not a day: write year-month-day, such as 2026-11-22 (at character 1)
    date:2026-11-05..2026-11-01
        ! 2026-11-05 is after 2026-11-01: swap the two days (at character 1)
    date:..
        ! Write days around the dots, such as date:2026-11-01..2026-11-22 (at character 1)
    "#);
}

#[test]
fn limits_are_errors_and_no_more_than_that() {
    let deep = format!("{}x{}", "(".repeat(500), ")".repeat(500));
    assert_eq!(
        Query::parse(&deep).unwrap_err().to_string(),
        "The query is nested too deeply: use at most 16 levels of parentheses and NOT (at character 17)"
    );
    let negated = "NOT ".repeat(200) + "x";
    assert!(Query::parse(&negated).unwrap_err().message.contains("nested too deeply"));
    let many = "word ".repeat(33);
    assert!(Query::parse(&many).unwrap_err().message.contains("too many words: 32 at most"));
    let long = "w".repeat(2000);
    assert_eq!(Query::parse(&long).unwrap_err().position, LONGEST_BYTES);
    let unfindable = "w".repeat(50);
    assert!(Query::parse(&unfindable).unwrap_err().message.contains("too long to be found"));
    assert!(Query::parse(&"(".repeat(15)).is_err());
    assert!(Query::parse(&format!("{}x{}", "(".repeat(16), ")".repeat(16))).is_ok());
}

fn word() -> impl Strategy<Value = String> {
    // Capitals could make an operator, and a word must survive on its own.
    proptest::string::string_regex("[a-zé0-9]{1,6}([-'.&:/][a-z]{1,4})?").expect("a valid pattern")
}

fn words() -> impl Strategy<Value = Words> {
    let plain = || proptest::string::string_regex("[a-z]{2,8}").expect("a valid pattern");
    let phrase = proptest::string::string_regex("[a-z]{1,5}( [a-z*():&-]{1,5}){0,3}").expect("a valid pattern");
    prop_oneof![
        word().prop_map(Words::Word),
        plain().prop_map(Words::Prefix),
        (phrase, 0..=WIDEST).prop_map(|(text, slop)| Words::Phrase { text, slop }),
    ]
}

fn leaf() -> impl Strategy<Value = Node> {
    let near = (proptest::string::string_regex("[a-z]{1,8}").expect("a valid pattern"), 1..=WIDEST);
    let day = (2000_i16..2100, 1_i8..=12, 1_i8..=28)
        .prop_map(|(year, month, day)| jiff::civil::Date::new(year, month, day).expect("days to 28 exist"));
    prop_oneof![
        4 => words().prop_map(Node::Text),
        1 => words().prop_map(Node::Title),
        1 => near.prop_map(|(word, within)| {
            Node::Text(Words::Near { left: word.clone(), right: word, within })
        }),
        1 => proptest::string::string_regex("[a-z]{1,5}(-[a-z]{1,5})?").expect("a valid pattern")
            .prop_map(|slug| Node::Field(FieldName::Topic, slug)),
        1 => day.clone().prop_map(|from| Node::Dates { from: Some(from), until: None }),
        1 => day.prop_map(|until| Node::Dates { from: Some(until), until: Some(until) }),
    ]
}

fn tree() -> impl Strategy<Value = Node> {
    leaf().prop_recursive(4, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 1..4).prop_map(Node::all),
            proptest::collection::vec(inner.clone(), 1..4).prop_map(Node::any),
            inner.prop_map(Node::negate),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_printed_is_read_as_the_same(root in tree()) {
        let query = Query { root: Some(root) };
        let printed = query.to_string();
        match Query::parse(&printed) {
            Ok(read) => prop_assert_eq!(read, query, "{}", printed),
            // A random tree may hold more than a person may ask for, or a word just like one of our fields.
            Err(error) => prop_assert!(
                error.message.contains("too") || error.message.contains("did you mean"), "{}: {}", printed, error
            ),
        }
    }

    #[test]
    fn no_input_panics_and_what_is_understood_reads_again(text in "(\\PC|[()\"*:~-]|AND |OR |NOT |NEAR/3 |title:|date:|from:2026-11-01| ){0,60}") {
        if let Ok(query) = Query::parse(&text) {
            prop_assert!(!query.understood().is_empty());
            let printed = query.to_string();
            if printed.len() <= LONGEST_BYTES {
                prop_assert_eq!(Query::parse(&printed), Ok(query), "{}", printed);
            }
        }
    }
}
