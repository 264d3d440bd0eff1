//! Bytes to text, when the declared encoding may be missing or wrong.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Decodes `bytes`. A byte order mark decides; else whatever is valid UTF-8 is UTF-8, because text in another encoding
/// hardly ever looks like it; else the first of `claims` that names an encoding; else windows-1252, in which every
/// sequence of bytes means something.
pub(crate) fn decode<'a>(bytes: &[u8], claims: impl IntoIterator<Item = &'a str>) -> String {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(&bytes[mark..]).0.into_owned();
    }
    if let Some(encoding) = utf16_without_mark(bytes) {
        return encoding.decode_without_bom_handling(bytes).0.into_owned();
    }
    let claimed = claims.into_iter().find_map(|label| Encoding::for_label(label.trim().as_bytes()));
    match std::str::from_utf8(bytes) {
        // ISO-2022-JP is valid UTF-8 to the eye of a machine, but not to that of a reader.
        Ok(text) if claimed.is_none_or(Encoding::is_ascii_compatible) => text.to_owned(),
        _ => {
            // A claim of UTF-8 has just been refuted; a few damaged bytes are better read as windows-1252 than lost.
            let encoding = claimed.filter(|&encoding| encoding != UTF_8).unwrap_or(WINDOWS_1252);
            encoding.decode_without_bom_handling(bytes).0.into_owned()
        }
    }
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
        assert_eq!(decode(b"", []), "");
    }
}
