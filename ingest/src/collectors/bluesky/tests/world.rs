//! Any sequence of events, over a server that breaks off, replays and answers nonsense: what is left is what was said.

use proptest::prelude::*;

use super::*;

/// One thing that happens.
#[derive(Clone, Debug)]
enum Act {
    Write { author: u8, post: u8, wanted: bool },
    Delete { author: u8, post: u8 },
    Leave { author: u8 },
    Return { author: u8 },
    Nonsense,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => (0..3_u8, 0..4_u8, prop::bool::weighted(0.7))
            .prop_map(|(author, post, wanted)| Act::Write { author, post, wanted }),
        2 => (0..3_u8, 0..4_u8).prop_map(|(author, post)| Act::Delete { author, post }),
        1 => (0..3_u8).prop_map(|author| Act::Leave { author }),
        1 => (0..3_u8).prop_map(|author| Act::Return { author }),
        1 => Just(Act::Nonsense),
    ]
}

/// The events, one each second, and the texts that are left at the end.
fn play(acts: &[Act], us: i64) -> (Vec<(i64, String)>, Vec<String>) {
    let mut said: BTreeMap<(u8, u8), Option<String>> = BTreeMap::new();
    let mut events = Vec::new();
    for (n, act) in acts.iter().enumerate() {
        let time = us + i64::try_from(n).unwrap() * 1_000_000;
        let did = |author: &u8| format!("did:plc:{author}");
        let event = match act {
            Act::Write { author, post, wanted } => {
                let text = format!("{} number {n}", if *wanted { "NHS" } else { "idle talk" });
                let operation = if said.contains_key(&(*author, *post)) { "update" } else { "create" };
                let event = post_event(time, &did(author), &post.to_string(), operation, &text);
                said.insert((*author, *post), wanted.then_some(text));
                event
            }
            Act::Delete { author, post } => {
                said.remove(&(*author, *post));
                delete_event(time, &did(author), &post.to_string())
            }
            Act::Leave { author } => {
                said.retain(|(by, _), _| by != author);
                account_event(time, &did(author), Some("deleted"))
            }
            Act::Return { author } => account_event(time, &did(author), None),
            Act::Nonsense => json!({"did": 1, "kind": "NHS", "time_us": time}),
        };
        events.push((time, event.to_string()));
    }
    let mut left: Vec<String> = said.into_values().flatten().collect();
    left.sort();
    (events, left)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_happens_is_in_the_end_as_it_was_said(
        acts in prop::collection::vec(act(), 1..60),
        cuts in prop::collection::vec((1..25_usize, any::<bool>()), 0..8),
    ) {
        let us = start_us();
        let (events, left) = play(&acts, us);
        let script = cuts.clone();
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async move {
            let all = events.len();
            let server = SocketServer::start(move |n, uri| {
                let from = cursor_of(uri).unwrap();
                let due = events.iter().filter(|(time, _)| *time >= from).map(|(_, event)| Frame::text(event.clone()));
                let longest = script.get(n).map_or(all, |(longest, _)| *longest + 6);
                due.take(longest).chain([Frame::Close(None)]).collect()
            }).await;
            let mut collector = collector(&server);
            let mut archive = Archive::default();
            let mut cursor = beginning(us);
            for n in 0..cuts.len() + 4 {
                cursor = archive.take(collector.collect(&cursor).await.unwrap());
                if cuts.get(n).is_some_and(|(_, restart)| *restart) {
                    collector = self::collector(&server);
                }
            }
            assert_eq!(archive.texts(), left);
        });
    }
}
