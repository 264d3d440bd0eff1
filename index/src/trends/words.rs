//! Text to words: where each stands, its folded hash, and whether it carries meaning of its own.

use super::stop_words::is_stop_word;

/// One word of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// Where it begins in the text, in bytes.
    pub(super) start: usize,
    /// Where it ends.
    pub(super) end: usize,
    /// Hash of its folded form (lower case, no possessive or plural s).
    pub(super) hash: u32,
    /// What kind of word it is.
    pub(super) kind: Kind,
    /// Whether a sentence or clause ends between the word before and this one.
    pub(super) after_break: bool,
    /// Whether it stands in a hashtag.
    pub(super) in_hashtag: bool,
}

/// What a word can tell by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A word with a meaning of its own.
    Content,
    /// A number: means something only beside another word.
    Number,
    /// A stop word.
    Stop,
}

/// Cuts texts into words; keeps its buffer between texts.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    folded: String,
}

impl Splitter {
    /// The words of `text` in order, into `words`. Addresses and handles are left out, hashtags are split
    /// (`#HipWait` is "Hip Wait"), and what redaction put in square brackets is no word.
    pub(super) fn split(&mut self, text: &str, words: &mut Vec<Word>) {
        words.clear();
        let bytes = text.as_bytes();
        let mut at = 0;
        let mut broken = true;
        while at < bytes.len() {
            let skipped = skip(&text[at..]);
            if skipped > 0 {
                at += skipped;
                continue;
            }
            let end = at + word_length(&text[at..]);
            if end == at {
                let symbol = text[at..].chars().next().expect("the loop stops at the end of the text");
                broken |=
                    matches!(symbol, '.' | '!' | '?' | ';' | ':' | ',' | '\n' | '|' | '(' | ')' | '"' | '“' | '”');
                at += symbol.len_utf8();
                continue;
            }
            let in_hashtag = at > 0 && bytes[at - 1] == b'#';
            let mut from = at;
            while from < end {
                let to = if in_hashtag { from + camel_part(&text[from..end]) } else { end };
                // A hashtag at the end of a sentence is no part of it.
                words.push(Word {
                    after_break: broken || (in_hashtag && from == at),
                    in_hashtag,
                    ..self.word(text, from, to)
                });
                broken = false;
                from = to;
            }
            broken = in_hashtag;
            at = end;
        }
    }

    fn word(&mut self, text: &str, start: usize, end: usize) -> Word {
        self.folded.clear();
        fold(&text[start..end], &mut self.folded);
        let kind = if self.folded.bytes().all(|byte| byte.is_ascii_digit()) {
            Kind::Number
        } else if self.folded.len() < 2 || is_stop_word(&self.folded) {
            Kind::Stop
        } else {
            Kind::Content
        };
        let hash = hash(strip_plural(&self.folded).as_bytes());
        Word { start, end, hash, kind, after_break: false, in_hashtag: false }
    }
}

/// A 32-bit hash that stays the same over versions and machines (FNV-1a with `MurmurHash3`'s finish).
pub(super) fn hash(bytes: &[u8]) -> u32 {
    let mut state = 0xcbf2_9ce4_8422_2325_u64;
    for &byte in bytes {
        state = (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    high_half(mix(state))
}

/// `MurmurHash3`'s 64-bit finish: every bit of the result depends on every bit of `state`.
pub(super) fn mix(mut state: u64) -> u64 {
    state = (state ^ (state >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    state = (state ^ (state >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    state ^ (state >> 33)
}

/// The upper 32 bits.
pub(super) fn high_half(state: u64) -> u32 {
    u32::try_from(state >> 32).expect("a 64-bit number shifted by 32 has 32 bits")
}

/// Bytes at the start of `rest` that are an address, a handle or a redaction mark.
fn skip(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    match bytes[0] {
        b'@' => 1 + word_length(&rest[1..]),
        b'[' => rest.bytes().take(40).position(|byte| byte == b']').map_or(0, |at| at + 1),
        b'h' | b'w' if ["http://", "https://", "www."].iter().any(|start| rest.starts_with(start)) => {
            rest.find(char::is_whitespace).unwrap_or(rest.len())
        }
        _ => 0,
    }
}

/// Bytes of the word at the start of `rest`: letters and digits, with single apostrophes inside.
fn word_length(rest: &str) -> usize {
    let mut end = 0;
    let mut pending = 0;
    for symbol in rest.chars() {
        if symbol.is_alphanumeric() {
            end += pending + symbol.len_utf8();
            pending = 0;
        } else if is_apostrophe(symbol) && end > 0 && pending == 0 {
            pending = symbol.len_utf8();
        } else {
            break;
        }
    }
    end
}

/// Bytes of the first part of a hashtag's text: up to a capital after a small letter.
fn camel_part(tag: &str) -> usize {
    let mut before_is_small = false;
    for (at, symbol) in tag.char_indices() {
        if symbol.is_uppercase() && before_is_small {
            return at;
        }
        before_is_small = symbol.is_lowercase();
    }
    tag.len()
}

fn is_apostrophe(symbol: char) -> bool {
    matches!(symbol, '\'' | '’')
}

fn fold(word: &str, into: &mut String) {
    if word.is_ascii() {
        into.extend(word.chars().filter(|&symbol| symbol != '\'').map(|symbol| symbol.to_ascii_lowercase()));
    } else {
        into.extend(word.chars().filter(|&symbol| !is_apostrophe(symbol)).flat_map(char::to_lowercase));
    }
}

/// "dentists" and "dentist's" as "dentist", but not "bus" or "illness".
fn strip_plural(word: &str) -> &str {
    match word.strip_suffix('s') {
        Some(stem) if stem.len() > 3 && !stem.ends_with(['s', 'u', 'i']) => stem,
        _ => word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        let mut words = Vec::new();
        Splitter::default().split(text, &mut words);
        words.iter().filter(|word| word.kind == Kind::Content).map(|word| &text[word.start..word.end]).collect()
    }

    fn first_hash(text: &str) -> u32 {
        let mut words = Vec::new();
        Splitter::default().split(text, &mut words);
        words[0].hash
    }

    #[test]
    fn addresses_handles_and_redaction_marks_are_no_words() {
        assert_eq!(
            words("Insulin shortage @someone https://example.org/a?b=c rang [phone number] www.x.org Leeds"),
            ["Insulin", "shortage", "rang", "Leeds"]
        );
    }

    #[test]
    fn hashtags_are_split_where_the_case_changes() {
        assert_eq!(words("#HipWaitLeeds #dentist"), ["Hip", "Wait", "Leeds", "dentist"]);
    }

    #[test]
    fn plural_possessive_and_case_fold_together() {
        assert_eq!(first_hash("Dentists"), first_hash("dentist's"));
        assert_eq!(first_hash("DENTIST’S"), first_hash("dentist"));
        assert_ne!(first_hash("bus"), first_hash("bu"));
    }

    #[test]
    fn a_comma_breaks_and_a_hyphen_does_not() {
        let mut words = Vec::new();
        Splitter::default().split("walk-in centre, shut", &mut words);
        let breaks: Vec<bool> = words.iter().map(|word| word.after_break).collect();
        assert_eq!(breaks, [true, false, false, true]);
    }

    proptest::proptest! {
        #[test]
        fn any_text_gives_words_inside_it(text in "\\PC{0,80}") {
            let mut words = Vec::new();
            Splitter::default().split(&text, &mut words);
            for word in words {
                proptest::prop_assert!(text.get(word.start..word.end).is_some_and(|part| !part.is_empty()));
            }
        }
    }
}
