//! What the public sees, and what it does not.

use dashboard::Audience;
use serde_json::Value;

use crate::made_up;
use crate::world::World;

#[tokio::test]
async fn nobody_is_quoted_and_nothing_held_is_shown() {
    let world = World::new(Audience::Public);
    let said = "two minutes past eight";
    for address in ["/", "/issues", "/search?q=queue", "/api/v1/search?q=queue", &format!("/issues/{}", made_up::QUEUE)]
    {
        let answer = world.get(address).await;
        assert_eq!(answer.status, 200, "{address}");
        assert!(!answer.body.contains(said), "{address} quotes a post");
        assert!(!answer.body.contains("save our surgery"), "{address} shows what is held");
        assert!(!answer.body.contains("status=held"), "{address} links to what is held");
    }
    let post = format!("/posts/{}", made_up::quoted()[0]);
    for address in [post.as_str(), "/download/search.csv?q=queue", "/feeds/search.atom?q=queue"] {
        assert_eq!(world.get(address).await.status, 403, "{address}");
    }
    assert_eq!(world.get(&format!("/issues/{}", made_up::COPIED)).await.status, 404);
    assert_eq!(world.get(&format!("/api/v1/issues/{}", made_up::COPIED)).await.status, 404);
    assert!(!world.get("/download/issues.csv?status=held").await.body.contains("save our surgery"));
    assert!(!world.get("/api/v1/issues").await.body.contains("held\""));
}

#[tokio::test]
async fn counts_under_ten_are_not_shown_anywhere() {
    let world = World::new(Audience::Public);
    let page = world.get(&format!("/issues/{}", made_up::QUEUE)).await;
    assert!(page.text().contains("Midlands fewer than 10 not shown"), "{}", page.text());
    assert!(page.text().contains("Meetings 7 days fewer than 10"), "{}", page.text());
    assert!(!page.text().contains("812 authors"), "what a check found is exact, so it is for staff");

    let few = world.get("/search?q=canmol&period=24h").await;
    assert!(few.text().contains("fewer than 10 posts Understood as"), "{}", few.text());
    let json: Value = serde_json::from_str(&world.get("/api/v1/search?q=canmol&period=24h").await.body).unwrap();
    assert_eq!(json["total"], Value::Null);
    assert_eq!(json["posts"], Value::Null);

    let json: Value = serde_json::from_str(&world.get("/api/v1/counts?by=day&q=queue").await.body).unwrap();
    let days = json["points"].as_array().unwrap();
    assert!(days.iter().all(|day| day["posts"].as_u64().is_none_or(|posts| posts >= 10)));
    assert!(days.iter().any(|day| day["posts"].is_null()) && days.iter().any(|day| day["posts"].is_u64()));
}

#[tokio::test]
async fn the_api_never_gives_the_pseudonym_of_an_author() {
    for audience in [Audience::Staff, Audience::Public] {
        let world = World::new(audience);
        for address in ["/api/v1/search?q=queue", "/api/v1/state", "/download/search.csv"] {
            assert!(!world.get(address).await.body.contains("author\""), "{address}");
        }
    }
}
