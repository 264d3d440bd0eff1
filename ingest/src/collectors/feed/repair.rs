//! Mends the faults that feeds often have and that the feed parser does not forgive. Used only after it refused the
//! document as it was.

use html5ever::data::NAMED_ENTITIES;

/// `xml` with: Atom 0.3 turned into Atom 1.0, a version on `<rss>`, HTML's entities replaced, stray ampersands escaped,
/// and characters that XML forbids dropped.
pub(super) fn repair(xml: &str) -> String {
    let xml = version_rss(&escape_ampersands(xml));
    let xml = if xml.contains(ATOM_03) { upgrade_atom_03(&xml) } else { xml };
    drop_empty_texts(xml)
}

const ATOM_03: &str = "http://purl.org/atom/ns#";

fn upgrade_atom_03(xml: &str) -> String {
    [
        (ATOM_03, "http://www.w3.org/2005/Atom"),
        ("<issued", "<published"),
        ("</issued", "</published"),
        ("<modified", "<updated"),
        ("</modified", "</updated"),
        // In Atom 0.3 `type` was a media type; `text` is what 1.0 calls plain text.
        ("type=\"text/plain\"", "type=\"text\""),
        ("type='text/plain'", "type='text'"),
        ("type=\"application/xhtml+xml\"", "type=\"xhtml\""),
    ]
    .iter()
    .fold(xml.to_owned(), |xml, (old, new)| xml.replace(old, new))
}

/// Gives `<rss>` the version that is read, whatever it says or does not say.
fn version_rss(xml: &str) -> String {
    let Some(start) = xml.find("<rss") else { return xml.to_owned() };
    let Some(length) = xml[start..].find('>') else { return xml.to_owned() };
    let tag = &xml[start..start + length];
    let known = ["2.0", "0.91", "0.92"];
    if known.iter().any(|v| tag.contains(&format!("version=\"{v}\"")) || tag.contains(&format!("version='{v}'"))) {
        return xml.to_owned();
    }
    let attributes = &tag["<rss".len()..];
    let attributes = match attributes.find("version") {
        Some(at) => {
            let value_end = attributes[at..].match_indices(['"', '\'']).nth(1).map_or(0, |(end, _)| end + 1);
            format!("{}{}", &attributes[..at], &attributes[at + value_end.max("version".len())..])
        }
        None => attributes.to_owned(),
    };
    format!("{}<rss version=\"2.0\"{attributes}{}", &xml[..start], &xml[start + length..])
}

/// Replaces what is not an entity of XML, outside CDATA sections and comments, and drops forbidden characters.
fn escape_ampersands(xml: &str) -> String {
    let mut out = String::with_capacity(xml.len() + 64);
    let mut rest = xml;
    while let Some(at) = rest.find(['&', '<']) {
        push_allowed(&mut out, &rest[..at]);
        rest = &rest[at..];
        let taken = if rest.starts_with("<![CDATA[") {
            literal(&mut out, rest, "]]>")
        } else if rest.starts_with("<!--") {
            literal(&mut out, rest, "-->")
        } else if rest.starts_with('<') {
            out.push('<');
            1
        } else {
            entity(&mut out, rest)
        };
        rest = &rest[taken..];
    }
    push_allowed(&mut out, rest);
    out
}

/// Copies `rest` up to and with `end`; says how many bytes that were.
fn literal(out: &mut String, rest: &str, end: &str) -> usize {
    let length = rest.find(end).map_or(rest.len(), |at| at + end.len());
    push_allowed(out, &rest[..length]);
    length
}

/// Writes what the `&` at the beginning of `rest` stands for; says how many bytes of `rest` that was.
fn entity(out: &mut String, rest: &str) -> usize {
    let name_end = rest[1..].find(|c: char| !c.is_ascii_alphanumeric() && c != '#').map_or(rest.len(), |at| at + 1);
    let name = &rest[1..name_end];
    let closed = rest[name_end..].starts_with(';');
    if closed && (matches!(name, "amp" | "lt" | "gt" | "quot" | "apos") || name.starts_with('#')) {
        out.push_str(&rest[..=name_end]);
        return name_end + 1;
    }
    let points = if closed { NAMED_ENTITIES.get(&format!("{name};")) } else { None };
    let characters: String =
        points.into_iter().flat_map(|&(a, b)| [a, b]).filter(|&p| p != 0).filter_map(char::from_u32).collect();
    if characters.is_empty() {
        out.push_str("&amp;");
        return 1;
    }
    out.push_str(&characters);
    name_end + 1
}

fn push_allowed(out: &mut String, text: &str) {
    out.extend(text.chars().filter(|&c| !c.is_control() || matches!(c, '\t' | '\n' | '\r')));
}

/// Removes empty text elements, for which the parser refuses a whole Atom feed.
fn drop_empty_texts(mut xml: String) -> String {
    for name in ["content", "summary", "title", "subtitle", "rights"] {
        let (open, close) = (format!("<{name}"), format!("</{name}>"));
        let mut from = 0;
        while let Some(start) = xml[from..].find(&open).map(|at| from + at) {
            let Some(end) = xml[start..].find('>').map(|at| start + at + 1) else { break };
            let after_name = xml.as_bytes().get(start + open.len()).copied();
            let same_name = matches!(after_name, Some(b'>' | b'/' | b' ' | b'\t' | b'\n' | b'\r'));
            let has_source = xml[start..end].contains("src=");
            let gone = if xml[..end].ends_with("/>") {
                Some(end)
            } else if xml[end..].trim_start().starts_with(&close) {
                Some(xml.len() - xml[end..].trim_start().len() + close.len())
            } else {
                None
            };
            match gone {
                Some(gone) if same_name && !has_source => xml.replace_range(start..gone, ""),
                _ => from = end,
            }
        }
    }
    xml
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn entities_of_html_become_characters_and_stray_ampersands_are_escaped() {
        let xml = "<a>x&nbsp;&hellip; R&D &amp; &#163; &unknown; <![CDATA[a&nbsp;b & c]]><!-- & --></a>\u{b}";
        let mended = "<a>x\u{a0}… R&amp;D &amp; &#163; &amp;unknown; <![CDATA[a&nbsp;b & c]]><!-- & --></a>";
        assert_eq!(escape_ampersands(xml), mended);
    }

    #[test]
    fn rss_gets_a_version_that_is_read() {
        assert_eq!(version_rss("<?xml?><rss><a/>"), "<?xml?><rss version=\"2.0\"><a/>");
        assert_eq!(version_rss("<rss version='0.93' x='y'>"), "<rss version=\"2.0\"  x='y'>");
        assert_eq!(version_rss("<rss version=\"0.92\">"), "<rss version=\"0.92\">");
        assert_eq!(version_rss("<rss version>"), "<rss version=\"2.0\" >");
    }

    #[test]
    fn empty_texts_go_and_others_stay() {
        let xml = "<title/><titles/><content type='html'> </content><content src='x'/><summary>s</summary>".to_owned();
        assert_eq!(drop_empty_texts(xml), "<titles/><content src='x'/><summary>s</summary>");
    }

    proptest! {
        #[test]
        fn no_input_breaks_it(xml in "(<rss|<!\\[CDATA\\[|\\]\\]>|<title/>|</title>|version=|[&<>\"';a-z é]){0,40}") {
            repair(&xml);
        }
    }
}
