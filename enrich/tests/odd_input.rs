//! Odd texts through the whole fast tier: no panic, an end within reason, and no label for what says nothing.

mod support;

use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use bus::Enriched;
use enrich::Chain;
use support::{odd, post};

/// Many times what the slowest machine needs: what takes longer does not end in a reasonable time.
const PATIENCE: Duration = Duration::from_mins(2);

#[test]
fn odd_texts_end_in_time_and_what_says_nothing_gets_no_label() {
    let chain = Chain::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../config")).unwrap();
    for odd in odd::texts() {
        let (done, result) = mpsc::sync_channel(1);
        let (chain, text) = (chain.clone(), odd.text);
        thread::spawn(move || {
            let mut batch = [post(&text)];
            chain.enrich(&mut batch);
            done.send(batch).unwrap();
        });
        let [enriched] = result.recv_timeout(PATIENCE).unwrap_or_else(|error| panic!("{}: {error}", odd.name));
        support::check(&enriched, odd.name, odd.speechless);
    }
}

#[test]
fn odd_texts_in_one_batch_do_not_disturb_each_other() {
    let chain = Chain::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../config")).unwrap();
    let small = || odd::texts().into_iter().filter(|odd| odd.text.len() < 5_000);
    let mut together: Vec<Enriched> = small().map(|odd| post(&odd.text)).collect();
    chain.enrich(&mut together);
    for (odd, enriched) in small().zip(together) {
        let mut alone = [post(&odd.text)];
        chain.enrich(&mut alone);
        assert_eq!(alone[0], enriched, "{}", odd.name);
    }
}
