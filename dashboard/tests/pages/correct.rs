//! Setting tags right on the pages: who may, what is asked, and what is kept.

use civic::Role;

use crate::made_up;
use crate::world::World;

fn address() -> String {
    format!("/correct?post={}", made_up::quoted()[0])
}

#[tokio::test]
async fn an_analyst_corrects_a_post_with_a_reason_and_the_log_tells() {
    let world = World::of_people();
    let ann = world.somebody(Role::Analyst).await;
    let post = format!("/posts/{}", made_up::quoted()[0]);
    assert!(ann.get(&post).await.body.contains(&format!("href=\"{}\"", address())));
    let form = ann.get(&address()).await.text();
    assert!(
        form.contains("Correct the tags of a post") && form.contains("Welsh") && form.contains("Parking"),
        "{form}"
    );

    let fields = [("change-topics", "yes"), ("topic", "parking"), ("topic", "zeppelins"), ("feeling", "positive")];
    let more = [("language", "leave"), ("region", "none"), ("why", "it is about\r\nthe car park")];
    let done = ann.send(&address(), &[&fields[..], &more[..]].concat()).await;
    assert_eq!((done.status.as_u16(), done.leads_to()), (303, post.as_str()));
    let kept = world.corrections.lock().unwrap().clone();
    assert_eq!(kept.len(), 1);
    let topics = kept[0].topics.as_ref().unwrap();
    assert_eq!((topics.to.as_slice(), topics.by.as_str()), (&["parking".to_owned()][..], "Analyst"));
    assert_eq!(topics.why, "it is about\nthe car park");
    assert_eq!(kept[0].sentiment.as_ref().unwrap().to, Some(bus::SentimentLabel::Positive));
    assert_eq!((kept[0].places.as_ref().unwrap().to.len(), kept[0].language.as_ref()), (0, None));

    let log = world.record.read_now(|db| civic::audit::newest(db, true, None, 9)).unwrap();
    let entry = log.iter().find(|entry| entry.action == "tags.corrected").unwrap();
    assert_eq!((entry.role.as_str(), entry.subject.as_str()), ("analyst", made_up::quoted()[0].to_string().as_str()));
    assert_eq!(entry.reason.as_deref(), Some("it is about\nthe car park"));
    assert!(!world.get("/audit").await.text().contains("car park"), "what staff say of posts is for staff");
}

#[tokio::test]
async fn what_is_missing_is_said_and_nothing_is_kept() {
    let world = World::of_people();
    let ann = world.somebody(Role::Analyst).await;
    let nothing = ann.send(&address(), &[("why", "because")]).await;
    assert_eq!(nothing.status, 422);
    assert!(nothing.text().contains("Error: nothing is corrected"), "{}", nothing.text());
    let unreasoned = ann.send(&address(), &[("feeling", "none")]).await;
    assert!(unreasoned.text().contains("Error: give a reason"), "{}", unreasoned.text());
    assert!(unreasoned.body.contains("<option value=\"none\" selected>No feeling"), "what was chosen stays");
    assert_eq!(ann.get("/correct?post=00000000000000000000000000000000").await.status, 404);
    assert!(world.corrections.lock().unwrap().is_empty());
    let viewer = world.somebody(Role::Viewer).await;
    let post = viewer.get(&format!("/posts/{}", made_up::quoted()[0])).await;
    assert!(!post.body.contains("/correct"), "a viewer is not offered what a viewer may not do");
}

#[tokio::test]
async fn all_posts_of_a_search_are_corrected_if_they_are_those_that_were_seen() {
    let world = World::of_people();
    let ann = world.somebody(Role::Analyst).await;
    let search = ann.get("/search?q=queue&period=7d").await;
    let address =
        search.part("<a href=\"/correct?", "\">").replace("<a href=\"", "").replace("&#38;", "&").replace("&amp;", "&");
    let address = address.trim_end_matches("\">");
    let form = ann.get(address).await;
    let count = form.hidden("count");
    assert!(form.text().contains(&format!("Correct {count} posts")), "{}", form.text());

    let fields = |count| vec![("language", "cy"), ("why", "all Welsh"), ("count", count)];
    let other = ann.send(address, &fields("3")).await;
    assert_eq!(other.status, 422);
    assert!(other.text().contains(&format!("The search now finds {count} posts")), "{}", other.text());
    assert!(world.corrections.lock().unwrap().is_empty());
    let done = ann.send(address, &fields(&count)).await;
    assert_eq!(done.status, 303);
    assert!(done.leads_to().starts_with("/search?"), "{}", done.leads_to());
    assert_eq!(world.corrections.lock().unwrap().len().to_string(), count);

    let all = ann.get("/correct?q=&period=any").await;
    assert_eq!(all.status, 400);
    assert!(all.text().contains("from 1 to 200 can be corrected at once"), "{}", all.text());
}
