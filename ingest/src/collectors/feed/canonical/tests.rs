use insta::assert_snapshot;

use super::*;

fn atom(xml: &str) -> String {
    let base = Url::parse("https://example.org/feeds/").unwrap();
    canonical(xml, &base, 100).atom.replace("><entry>", ">\n<entry>").replace("></feed>", ">\n</feed>")
}

#[test]
fn rss_with_its_modules() {
    let rss = r#"<rss version="0.93" xmlns:d="http://purl.org/dc/elements/1.1/" xmlns:c="http://purl.org/rss/1.0/modules/content/">
        <channel><title>News</title><language>en-gb</language><image><title>Logo</title><link>/logo</link></image>
        <item><title>R&D &amp; more&nbsp;</title><link>/a?x=1&amp;y=2</link><guid isPermaLink="false">7</guid>
        <pubDate>Sun, 09 Mar 25 10:20 GMT</pubDate><d:date>2025-03-10</d:date><author>ann@example.org (Ann Lee)</author>
        <description>Short</description><c:encoded><![CDATA[<p>Long</p>]]></c:encoded><source url="x">Other</source></item>
        <item><guid>https://example.org/b</guid><title>B <i>bold</i></title></item></channel></rss>"#;
    assert_snapshot!(atom(rss), @r#"
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en-gb"><title type="html">News</title>
<entry><title type="html">R&amp;D &amp; more</title><link rel="alternate" href="https://example.org/a?x=1&amp;y=2"/><id>7</id><published>2025-03-09T10:20:00Z</published><updated>2025-03-10T00:00:00Z</updated><author><name>Ann Lee</name><email>ann@example.org</email></author><summary type="html">Short</summary><content type="html">&lt;p&gt;Long&lt;/p&gt;</content></entry>
<entry><id>https://example.org/b</id><link rel="permalink" href="https://example.org/b"/><title type="html">B &lt;i&gt;bold&lt;/i&gt;</title></entry>
</feed>
"#);
}

#[test]
fn rdf_with_prefixes_and_cdf_with_attributes() {
    let rdf = r#"<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:rss="http://purl.org/rss/1.0/">
        <rss:item r:about="https://example.org/1"><rss:title>One</rss:title></rss:item></r:RDF>"#;
    assert_snapshot!(atom(rdf), @r#"
<feed xmlns="http://www.w3.org/2005/Atom">
<entry><id>https://example.org/1</id><title type="html">One</title></entry>
</feed>
"#);
    let cdf = r#"<CHANNEL HREF="http://example.org/"><ITEM HREF="/a" LASTMOD="2025-03-09T10:20"><TITLE>A</TITLE><ABSTRACT>Text</ABSTRACT></ITEM></CHANNEL>"#;
    assert_snapshot!(atom(cdf), @r#"
<feed xmlns="http://www.w3.org/2005/Atom">
<entry><link rel="alternate" href="https://example.org/a"/><updated>2025-03-09T10:20:00Z</updated><title type="html">A</title><summary type="html">Text</summary></entry>
</feed>
"#);
}

#[test]
fn atom_of_both_versions_with_its_bases_and_sources() {
    let old = r#"<feed version="0.3" xmlns="http://purl.org/atom/ns#" xml:lang="cy"><entry>
        <title mode="escaped" type="text/html">&lt;b&gt;Hen&lt;/b&gt;</title><issued>2025-03-09T10:20Z</issued>
        <content mode="base64" type="text/html">PHA+VGVzdHVuPC9wPg==</content></entry></feed>"#;
    assert_snapshot!(atom(old), @r#"
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="cy">
<entry><title type="html">&lt;b&gt;Hen&lt;/b&gt;</title><published>2025-03-09T10:20:00Z</published><content type="html">&lt;p&gt;Testun&lt;/p&gt;</content></entry>
</feed>
"#);
    let new = r#"<a:feed xmlns:a="http://www.w3.org/2005/Atom" xml:base="http://cdn.example/x/"><a:link rel="next" href="?page=2"/>
        <a:entry xml:base="y/"><a:title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">A &lt; <b>B</b></div></a:title>
        <a:source><a:title>Not this</a:title><a:id>nor this</a:id></a:source><a:id>tag:1</a:id><a:link href="z"/>
        <a:content type="application/xml"><entry><title>inside</title></entry></a:content></a:entry></a:feed>"#;
    assert_snapshot!(atom(new), @r#"
<feed xmlns="http://www.w3.org/2005/Atom"><link rel="next" href="http://cdn.example/x/?page=2"/>
<entry><title type="html">&lt;div&gt;A &amp;lt; &lt;b&gt;B&lt;/b&gt;&lt;/div&gt;</title><id>tag:1</id><link rel="permalink" href="tag:1"/><link rel="alternate" href="http://cdn.example/x/y/z"/><content type="html">&lt;entry&gt;&lt;title&gt;inside&lt;/title&gt;&lt;/entry&gt;</content></entry>
</feed>
"#);
}

#[test]
fn what_is_broken_is_read_as_a_person_would() {
    let cut =
        "junk <rss><channel><item><title>A<item><link>https://example.org/b<title>5 < 6</title></b><description>x<br>y";
    assert_snapshot!(atom(cut), @r#"
<feed xmlns="http://www.w3.org/2005/Atom">
<entry><title type="html">A</title></entry>
<entry><link rel="alternate" href="https://example.org/b"/><title type="html">5 &lt; 6</title><summary type="html">x&lt;br&gt;y</summary></entry>
</feed>
"#);
}

#[test]
fn a_title_without_its_end_ends_where_the_next_part_begins() {
    let cut = "<rss><channel><title>News<link>https://example.org/</link><item><title>A<br><b>bold</b><link>https://example.org/a</link>\
               <guid isPermaLink='false'>1</guid><description>x</description></item><item><title>B<description>y</description></item>\
               <item><title><div><b>C</b> <link>inside</link></div></title><guid isPermaLink='false'>3</guid></item></channel></rss>";
    assert_snapshot!(atom(cut), @r#"
<feed xmlns="http://www.w3.org/2005/Atom"><title type="html">News</title>
<entry><title type="html">A&lt;br&gt;&lt;b&gt;bold&lt;/b&gt;</title><link rel="alternate" href="https://example.org/a"/><id>1</id><summary type="html">x</summary></entry>
<entry><title type="html">B</title><summary type="html">y</summary></entry>
<entry><title type="html">&lt;div&gt;&lt;b&gt;C&lt;/b&gt; &lt;link&gt;inside&lt;/link&gt;&lt;/div&gt;</title><id>3</id></entry>
</feed>
"#);
}

#[test]
fn what_atom_has_no_word_for_is_beside_it() {
    let base = Url::parse("https://example.org/").unwrap();
    let rss = r#"<rss><channel><ttl>90</ttl><item xml:lang="cy"><created>2025-03-09</created>
        <feedburner:origLink>/real</feedburner:origLink></item><item/><item/></channel></rss>"#;
    let canonical = canonical(rss, &base, 2);
    assert_eq!((canonical.ttl_minutes, canonical.discarded, canonical.extras.len()), (Some(90), 1, 2));
    let extra = Extra {
        created: Some("2025-03-09T00:00:00Z".parse().unwrap()),
        original_link: Some("https://example.org/real".to_owned()),
        language: Some("cy".to_owned()),
    };
    assert_eq!(canonical.extras[0], extra);
}
