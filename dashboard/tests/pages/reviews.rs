//! What staff decides about issues that a check held back.

use civic::Role;

use crate::made_up::COPIED;
use crate::world::World;

#[tokio::test]
async fn a_released_issue_is_listed_for_everybody_with_the_reason() {
    let world = World::of_people();
    let address = format!("/issues/{COPIED}");
    let review = format!("{address}/review");
    assert_eq!(world.get(&address).await.status, 404, "the public does not see what is held");
    let analyst = world.somebody(Role::Analyst).await;
    let page = analyst.get(&address).await;
    assert!(page.text().contains("Decide about the check"), "{}", page.text());
    let version = page.hidden("version");

    let unreasoned = analyst.send(&review, &[("verdict", "released"), ("version", &version), ("reason", " ")]).await;
    assert_eq!(unreasoned.status, 400);
    assert!(unreasoned.text().contains("Write why"));
    let fields = [("verdict", "released"), ("version", version.as_str()), ("reason", "A <b>real</b> campaign")];
    assert_eq!(analyst.send(&review, &fields).await.status, 303);

    let public = world.get(&address).await;
    assert_eq!(public.status, 200);
    assert!(public.text().contains("Analyst released it on"), "{}", public.text());
    assert!(!public.body.contains("<b>real</b>") && !public.body.contains("Decide about the check"));
    assert!(world.get("/issues").await.body.contains(&address), "it stands in the list");
    assert!(world.get("/api/v1/issues").await.body.contains(COPIED));
    assert!(world.get("/audit").await.text().contains("Issue released"));

    assert_eq!(analyst.send(&review, &fields).await.status, 409, "somebody decided since the page was opened");
    let version = analyst.get(&address).await.hidden("version");
    let back = [("verdict", "confirmed"), ("version", version.as_str()), ("reason", "One address sent them all")];
    assert_eq!(analyst.send(&review, &back).await.status, 303);
    assert_eq!(world.get(&address).await.status, 404);
    assert!(analyst.get(&address).await.text().contains("it stays held. Analyst confirmed that on"));
}

#[tokio::test]
async fn only_what_is_held_can_be_decided_about_and_not_by_viewers() {
    let world = World::of_people();
    let viewer = world.somebody(Role::Viewer).await;
    let page = viewer.get(&format!("/issues/{COPIED}")).await;
    assert!(page.status == 200 && !page.body.contains("Decide about the check"));
    let analyst = world.somebody(Role::Analyst).await;
    let listed = format!("/issues/{}/review", crate::made_up::QUEUE);
    let fields = [("verdict", "confirmed"), ("version", "0"), ("reason", "no")];
    assert_eq!(analyst.send(&listed, &fields).await.status, 404);
}
