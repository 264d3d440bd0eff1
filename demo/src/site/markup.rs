//! Text to HTML and XML.

use crate::put::put;

/// `text` with what has a meaning in HTML and XML written as entities.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 16);
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            _ => out.push(character),
        }
    }
    out
}

/// Plain text as HTML paragraphs.
pub(super) fn paragraphs(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    for paragraph in text.split("\n\n") {
        put(&mut out, format_args!("<p>{}</p>", escape(paragraph).replace('\n', "<br>")));
    }
    out
}

/// Plain text as HTML paragraphs whose hashtags are links, as Mastodon writes them. `tags` is the address of the tags.
pub(super) fn with_hashtags(text: &str, tags: &str) -> String {
    let html = paragraphs(text);
    let mut out = String::with_capacity(html.len() + 128);
    let mut rest = html.as_str();
    while let Some(at) = rest.find('#') {
        let (before, from) = rest.split_at(at);
        let name: &str = from[1..].split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("");
        // Entities such as &#39; do not occur: `escape` writes none.
        let starts = before.chars().next_back().is_none_or(|c| !c.is_alphanumeric());
        out.push_str(before);
        if starts && name.chars().any(char::is_alphabetic) {
            let lower = name.to_lowercase();
            put(
                &mut out,
                format_args!(
                    "<a href=\"{tags}/{lower}\" class=\"mention hashtag\" rel=\"tag\">#<span>{name}</span></a>"
                ),
            );
            rest = &from[1 + name.len()..];
        } else {
            out.push('#');
            rest = &from[1..];
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashtags_become_links_and_other_signs_are_escaped() {
        insta::assert_snapshot!(
            with_hashtags("A&E in #Leeds <again>\n\n#NHS C# #1", "http://x/tags"),
            @r#"<p>A&amp;E in <a href="http://x/tags/leeds" class="mention hashtag" rel="tag">#<span>Leeds</span></a> &lt;again&gt;</p><p><a href="http://x/tags/nhs" class="mention hashtag" rel="tag">#<span>NHS</span></a> C# #1</p>"#
        );
    }
}
