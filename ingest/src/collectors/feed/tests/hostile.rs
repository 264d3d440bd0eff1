//! Documents made to harm: each is refused or cut, and its size bounds what it costs.

use std::fmt::Write;

use super::super::*;
use super::{key, posts_of};
use crate::testing::feed_source;

/// Long enough for what is quadratic to take minutes.
const LARGE: usize = 1 << 20;

fn read(document: &str) -> Result<Vec<Post>, String> {
    read_file(document.as_bytes(), &feed_source("test", "https://example.org/feed"), &key())
}

fn in_item(inside: &str) -> String {
    format!("<rss version=\"2.0\"><channel><item><title>t</title>{inside}</item></channel></rss>")
}

#[test]
fn ten_thousand_nested_tags_neither_overflow_nor_hide_the_entry() {
    let tags = "<b>".repeat(10_000);
    assert_eq!(posts_of(in_item(&tags)).len(), 1);
    assert_eq!(posts_of(in_item(&format!("<description>{tags}deep</description>")))[0].text, "deep");
    assert_eq!(posts_of(in_item(&format!("<description><![CDATA[{tags}deep]]></description>")))[0].text, "deep");
    let entries = "<item>".repeat(10_000);
    assert!(read(&format!("<rss>{entries}")).unwrap().is_empty());
}

#[test]
fn entities_do_not_multiply() {
    let mut bomb = String::from("<!DOCTYPE rss [<!ENTITY a0 \"aaaaaaaaaa\">");
    for level in 1..20 {
        let below = format!("&a{};", level - 1).repeat(10);
        write!(bomb, "<!ENTITY a{level} \"{below}\">").unwrap();
    }
    bomb.push_str("]>");
    bomb.push_str(&in_item("<description>&a19;</description>"));
    assert!(posts_of(bomb)[0].text.len() < 1_000);
}

#[test]
fn repeated_beginnings_are_read_in_one_pass() {
    // Each of these asks a careless reader to look for an end that is not there, again and again.
    for beginning in [
        "<",
        "<a",
        "<a b=\"",
        "<a b='>",
        "</",
        "<!",
        "<!--",
        "<![CDATA[",
        "<?",
        "<!DOCTYPE ",
        "<!DOCTYPE [",
        "&",
        "&amp",
        "&#",
        "<item>",
        "<item><title>",
        "<title>",
        "<link>",
        "</item>",
        "<a/>",
        "<a xmlns:b='c'>",
        "<author>",
        "<image>",
        "<item xml:base='x'>",
        "<description>x</b>",
        "<!ENTITY a 'b'>",
        "= \"",
        "<a b='c' ",
    ] {
        let count = LARGE / beginning.len();
        // What it gives is not the point; it gives it soon, and tests in which it does not are stopped.
        let _ = read(&format!("<rss><channel><item>{}", beginning.repeat(count)));
    }
}

#[test]
fn an_attribute_or_a_line_of_megabytes_is_one_value() {
    let long = "x".repeat(LARGE);
    assert_eq!(posts_of(in_item(&format!("<link foo=\"{long}\">https://example.org/1</link>"))).len(), 1);
    let post = &posts_of(in_item(&format!("<description>{long}</description>")))[0];
    assert!(post.text.len() <= 64 * 1024);
    let attributes = (0..100_000).map(|n| format!(" a{n}='x'")).collect::<String>();
    assert_eq!(posts_of(in_item(&format!("<link{attributes}>https://example.org/1</link>"))).len(), 1);
}

#[test]
fn entries_beyond_the_limit_are_counted_and_not_kept() {
    let items = "<item><guid>1</guid><title>a</title></item>".repeat(100_000);
    let base = Url::parse("https://example.org/").unwrap();
    let document = parse::parse(format!("<rss><channel>{items}").as_bytes(), None, &base).unwrap();
    assert_eq!((document.items.len(), document.dropped), (parse::MAX_ENTRIES, 100_000 - parse::MAX_ENTRIES));
}
