//! What the learned heads look at: hashed n-grams of words and of letters, and a few numbers beside them.
//!
//! Only hashes of n-grams exist anywhere, in memory or in the files of the models: no vocabulary can be read from them.

use std::borrow::Cow;

/// What one text gives the heads.
#[derive(Clone, Debug, Default)]
pub(crate) struct Features {
    /// Hashes of words and pairs of words.
    pub(crate) words: Vec<u32>,
    /// Hashes of runs of three to five bytes inside words.
    pub(crate) letters: Vec<u32>,
    /// What is not an n-gram: which number, and its value, of the order of one. Numbers that are not named are nought.
    pub(crate) numbers: Vec<(usize, f32)>,
}

/// Words that turn round what comes after them; up to this many words are marked as turned.
const NEGATIONS: [&str; 22] = [
    "not", "no", "never", "nothing", "cannot", "without", "hardly", "nobody", "none", "cant", "dont", "didnt",
    "doesnt", "wasnt", "isnt", "wont", "couldnt", "wouldnt", "shouldnt", "havent", "hasnt", "werent",
];
const TURNED: u8 = 3;

impl Features {
    /// The n-grams of a text; `numbers` is left empty.
    pub(crate) fn of(text: &str) -> Self {
        let plain = normalise(text);
        let mut features = Self {
            words: Vec::with_capacity(plain.len()),
            letters: Vec::with_capacity(plain.len() * 3),
            numbers: Vec::new(),
        };
        features.add_words(&plain);
        features.add_letters(plain.as_bytes());
        features
    }

    fn add_words(&mut self, plain: &str) {
        let (mut before, mut before_that, mut turned) = (START, START, 0_u8);
        for word in plain.split(' ').filter(|word| !word.is_empty()) {
            let hash = hash(word.as_bytes());
            self.words.push(mix(hash));
            self.words.push(mix(hash ^ before.rotate_left(17)));
            self.words.push(mix(hash ^ before_that.rotate_left(41)));
            if turned > 0 {
                self.words.push(mix(hash ^ TURNED_SALT));
                turned -= 1;
            }
            if word.len() == 1 && !word.as_bytes()[0].is_ascii_alphanumeric() {
                turned = 0;
            } else if NEGATIONS.contains(&word) {
                turned = TURNED;
            }
            (before_that, before) = (before, hash);
        }
        self.words.push(mix(END ^ before.rotate_left(17)));
    }

    fn add_letters(&mut self, plain: &[u8]) {
        // Every word stands between spaces, so that the ends of words show in the runs, and no run joins two words.
        let mut start = 0;
        while let Some(length) = plain[(start + 1).min(plain.len())..].iter().position(|byte| *byte == b' ') {
            let end = start + 1 + length;
            for from in start..end - 1 {
                let mut run = 0_u64;
                for (length, byte) in (1_u64..=5).zip(&plain[from..=end]) {
                    run = run << 8 | u64::from(*byte);
                    if length >= 3 {
                        self.letters.push(mix(run | length << 56));
                    }
                }
            }
            start = end;
        }
    }
}

const START: u64 = 0x51_7c_c1_b7_27_22_0a_95;
const END: u64 = 0x2f_3c_9a_11_70_8d_e6_43;
const TURNED_SALT: u64 = 0x9e_37_79_b9_7f_4a_7c_15;

/// FNV-1a, 64 bits.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcb_f2_9c_e4_84_22_23_25, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x1_00_00_00_01_b3))
}

/// The upper half of a product with a large odd number: its high bits depend on all bits of `key`.
fn mix(key: u64) -> u32 {
    let product = (key ^ key >> 29).wrapping_mul(0xbf_58_47_6d_1c_e4_e5_b9);
    u32::try_from((product ^ product >> 27).wrapping_mul(0x94_d0_49_bb_13_31_11_eb) >> 32)
        .expect("a shift by 32 leaves 32 bits")
}

/// The text as the heads read it: lower case, one space between words, marks as words of their own, apostrophes left
/// out, every handle and every link alike, a letter at most three times in a row.
pub(crate) fn normalise(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 4 + 2);
    out.push(' ');
    for part in text.split_whitespace() {
        if part.starts_with("http://") || part.starts_with("https://") || part.starts_with("www.") {
            out.push_str("<link> ");
        } else if part.len() > 1 && part.starts_with('@') {
            out.push_str("<handle> ");
        } else {
            push_part(&mut out, part);
        }
    }
    out
}

fn push_part(out: &mut String, part: &str) {
    let (mut last, mut times) = ('\0', 0);
    for c in part.chars().flat_map(char::to_lowercase) {
        if matches!(c, '\'' | '\u{2019}' | '\u{200b}'..='\u{200f}' | '\u{fe0f}' | '\u{feff}') {
            continue;
        }
        times = if c == last { times + 1 } else { 1 };
        last = c;
        if times > 3 {
            continue;
        }
        let joins = c.is_alphanumeric() || matches!(c, '#' | '-' | '_');
        if joins {
            out.push(c);
        } else {
            // A smiley stays one word: marks in a row belong together.
            let ends_word = out.chars().next_back().is_some_and(char::is_alphanumeric);
            if ends_word {
                out.push(' ');
            }
            out.push(c);
            if !matches!(c, ':' | ';' | '=' | '(' | ')' | '<' | '>' | '/') {
                out.push(' ');
            }
        }
    }
    if !out.ends_with(' ') {
        out.push(' ');
    }
}

/// The text with what some exports leave of its letters made whole: `\u2019`, `&amp;`, `&lt;`, `&gt;`, `&#39;`.
pub(crate) fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains("\\u") && !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['\\', '&']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let escaped = escape(rest);
        let (c, length) = escaped.unwrap_or((rest.chars().next().expect("found a character here"), 1));
        out.push(c);
        rest = &rest[length..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The character that the escape at the beginning of `text` means, and the length of the escape in bytes.
fn escape(text: &str) -> Option<(char, usize)> {
    for (name, c) in [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>'), ("&#39;", '\''), ("&quot;", '"')] {
        if text.starts_with(name) {
            return Some((c, name.len()));
        }
    }
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    let code = u32::from_str_radix(digits, 16).ok()?;
    Some((char::from_u32(code)?, 6))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_alike_however_they_are_typed() {
        assert_eq!(normalise("Can’t  THANK @someone enough!!!!! "), " cant thank <handle> enough ! ! ! ");
        assert_eq!(normalise("sooooo good :) see https://a.example/x?y=1"), " sooo good :) see <link> ");
        assert_eq!(normalise("\u{200b}"), " ");
    }

    #[test]
    fn escapes_that_exports_leave_are_letters_again() {
        assert_eq!(unescape("it\\u2019s A&amp;E \\u00zz & co"), "it’s A&E \\u00zz & co");
        assert_eq!(unescape("plain"), "plain");
        assert_eq!(unescape("\\u"), "\\u");
        assert_eq!(unescape("\\ué123"), "\\ué123");
    }

    #[test]
    fn word_order_and_negation_make_a_difference() {
        let (a, b) = (Features::of("not good"), Features::of("good not"));
        assert_ne!(a.words, b.words);
        assert_eq!(a.words.len(), 8, "two words with their pairs, one of them turned, and the end");
        assert_eq!(Features::of("").letters.len(), 0);
    }

    #[test]
    fn runs_of_letters_stay_inside_words() {
        let (kind, nurse) = (Features::of("kind").letters, Features::of("nurse").letters);
        assert_eq!(kind.len(), 4 + 3 + 2, "of ` kind `, all runs of three, four and five");
        assert_eq!(Features::of("kind nurse").letters, [kind, nurse].concat());
    }
}
