//! Reading feeds: the whole way from bytes to posts, beside bare feed-rs on the same bytes.
//!
//! The feeds are composed here: a news site's RSS of fifty short entries, a blog's Atom of twenty long ones, and the RSS
//! as it comes from careless programs, which bare feed-rs refuses.

use std::fmt::Write;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ingest::collectors::feed::exercise::read;

const SENTENCES: [&str; 8] = [
    "The minor injuries unit will open for four more hours from Monday. ",
    "Patients waited nine hours on average, the trust's own figures show. ",
    "&lt;b&gt;Anyone&lt;/b&gt; who has symptoms should call 111 first. ",
    "A spokesperson said that staff had worked under great pressure. ",
    "The dentist's list in Whitby is closed again. ",
    "&lt;a href=&quot;https://news.example.org/waits?id=7&amp;amp;page=2&quot;&gt;Read more&lt;/a&gt; about the plans. ",
    "Campaigners handed in a petition with 4,000 names. ",
    "The board meets in public on Thursday at the library. ",
];

fn text(entry: usize, sentences: usize) -> String {
    (0..sentences).map(|n| SENTENCES[(entry * 3 + n) % SENTENCES.len()]).collect()
}

fn rss(entries: usize, sentences: usize) -> String {
    let mut rss = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><channel><title>News</title>",
    );
    for entry in 0..entries {
        let _ = write!(
            rss,
            "<item>\n<title>Ward {entry} &amp; clinic</title><link>https://news.example.org/{entry}</link><guid isPermaLink=\"false\">id-{entry}</guid>\
             <pubDate>Sun, 09 Mar 2025 10:{:02}:30 GMT</pubDate><dc:creator>Ann Lee</dc:creator><category>Health</category>\
             <description>{}</description></item>",
            entry % 60,
            text(entry, sentences)
        );
    }
    rss + "</channel></rss>"
}

fn atom(entries: usize, sentences: usize) -> String {
    let mut atom = String::from("<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>Blog</title><id>tag:blog</id>");
    for entry in 0..entries {
        let _ = write!(
            atom,
            "<entry><title>Week {entry}</title><id>tag:blog,{entry}</id><link href=\"https://blog.example.org/{entry}\"/>\
             <updated>2025-03-09T10:{:02}:30Z</updated><author><name>Ann Lee</name></author><content type=\"html\">{}</content></entry>",
            entry % 60,
            text(entry, sentences)
        );
    }
    atom + "</feed>"
}

fn feeds(criterion: &mut Criterion) {
    let careless = rss(50, 4).replace(" version=\"2.0\"", "").replace("&amp;", "&");
    for (name, feed) in [("rss_50", rss(50, 4)), ("atom_20_long", atom(20, 60)), ("careless_rss_50", careless)] {
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Bytes(feed.len() as u64));
        group.bench_function("bytes_to_posts", |bencher| bencher.iter(|| read(black_box(feed.as_bytes()))));
        group.bench_function("bare_feed_rs", |bencher| {
            bencher.iter(|| feed_rs::parser::parse(black_box(feed.as_bytes())).map_or(0, |feed| feed.entries.len()));
        });
        group.finish();
    }
}

criterion_group!(benches, feeds);
criterion_main!(benches);
