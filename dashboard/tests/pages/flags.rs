//! Flags where other pages and programs meet them: the home page, a search, the feed; and very many of them.

use civic::gather::{Evidence, FlagId, GatherConfig, NewFlag, decide, raise};
use civic::{AccountId, Actor, Entry, Part, Role};
use dashboard::Audience;

use crate::made_up::now;
use crate::world::World;

/// A flag that somebody raised and the operator published.
fn published(world: &World, by: &AccountId, want: &str, because: &str, evidence: Evidence) -> FlagId {
    let flag = NewFlag { want: want.to_owned(), because: because.to_owned(), evidence };
    let published = |tx: &mut civic::Tx<'_>| {
        let id = raise(tx, &GatherConfig::default(), by, &flag)?;
        decide(tx, &id, 1, &civic::gather::Decision::Publish, "Within remit")?;
        Ok(id)
    };
    world.record.decide_now(Actor::Operator, now(), published).unwrap()
}

#[tokio::test]
async fn the_home_page_and_the_feed_show_what_is_open_and_nothing_that_waits() {
    let world = World::of_people();
    let ann = world.somebody(Role::Public).await.id;
    assert!(world.get("/").await.text().contains("0 flags are open for support in Gather"));
    let hostile = "a </title><script>alert(1)</script> & more";
    let open = published(&world, &ann, hostile, "\u{b}]]><x>", Evidence::None);
    let waits = NewFlag { want: "what waits".into(), because: "it waits".into(), evidence: Evidence::None };
    world.record.decide_now(Actor::Operator, now(), |tx| raise(tx, &GatherConfig::default(), &ann, &waits)).unwrap();

    let home = world.get("/").await;
    assert!(home.text().contains("1 flag is open for support in Gather . Most support: a"), "{}", home.text());
    assert!(home.body.contains(&format!("/gather/flags/{open}")) && !home.body.contains("<script>alert"));
    let feed = world.get("/feeds/flags.atom").await;
    assert_eq!(feed.headers["content-type"], "application/atom+xml; charset=utf-8");
    assert!(feed.body.contains(&format!("<id>urn:ulid:{open}</id>")), "{}", feed.body);
    for page in [&home.body, &feed.body] {
        assert!(!page.contains("what waits") && !page.contains("<script>alert") && !page.contains("<x>"), "{page}");
    }
}

#[tokio::test]
async fn a_search_becomes_the_evidence_of_a_flag() {
    let world = World::of_people();
    let ann = world.somebody(Role::Public).await;
    let search = world.get("/search?q=phone+queue&type=forum").await;
    let address = search.part("/gather/raise?search=", "\"").trim_end_matches('"').to_owned();
    let form = ann.get(&address).await;
    let query = form.hidden("search").replace("&amp;", "&").replace("&#38;", "&");
    let fields = [("want", "a queue that tells me my place"), ("because", "I wait"), ("search", query.as_str())];
    let raised = ann.send("/gather/raise", &fields).await;
    assert_eq!(raised.status, 303, "{}", raised.text());
    let flag = ann.get(raised.leads_to()).await.body.replace("&#38;", "&").replace("&amp;", "&");
    assert!(flag.contains("href=\"/search?q=phone+queue&type=forum\""), "{flag}");
}

/// The list of a thousand flags, one of which ten thousand people support, is counted right and pages through.
#[tokio::test]
async fn a_thousand_flags_and_ten_thousand_supporters_are_counted_right() {
    let world = World::new(Audience::Public);
    let ann = world.somebody(Role::Public).await.id;
    let first = published(&world, &ann, "shorter waits", "it matters", Evidence::None);
    let many = |tx: &mut civic::Tx<'_>| {
        tx.execute_batch(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 999)
             INSERT INTO flags (id, kind, evidence, want, because, raised_at, state, target, deadline)
             SELECT printf('01J%023d', i), 'free', '', 'thing number ' || i, 'it matters', raised_at - i, 'published',
                    100, deadline + i FROM n, flags;
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9999)
             INSERT INTO supporters (flag, account, at)
             SELECT id, printf('01J%023d', i), raised_at FROM n, flags WHERE want = 'shorter waits';
             UPDATE flags SET online = online + 9999 WHERE want = 'shorter waits';",
        )?;
        tx.log(&Entry::new(Part::Staff, "test.filled", "test", "flags"))
    };
    world.record.decide_now(Actor::Operator, now(), many).unwrap();
    let bob = world.somebody(Role::Public).await;
    assert_eq!(bob.send(&format!("/gather/flags/{first}/support"), &[]).await.status, 303);

    let list = world.get("/gather?show=supported").await.text();
    assert!(list.contains("1,000 flags"), "{list}");
    let (most, next) = (list.find("10,001 of 100 supporters"), list.find("thing number"));
    assert!(most.is_some() && most < next, "{list}");
    assert_eq!(world.get("/gather?show=newest&page=40").await.text().matches("thing number").count(), 25);
    assert!(world.get("/").await.text().contains("1,000 flags are open for support"));
}

/// What a page costs to send does not grow with what is there: a thousand flags, ten thousand supporters and a thousand comments
/// make no page much longer than a few do.
#[tokio::test]
async fn no_page_grows_with_the_number_of_flags_supporters_and_comments() {
    let mut sizes = Vec::new();
    for many in [400, 1_000] {
        let world = World::new(Audience::Public);
        let ann = world.somebody(Role::Public).await;
        let moderator = world.somebody(Role::Moderator).await;
        let first = published(&world, &ann.id, "shorter waits", "it matters", Evidence::None);
        fill(&world, many);
        let flag = format!("/gather/flags/{first}");
        let mut lengths = Vec::new();
        for address in
            ["/", "/gather", "/gather?show=supported", "/gather?show=closing", &flag, "/audit", "/gather/moderation"]
        {
            let answer = moderator.get(address).await;
            assert_eq!(answer.status, 200, "{address}");
            lengths.push((address.replace(first.as_str(), "ID"), answer.body.len()));
        }
        let shown = moderator.get(&flag).await.body.matches("comment number").count();
        assert_eq!(shown, 50, "a page of comments");
        assert!(moderator.get(&format!("{flag}?comments=2")).await.body.contains("Newer comments"));
        sizes.push(lengths);
    }
    for (few, many) in sizes[0].iter().zip(&sizes[1]) {
        assert!(many.1 <= few.1 + few.1 / 10, "{} grows from {} to {} bytes", few.0, few.1, many.1);
        assert!(many.1 < 120_000, "{} has {} bytes", many.0, many.1);
    }
}

/// So many published flags more, half as many that wait, ten times as many supporters of the first, as many comments on it that
/// stand and that wait.
fn fill(world: &World, many: u32) {
    let sql = format!(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {many})
         INSERT INTO flags (id, kind, evidence, want, because, raised_at, state, target, deadline)
         SELECT printf('01J%023d', i), 'free', '', printf('thing number %09d', i), 'it matters', raised_at - i,
                iif(i % 3 = 0, 'waiting', 'published'), 100, deadline + i FROM n, flags;
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10 * {many})
         INSERT INTO supporters (flag, account, at)
         SELECT id, printf('01J%023d', i), raised_at FROM n, flags WHERE want = 'shorter waits';
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2 * {many})
         INSERT INTO comments (id, flag, words, at, state)
         SELECT printf('01J%023d', i), id, printf('comment number %09d', i), raised_at + i,
                iif(i % 2 = 0, 'waiting', 'published') FROM n, flags WHERE want = 'shorter waits';"
    );
    let entries = |tx: &mut civic::Tx<'_>| {
        tx.execute_batch(&sql)?;
        (0..many).try_for_each(|_| tx.log(&Entry::new(Part::Public, "test.filled", "test", "flags")))
    };
    world.record.decide_now(Actor::Operator, now(), entries).unwrap();
}
