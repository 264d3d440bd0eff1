//! The way from the home page to what the Board answers, through the hands of six roles.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::hands::Hands;

/// What is asked for. The number of the walk keeps two walks apart.
fn wish(number: u32) -> String {
    ["a lamp at every hearing desk that shows it is on", "quiet rooms for whoever cannot bear the noise of waiting"]
        [number as usize % 2]
        .to_owned()
}

/// Walks it, and gives what the Board said at the end.
pub async fn walk(hands: &Hands<'_>, number: u32) -> String {
    let flag = raise(hands, number).await;
    publish(hands, number).await;
    support(hands, &flag).await;
    add_paper(hands, &flag).await;
    let cycle = put_forward(hands, &flag, number).await;
    vote(hands, &cycle).await;
    let said = from_jury_to_answer(hands, &cycle, number).await;
    look_through_the_log(hands).await;
    read_the_answer(hands, number, &said).await;
    said
}

/// A member of the public, from the home page.
async fn raise(hands: &Hands<'_>, number: u32) -> String {
    hands.begin_at("/").await;
    hands.press("nav a[href='/gather']").await;
    hands.press("main a[href='/gather/raise']").await;
    sign_in_here(hands, "public").await;
    hands.fill("#want", &wish(number)).await;
    hands.fill("#because", "I cannot tell without it").await;
    hands.press("main form button").await;
    if hands.reads().await.contains("Is it one of these?") {
        hands.press("main form button").await;
    }
    assert!(hands.reads().await.contains("Waits for a moderator"), "{}", hands.reads().await);
    let flag = hands.path().await;
    sign_out(hands).await;
    flag
}

async fn publish(hands: &Hands<'_>, number: u32) {
    sign_in(hands, "moderator").await;
    hands.press("nav a[href='/gather']").await;
    hands.press("main a[href='/gather/moderation']").await;
    assert!(hands.reads().await.contains(&wish(number)));
    // The newest flag stands first.
    hands.press("main li a").await;
    hands.choose("#decision-1").await;
    hands.choose_among("usual", "#usual-1").await;
    hands.press("#form button").await;
    assert!(hands.reads().await.contains("Gathers support"), "{}", hands.reads().await);
    sign_out(hands).await;
}

async fn support(hands: &Hands<'_>, flag: &str) {
    sign_in(hands, "viewer").await;
    hands.press("nav a[href='/gather']").await;
    hands.press(&format!("main a[href='{flag}']")).await;
    hands.press(&format!("form[action='{flag}/support'] button")).await;
    assert!(hands.reads().await.contains("2 of 100 supporters"), "{}", hands.reads().await);
    hands.fill("#comment", "It would help me too").await;
    hands.press(&format!("form[action='{flag}/comment'] button")).await;
    sign_out(hands).await;
}

async fn add_paper(hands: &Hands<'_>, flag: &str) {
    sign_in(hands, "analyst").await;
    hands.press("nav a[href='/gather']").await;
    hands.press(&format!("main a[href='{flag}']")).await;
    hands.press(&format!("main a[href='{flag}/paper']")).await;
    hands.fill("#sheet", "Ann Example, LS1").await;
    hands.fill("#place", "A library, yesterday").await;
    hands.press("#form button").await;
    assert!(hands.reads().await.contains("This sheet names 1 person"), "{}", hands.reads().await);
    hands.press("#form button").await;
    assert!(hands.reads().await.contains("3 of 100 supporters, 1 of them on paper"), "{}", hands.reads().await);
    sign_out(hands).await;
}

/// An organiser begins a cycle, puts the flag forward, and opens the vote. Gives the cycle's address.
async fn put_forward(hands: &Hands<'_>, flag: &str, number: u32) -> String {
    sign_in(hands, "organiser").await;
    hands.press("nav a[href='/assembly']").await;
    hands.press("main a[href='/assembly/begin']").await;
    hands.fill("#name", &format!("The walk, number {number}")).await;
    // It meets before the one of the demonstration, so that it is the one that takes candidates.
    moment(hands, Timestamp::now() + SignedDuration::from_hours(24)).await;
    hands.fill("#place", "Leeds").await;
    hands.press("#form button").await;
    let cycle = hands.path().await;
    hands.press("nav a[href='/gather']").await;
    hands.press(&format!("main a[href='{flag}']")).await;
    hands.press("main a[href^='/assembly/nominate']").await;
    hands.fill("#label", &label(number)).await;
    hands.fill("#why", "People asked for it at every desk").await;
    hands.press("#form button").await;
    assert!(hands.reads().await.contains("2 supporters online, 1 on paper"), "{}", hands.reads().await);
    hands.press("#rescore button").await;
    assert!(hands.reads().await.contains("It was worked out again"), "{}", hands.reads().await);
    hands.press("main a[href$='/decide']").await;
    hands.choose("#outcome-1").await;
    hands.fill("#reason", "It is for every hospital").await;
    hands.press("#form button").await;
    hands.press(&format!("a.nhsuk-back-link[href='{cycle}']")).await;
    hands.press("#close button").await;
    hands.press("main a[href$='/open-vote']").await;
    moment(hands, end_of_vote()).await;
    hands.press("#form button").await;
    sign_out(hands).await;
    cycle
}

async fn vote(hands: &Hands<'_>, cycle: &str) {
    sign_in(hands, "public").await;
    hands.press("nav a[href='/assembly']").await;
    hands.press(&format!("main a[href='{cycle}']")).await;
    hands.press(&format!("main a[href='{cycle}/vote']")).await;
    hands.choose("#choice-1").await;
    hands.press("main form button").await;
    assert!(hands.reads().await.contains("Your choice is kept"), "{}", hands.reads().await);
    sign_out(hands).await;
}

/// An organiser closes the vote when it has ended, enters the jury's ranks, freezes evidence, agrees the agenda, holds the
/// meeting, and publishes what the Board answers.
async fn from_jury_to_answer(hands: &Hands<'_>, cycle: &str, number: u32) -> String {
    sign_in(hands, "organiser").await;
    hands.press("nav a[href='/assembly']").await;
    hands.press(&format!("main a[href='{cycle}']")).await;
    wait_for_the_end_of_the_vote(hands).await;
    hands.press("#close button").await;
    hands.press("main a[href$='/jury']").await;
    hands.fill("#size", "12").await;
    hands.fill("#how", "By lot from all who applied").await;
    hands.fill("input[name^='rank-']", "1").await;
    hands.fill("textarea[name^='reason-']", "It touches everybody who waits").await;
    hands.press("#form button").await;
    hands.press("#close button").await;
    hands.press("main table a[href^='/assembly/candidates/']").await;
    hands.press("main a[href$='/pack']").await;
    hands.fill("#counter", "Some say that there are enough signs").await;
    hands.press("#form button").await;
    assert!(hands.reads().await.contains("Some say that there are enough signs"), "{}", hands.reads().await);
    hands.press("nav a[href='/assembly']").await;
    hands.press(&format!("main a[href='{cycle}']")).await;
    hands.press("#close button").await;
    hands.press("main a[href$='/change']").await;
    moment(hands, Timestamp::now() - SignedDuration::from_mins(2)).await;
    hands.fill("#reason", "The Board could meet earlier").await;
    hands.press("#form button").await;
    hands.press("#hold button").await;
    hands.press("nav a[href='/assembly']").await;
    hands.press("main a[href='/assembly/ledger']").await;
    // The last Assembly stands first.
    hands.press("main table a[href^='/assembly/answers/']").await;
    assert!(hands.reads().await.contains("The Board has not answered yet"), "{}", hands.reads().await);
    hands.press("main a[href$='/respond']").await;
    let said = format!("Every desk will have one by summer (walk {number}).");
    hands.fill("#response", &said).await;
    hands.press("#form button").await;
    sign_out(hands).await;
    said
}

/// An administrator reads staff's part of the log, and the pages of accounts and erasures.
async fn look_through_the_log(hands: &Hands<'_>) {
    sign_in(hands, "admin").await;
    hands.press("header a[href='/admin/accounts']").await;
    hands.press("header a[href='/admin/erasures']").await;
    hands.press("footer a[href='/audit']").await;
    let log = hands.reads().await;
    assert!(log.contains("Flag supported") || log.contains("Candidate"), "{log}");
    sign_out(hands).await;
}

/// Anybody, from the home page.
async fn read_the_answer(hands: &Hands<'_>, number: u32, said: &str) {
    hands.begin_at("/").await;
    hands.press("nav a[href='/assembly']").await;
    hands.press("main a[href='/assembly/ledger']").await;
    assert!(hands.reads().await.contains(&label(number)), "{}", hands.reads().await);
    hands.press("main table a[href^='/assembly/answers/']").await;
    assert!(hands.reads().await.contains(said), "{}", hands.reads().await);
    hands.press("main a[href^='/assembly/candidates/']").await;
    let page = hands.reads().await;
    for part in ["Score: ", "in remit: yes", "ranked 1 by the jury", "Evidence as it was on", &wish(number)] {
        assert!(page.contains(part), "{part} is not on {page}");
    }
}

fn label(number: u32) -> String {
    format!("What is asked for on walk {number}")
}

async fn sign_in(hands: &Hands<'_>, role: &str) {
    hands.begin_at("/").await;
    hands.press("header a[href='/sign-in']").await;
    sign_in_here(hands, role).await;
}

/// On the page to sign in, with the password that a demonstration shows.
async fn sign_in_here(hands: &Hands<'_>, role: &str) {
    let password = hands.reads_in("main .d-key").await;
    hands.fill("#email", &format!("{role}@demo.invalid")).await;
    hands.fill("#password", &password).await;
    hands.press("main form button").await;
    assert!(hands.sees("header a[href='/account']").await, "{role} is not signed in");
}

async fn sign_out(hands: &Hands<'_>) {
    hands.press("header form[action='/sign-out'] button").await;
}

/// Types a day and a time of the United Kingdom.
async fn moment(hands: &Hands<'_>, at: Timestamp) {
    let at = at.to_zoned(TimeZone::get("Europe/London").unwrap());
    hands.fill("#day", &at.strftime("%-d/%-m/%Y").to_string()).await;
    hands.fill("#time", &at.strftime("%H:%M").to_string()).await;
}

/// Soon, and with time to vote in.
fn end_of_vote() -> Timestamp {
    Timestamp::now() + SignedDuration::from_secs(180)
}

/// Looks at the page of the cycle until its vote has ended, as an organiser does who is early.
async fn wait_for_the_end_of_the_vote(hands: &Hands<'_>) {
    let ended = async {
        while !hands.reads().await.contains("The vote has ended") {
            tokio::time::sleep(std::time::Duration::from_secs(2)).await;
            hands.browser.client.refresh().await.unwrap();
        }
    };
    tokio::time::timeout(crate::support::PATIENCE, ended).await.expect("a vote ends");
}
