//! Bytes to text, when the declared encoding may be missing or wrong.

mod ebcdic;
mod wide;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Decodes `bytes`. A byte order mark decides; else whatever is valid UTF-8 is UTF-8, because text in another encoding
/// hardly ever looks like it; else the first of `claims` that names an encoding in which the bytes mean something; else
/// windows-1252, in which every sequence of bytes means something.
pub(crate) fn decode<'a>(bytes: &[u8], claims: impl IntoIterator<Item = &'a str>) -> String {
    if let Some(text) = wide::decode(bytes) {
        return text;
    }
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(&bytes[mark..]).0.into_owned();
    }
    if let Some(encoding) = utf16_without_mark(bytes) {
        return encoding.decode_without_bom_handling(bytes).0.into_owned();
    }
    if bytes.starts_with(ebcdic::XML_DECLARATION) {
        return ebcdic::decode(bytes);
    }
    let claimed = claims.into_iter().filter_map(encoding_named);
    // These bytes do not look like UTF-16, so that a claim of it is a mistake.
    let claimed: Vec<_> = claimed.filter(|&encoding| encoding != UTF_16LE && encoding != UTF_16BE).collect();
    match std::str::from_utf8(bytes) {
        // ISO-2022-JP is valid UTF-8 to the eye of a machine, but not to that of a reader.
        Ok(text) if claimed.first().is_none_or(|encoding| encoding.is_ascii_compatible()) => return text.to_owned(),
        _ => {}
    }
    // A claim of UTF-8 has just been refuted; a few damaged bytes are better read as windows-1252 than lost.
    let claimed = claimed.iter().filter(|&&encoding| encoding != UTF_8);
    let fitting =
        claimed.clone().find_map(|encoding| encoding.decode_without_bom_handling_and_without_replacement(bytes));
    if let Some(text) = fitting {
        return text.into_owned();
    }
    let encoding = claimed.clone().next().copied().unwrap_or(WINDOWS_1252);
    encoding.decode_without_bom_handling(bytes).0.into_owned()
}

/// The encoding that `label` names, by a name of the web or one that other programs use.
fn encoding_named(label: &str) -> Option<&'static Encoding> {
    let label = label.trim().to_ascii_lowercase();
    let label = match label.as_str() {
        "macroman" | "mac-roman" | "mac_roman" => "macintosh",
        "big5hkscs" | "big5_hkscs" => "big5-hkscs",
        known => known,
    };
    Encoding::for_label(label.as_bytes())
}

/// The encoding in the value of a `Content-Type` header.
pub(crate) fn in_content_type(value: &str) -> Option<&str> {
    value.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then_some(value.trim().trim_matches(['"', '\'']))
    })
}

/// The encoding in the XML declaration at the beginning of `bytes`.
pub(crate) fn declared_in_xml(bytes: &[u8]) -> Option<String> {
    let head: String = bytes.iter().take(1_024).map(|&byte| char::from(byte)).collect();
    let declaration = &head[head.find("<?xml")?..];
    let declaration = &declaration[..declaration.find('>')?];
    let value = &declaration[declaration.find("encoding")? + "encoding".len()..];
    value.split(['"', '\'']).nth(1).map(str::to_owned)
}

/// UTF-16 that begins with two ASCII characters, as XML and most texts do.
fn utf16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    match bytes {
        [first, 0, second, 0, ..] if *first != 0 && *second != 0 => Some(UTF_16LE),
        [0, first, 0, second, ..] if *first != 0 && *second != 0 => Some(UTF_16BE),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_utf8_claims_and_the_last_resort_in_this_order() {
        assert_eq!(decode(b"\xef\xbb\xbfcaf\xc3\xa9", ["iso-8859-1"]), "café");
        assert_eq!(decode(b"\xff\xfec\0a\0f\0\xe9\0", []), "café");
        assert_eq!(decode(b"c\0a\0f\0\xe9\0", []), "café");
        assert_eq!(decode(b"caf\xc3\xa9", ["iso-8859-1"]), "café", "a wrong claim");
        assert_eq!(decode(b"caf\xe9 \x93x\x94", ["utf-8"]), "café \u{201c}x\u{201d}", "another wrong claim");
        assert_eq!(decode(b"\xe1\xee", ["iso-8859-2"]), "áî");
        assert_eq!(decode(b"\x1b$B$3\x1b(B", ["iso-2022-jp"]), "こ");
        assert_eq!(decode(b"<a>caf\xe9</a>", ["utf-16"]), "<a>café</a>", "a wrong claim of two bytes a character");
        assert_eq!(decode(b"caf\xe9\xff", ["shift_jis", "iso-8859-1"]), "caféÿ", "the first claim that fits");
        assert_eq!(decode(b"caf\x8e", ["MacRoman"]), "café");
        assert_eq!(decode(b"", []), "");
    }
}
