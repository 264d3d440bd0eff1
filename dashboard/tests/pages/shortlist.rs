//! A flag of Gather on its way to the Assembly: put forward from its page, scored with its supporters, scored again.

use civic::gather::{self, Decision, Evidence, FlagId, GatherConfig, NewFlag};
use civic::{AccountId, Actor, Role};

use crate::made_up::{QUEUE, now};
use crate::world::{Answer, Somebody, World};

/// A published flag with this evidence.
fn flag(world: &World, by: &AccountId, want: &str, evidence: Evidence) -> FlagId {
    let new = NewFlag { want: want.to_owned(), because: "it matters".to_owned(), evidence };
    let publish = |tx: &mut civic::Tx<'_>| {
        let id = gather::raise(tx, &GatherConfig::default(), by, &new)?;
        gather::decide(tx, &id, 1, &Decision::Publish, "Within remit")?;
        Ok(id)
    };
    world.record.decide_now(Actor::Operator, now(), publish).unwrap()
}

async fn begin(organiser: &Somebody<'_>) -> String {
    let fields = [("name", "Spring 2027"), ("place", "Leeds"), ("day", "1/4/2027"), ("time", "14:00")];
    organiser.send("/assembly/begin", &fields).await.leads_to().to_owned()
}

async fn put_forward(organiser: &Somebody<'_>, flag: &FlagId) -> Answer {
    let fields = [("flag", flag.as_str()), ("label", "A call back"), ("why", "Many support it")];
    organiser.send("/assembly/nominate", &fields).await
}

#[tokio::test]
async fn a_flag_is_put_forward_from_its_page_and_its_supporters_count() {
    let world = World::of_people();
    let (ann, bob) = (world.somebody(Role::Public).await, world.somebody(Role::Public).await);
    let organiser = world.somebody(Role::Organiser).await;
    let id = flag(&world, &ann.id, "a call back on the same day", Evidence::Issue(QUEUE.to_string()));
    let address = format!("/gather/flags/{id}");
    let link = format!("/assembly/nominate?flag={id}");
    assert!(!organiser.get(&address).await.body.contains(&link), "no Assembly is being prepared");
    begin(&organiser).await;
    assert!(organiser.get(&address).await.body.contains(&link));
    assert!(!ann.get(&address).await.body.contains(&link));
    let form = organiser.get(&link).await;
    assert!(form.text().contains("A call back on the same day"), "{}", form.text());
    assert!(!form.body.contains("value=\"A call back"), "what people wrote is not made a title that stays");

    let put = put_forward(&organiser, &id).await;
    assert_eq!(put.status, 303, "{}", put.text());
    let candidate = put.leads_to().to_owned();
    let page = world.get(&candidate).await;
    assert!(page.text().contains("1 supporter online, 0 on paper"), "{}", page.text());
    assert!(page.body.contains(&address), "the candidate leads to its flag");
    assert!(!page.text().contains("0 voices in 7 days"), "its issue counts too: {}", page.text());
    assert!(world.get(&address).await.body.contains(&candidate), "the flag leads to its candidate");
    assert!(!organiser.get(&address).await.body.contains(&link), "once is enough");
    assert_eq!(put_forward(&organiser, &id).await.status, 422);

    // More people support it, one of them through another flag about the same issue.
    let other = flag(&world, &bob.id, "the queue to tell my place", Evidence::Issue(QUEUE.to_string()));
    assert_eq!(ann.send(&format!("/gather/flags/{other}/support"), &[]).await.status, 303);
    let before = organiser.get(&candidate).await;
    let rescore = format!("{candidate}/rescore");
    let version = before.hidden("version");
    assert_eq!(organiser.send(&rescore, &[("version", &version)]).await.status, 303);
    let after = world.get(&candidate).await.text();
    assert!(after.contains("2 supporters online, 0 on paper"), "{after}");
    assert!(after.contains("by Organiser") && after.contains(": from "), "old and new score are shown: {after}");
    assert!(world.get("/audit").await.text().contains("Candidate rescored"));
    assert_eq!(organiser.send(&rescore, &[("version", &version)]).await.status, 409, "somebody else was first");
}

#[tokio::test]
async fn a_flag_from_a_search_is_scored_from_what_the_search_finds_and_one_without_from_its_supporters() {
    let world = World::of_people();
    let ann = world.somebody(Role::Public).await;
    let organiser = world.somebody(Role::Organiser).await;
    begin(&organiser).await;
    let heard = flag(&world, &ann.id, "shorter queues", Evidence::Search("q=queue".to_owned()));
    let free = flag(&world, &ann.id, "a garden", Evidence::None);
    let odd = flag(&world, &ann.id, "a bench", Evidence::Search("q=((".to_owned()));
    let score = async |id: &FlagId| {
        let put = put_forward(&organiser, id).await;
        assert_eq!(put.status, 303, "{}", put.text());
        world.get(put.leads_to()).await.text()
    };
    let (heard, free, odd) = (score(&heard).await, score(&free).await, score(&odd).await);
    assert!(!heard.contains("0 posts in 7 days"), "{heard}");
    for silent in [free, odd] {
        assert!(silent.contains("0 posts in 7 days") && silent.contains("1 supporter online"), "{silent}");
    }
}

#[tokio::test]
async fn hostile_words_of_a_flag_are_shown_and_never_run_on_the_way_to_the_assembly() {
    let hostile = "=1+1<script>alert(1)</script>\" onload=\"x";
    let world = World::of_people();
    let ann = world.somebody(Role::Public).await;
    let organiser = world.somebody(Role::Organiser).await;
    let cycle = begin(&organiser).await;
    let id = flag(&world, &ann.id, hostile, Evidence::Search(format!("q={hostile}")));
    let put = put_forward(&organiser, &id).await;
    let json = format!("/api/v1/flags/{id}");
    let form = format!("/assembly/nominate?flag={id}");
    for address in [put.leads_to(), &cycle, &form, &format!("/gather/flags/{id}"), &json, "/api/v1/flags"] {
        let page = organiser.get(address).await;
        assert_eq!(page.status, 200, "{address}");
        if page.headers["content-type"] == "application/json" {
            assert_eq!(page.headers["x-content-type-options"], "nosniff", "{address}");
        } else {
            assert!(!page.body.contains("<script>alert") && !page.body.contains("\" onload"), "{address}");
        }
    }
    let csv = world.get("/download/flags.csv").await.body;
    assert!(csv.contains("'=1+1") && !csv.contains(",=1") && !csv.contains("\"=1"), "{csv}");
}

#[tokio::test]
async fn what_was_refused_or_does_not_exist_is_not_put_forward() {
    let world = World::of_people();
    let ann = world.somebody(Role::Public).await;
    let organiser = world.somebody(Role::Organiser).await;
    begin(&organiser).await;
    let new = NewFlag { want: "what waits".into(), because: "x".into(), evidence: Evidence::None };
    let raise = |tx: &mut civic::Tx<'_>| gather::raise(tx, &GatherConfig::default(), &ann.id, &new);
    let waits = world.record.decide_now(Actor::Operator, now(), raise).unwrap();
    assert_eq!(put_forward(&organiser, &waits).await.status, 404, "it is not an organiser's to see");
    assert_eq!(organiser.get("/assembly/nominate?flag=nothing").await.status, 404);
}
