//! A text as the encoder is given it.

use crate::model::features::unescape;

/// The text with one space between words, escapes that exports leave made whole, and every handle and every link alike:
/// who is spoken to says nothing about what is said. The same is done in `enrich/training/transformer/finetune.py`.
pub(crate) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in unescape(text).split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        if word.starts_with("http://") || word.starts_with("https://") || word.starts_with("www.") {
            out.push_str("http");
        } else if (word.len() > 1 && word.starts_with('@')) || word == "[handle]" {
            out.push_str("@user");
        } else {
            out.push_str(word);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_and_links_are_alike() {
        assert_eq!(plain("  thanks @jo &amp;\n[handle] see www.a.example "), "thanks @user & @user see http");
        assert_eq!(plain(""), "");
    }
}
