//! Scripts: many languages of England can be told by their letters alone.

use whatlang::{Detector, Lang};

/// Letters counted by the script that they belong to.
#[derive(Debug, Default)]
pub(super) struct Scripts {
    latin: usize,
    /// Letters of each of [`BLOCKS`].
    others: [usize; BLOCKS.len()],
}

/// A script: its blocks in Unicode, and how its language is found.
struct Block {
    ranges: &'static [(char, char)],
    language: Language,
}

enum Language {
    /// One language common in England is written in it.
    One(&'static str),
    /// Several are; letters that only some of them have tell them apart.
    Letters(fn(&str) -> Option<&'static str>),
}

const BLOCKS: [Block; 17] = [
    Block { ranges: &[('\u{400}', '\u{52f}')], language: Language::Letters(cyrillic) },
    Block {
        ranges: &[('\u{600}', '\u{6ff}'), ('\u{750}', '\u{77f}'), ('\u{fb50}', '\u{fdff}'), ('\u{fe70}', '\u{fefc}')],
        language: Language::Letters(arabic),
    },
    Block { ranges: &[('\u{900}', '\u{97f}')], language: Language::Letters(|text| Some(devanagari(text))) },
    Block { ranges: &[('\u{980}', '\u{9ff}')], language: Language::One("bn") },
    Block { ranges: &[('\u{a00}', '\u{a7f}')], language: Language::One("pa") },
    Block { ranges: &[('\u{a80}', '\u{aff}')], language: Language::One("gu") },
    Block { ranges: &[('\u{b80}', '\u{bff}')], language: Language::One("ta") },
    Block { ranges: &[('\u{c00}', '\u{c7f}')], language: Language::One("te") },
    Block { ranges: &[('\u{d00}', '\u{d7f}')], language: Language::One("ml") },
    Block { ranges: &[('\u{d80}', '\u{dff}')], language: Language::One("si") },
    Block { ranges: &[('\u{e00}', '\u{e7f}')], language: Language::One("th") },
    Block { ranges: &[('\u{370}', '\u{3ff}'), ('\u{1f00}', '\u{1fff}')], language: Language::One("el") },
    Block { ranges: &[('\u{590}', '\u{5ff}')], language: Language::One("he") },
    Block { ranges: &[('\u{1200}', '\u{137f}')], language: Language::Letters(|_| None) },
    Block { ranges: &[('\u{ac00}', '\u{d7af}'), ('\u{1100}', '\u{11ff}')], language: Language::One("ko") },
    Block { ranges: &[('\u{3040}', '\u{30ff}')], language: Language::One("ja") },
    Block { ranges: &[('\u{4e00}', '\u{9fff}'), ('\u{3400}', '\u{4dbf}')], language: Language::One("zh") },
];

impl Scripts {
    /// Counts the letters of a word, and says whether it begins with a Latin one.
    pub(super) fn count(&mut self, word: &str) -> bool {
        if word.is_ascii() {
            self.latin += word.len();
            return true;
        }
        let before = self.latin;
        for c in word.chars() {
            match BLOCKS.iter().position(|block| block.ranges.iter().any(|(from, to)| (*from..=*to).contains(&c))) {
                Some(block) => self.others[block] += 1,
                // Accents that stand alone, and letters of scripts that are not listed, count for no script.
                None => self.latin += usize::from(is_latin(c)),
            }
        }
        self.latin > before
    }

    /// Whether Latin letters are at least half of all, or there are no letters.
    pub(super) fn is_mostly_latin(&self) -> bool {
        self.latin >= self.others.iter().sum()
    }

    /// The language of the script that most letters belong to.
    pub(super) fn language(&self, text: &str) -> Option<&'static str> {
        // Kana are what tells Japanese from Chinese, however few they are.
        let kana = usize::from(self.others[15] > 0) * self.others[16];
        let weight = |index: usize| if index == 15 { self.others[15] + kana } else { self.others[index] };
        let block = (0..BLOCKS.len()).max_by_key(|index| weight(*index))?;
        match BLOCKS[block].language {
            Language::One(code) => Some(code),
            Language::Letters(tell) => tell(text),
        }
    }
}

fn is_latin(c: char) -> bool {
    matches!(c, 'a'..='z' | 'A'..='Z' | '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}')
}

fn cyrillic(text: &str) -> Option<&'static str> {
    if text.contains(['і', 'ї', 'є', 'ґ', 'І', 'Ї', 'Є']) {
        return Some("uk");
    }
    if text.contains(['ы', 'э', 'ё', 'Ы', 'Э', 'Ё']) {
        return Some("ru");
    }
    // Bulgarian has the hard sign for a vowel; Russian only before these.
    let mut next = text.chars().skip(1);
    if text.chars().any(|c| next.next().is_some_and(|after| c == 'ъ' && !"еюяё".contains(after))) {
        return Some("bg");
    }
    let info = Detector::with_allowlist(vec![Lang::Rus, Lang::Ukr, Lang::Bul]).detect(text)?;
    match (info.lang(), info.is_reliable()) {
        (Lang::Rus, true) => Some("ru"),
        (Lang::Bul, true) => Some("bg"),
        _ => None,
    }
}

/// Letters that Arabic lacks: first those that only Urdu has, then Pashto's, Kurdish's, and those of Persian, which Urdu has as
/// well, so that they are believed only in a text long enough to hold one of Urdu's.
fn arabic(text: &str) -> Option<&'static str> {
    const LONG: usize = 60;
    if text.contains(['ٹ', 'ڈ', 'ڑ', 'ں', 'ے', 'ہ', 'ھ']) {
        Some("ur")
    } else if text.contains(['ټ', 'ډ', 'ړ', 'ښ', 'ځ', 'څ', 'ۍ']) {
        Some("ps")
    } else if text.contains(['ڕ', 'ێ', 'ۆ', 'ڵ', 'ە']) {
        Some("ku")
    } else if text.contains(['پ', 'چ', 'ژ', 'گ', 'ک', 'ی']) {
        (text.len() >= LONG).then_some("fa")
    } else if text.contains(['ة', 'ى', 'ي', 'ك', 'أ', 'إ', 'ؤ', 'ئ']) || text.len() >= LONG {
        Some("ar")
    } else {
        None
    }
}

fn devanagari(text: &str) -> &'static str {
    let has = |words: &[&str]| text.split_whitespace().any(|word| words.contains(&word));
    if has(&["छ", "छन्", "र", "पनि", "भएको", "गरेको", "हुन्छ"]) && !has(&["है", "हैं", "और"])
    {
        return "ne";
    }
    if has(&["आहे", "आणि", "आहेत", "नाही"]) && !has(&["है", "हैं", "और"]) {
        return "mr";
    }
    "hi"
}
