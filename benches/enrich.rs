//! What each enricher and the whole chain cost, in time a batch of a thousand posts.
//!
//! The posts are composed here from parts that meet in ever new ways: short and long, plain and shouted, with links,
//! handles and numbers to be redacted, one in twenty in another language, one in fifty a long contribution at a
//! meeting. Divide by a thousand for the time a post.

use std::hint::black_box;
use std::path::Path;

use bus::{Channel, Enriched, Post, PostId, SourceId};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use enrich::Chain;
use jiff::Timestamp;

const POSTS: u64 = 1_000;

const OPENINGS: [&str; 17] = [
    "Rang the surgery at 8am and was 34th in the queue",
    "Honestly the nurses on the children's ward were wonderful",
    "Nine hours on a trolley in A&E last night with my mum",
    "Does anyone know a dentist taking NHS patients",
    "Third time my knee operation has been cancelled",
    "Just had my flu jab, in and out in five minutes",
    "The NHS App says my referral does not exist",
    "My son has waited two years for his autism assessment",
    "Dr Smith listened and explained everything",
    "HRT out of stock again at the chemist",
    "Car park is full by nine and costs more than my shopping",
    "They discharged Dad on Friday night with no care package",
    "THIS IS A DISGRACE",
    "111 told us to wait for an ambulance",
    "Our midwife came to the house twice and could not have been kinder",
    "Picket line outside again this morning, I took them some biscuits",
    "No interpreter, so my daughter had to explain it to her gran",
];

const MIDDLES: [&str; 14] = [
    "and nobody called back",
    "here in Leeds",
    "at St James's Hospital, for what it's worth",
    "which is not good enough",
    "but the receptionist was really kind",
    "near LS6 1AA",
    "and I am at the end of my tether",
    "though to be fair the staff were run off their feet",
    "so I gave up and paid privately",
    "in the South West, where the next one is forty miles away",
    "for the second winter running",
    "and they said ring 0113 496 0123 if it gets worse",
    "as usual",
    "and I can't thank them enough",
];

const ENDINGS: [&str; 14] = [
    ".",
    "!!!",
    " \u{1f621}",
    ". Is anyone else finding this?",
    ". Thank you @LeedsHospitals",
    ". More at https://news.example.org/health/2024/waits?id=81",
    " #NHS #waiting",
    ". My email is jo.bloggs@example.org if that helps.",
    ". What is going on?",
    ". We deserve better than this.",
    ". Well done everyone.",
    " :(",
    "… again.",
    ". My neighbour in Barnsley says the same.",
];

const OTHER_LANGUAGES: [&str; 5] = [
    "Mae'r feddygfa yn llawn eto a does dim apwyntiad tan fis nesaf",
    "Dziękuję pielęgniarkom, opieka była naprawdę bardzo dobra",
    "ڈاکٹر صاحب نے بہت اچھے طریقے سے سمجھایا",
    "Nu am găsit niciun dentist care să primească pacienți noi",
    "Waxaan sugnay sagaal saacadood isbitaalka, cidna nalama hadlin",
];

/// The `n`th post.
fn post(n: usize) -> Enriched {
    let pick = |list: &[&'static str], salt: usize| list[(n * salt + n / list.len()) % list.len()];
    let sentence = format!("{} {}{}", pick(&OPENINGS, 7), pick(&MIDDLES, 11), pick(&ENDINGS, 5));
    let text = match n {
        n if n % 20 == 3 => pick(&OTHER_LANGUAGES, 3).to_owned(),
        n if n % 50 == 7 => {
            let said: Vec<_> =
                (0..12).map(|turn| format!("{} {}.", pick(&OPENINGS, turn + 1), pick(&MIDDLES, turn + 3))).collect();
            said.join(" ")
        }
        n if n.is_multiple_of(3) => format!("{sentence} {} {}.", pick(&OPENINGS, 3), pick(&MIDDLES, 5)),
        _ => sentence,
    };
    let source: SourceId = "bench".parse().expect("a valid name");
    Enriched::untagged(Post {
        id: PostId::new(&source, &n.to_string()),
        source,
        channel: Channel::Social,
        author: None,
        created_at: Timestamp::UNIX_EPOCH,
        collected_at: Timestamp::UNIX_EPOCH,
        text,
        title: n.is_multiple_of(10).then(|| pick(&OPENINGS, 13).to_owned()),
        url: Some(format!("https://social.example/posts/{n}")),
        language_hint: n.is_multiple_of(2).then(|| "en".to_owned()),
        place_hint: n.is_multiple_of(25).then(|| "Sheffield town hall".to_owned()),
        event: None,
        attendance: None,
    })
}

fn enrichers(criterion: &mut Criterion) {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let chain = Chain::load(&config).expect("the configuration in the repository is valid");
    let fresh: Vec<Enriched> = (0..POSTS).filter_map(|n| usize::try_from(n).ok()).map(post).collect();
    let mut enriched = fresh.clone();
    chain.enrich(&mut enriched);

    let mut group = criterion.benchmark_group("enrich");
    group.throughput(Throughput::Elements(POSTS));
    for enricher in chain.enrichers() {
        // Redaction sees posts as they are collected, the others as redaction leaves them.
        let posts = if enricher.name() == "redact" { &fresh } else { &enriched };
        group.bench_function(enricher.name(), |bencher| {
            bencher.iter_batched_ref(
                || posts.clone(),
                |batch| enricher.enrich(black_box(batch)),
                BatchSize::LargeInput,
            );
        });
    }
    group.bench_function("chain", |bencher| {
        bencher.iter_batched_ref(|| fresh.clone(), |batch| chain.enrich(black_box(batch)), BatchSize::LargeInput);
    });
    group.finish();
}

criterion_group!(benches, enrichers);
criterion_main!(benches);
