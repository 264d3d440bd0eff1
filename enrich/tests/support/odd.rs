//! Texts that no model was made for, each with whether it may have a language.

/// Longer than any post that is accepted.
const LARGE: usize = 1 << 20;

/// One such text.
pub struct Odd {
    /// What it is.
    pub name: &'static str,
    /// The text.
    pub text: String,
    /// Whether there is nothing in it that a language could be told from.
    pub speechless: bool,
}

/// All of them.
pub fn texts() -> Vec<Odd> {
    let large = |unit: &str| unit.repeat(LARGE / unit.len() + 1);
    let not_utf8 = [b"the nurse \xff\xfe was \xc3( kind \xf0\x9f".as_slice(), &[0, 1, 2, 27, 127]].concat();
    let mute = |name, text: &str| Odd { name, text: text.to_owned(), speechless: true };
    let said = |name, text: &str| Odd { name, text: text.to_owned(), speechless: false };
    vec![
        mute("empty", ""),
        mute("white space", " \t\r\n\u{a0}\u{2003}"),
        mute("emoji only", "😡😡😡 👩‍⚕️🏥 🏴󠁧󠁢󠁥󠁮󠁧󠁿"),
        mute("one emoji", "❤️"),
        mute("zero-width only", "\u{200b}\u{200c}\u{200d}\u{feff}\u{2060}"),
        mute("punctuation only", "?!... --- ***"),
        mute("digits only", "1234567890 07:30 100%"),
        mute("links and handles only", "@someone #nhs https://example.org/a?b=c"),
        mute("marks without letters", "\u{301}\u{301}\u{301}"),
        said("not UTF-8", &String::from_utf8_lossy(&not_utf8)),
        said("right to left", "انتظرت ثلاث ساعات في قسم الطوارئ ולא בא אף אחד"),
        said("turned round by marks", "\u{202e}the nurse was kind\u{202c} \u{2066}and helpful\u{2069}"),
        said("mixed", "The doctor was kind, roedd y meddyg yn garedig, врач был добр, 医生很好"),
        said(
            "zero-width between letters",
            "t\u{200b}h\u{200b}e n\u{200d}u\u{200d}r\u{200d}s\u{200d}e w\u{feff}as rude",
        ),
        said("letters under many marks", &format!("n{} rude", "\u{316}\u{301}".repeat(500))),
        said("one word, large", &large("a")),
        said("words, large", &large("the nurse was kind and the food was cold ")),
        said("sentences, large", &large("No. ")),
        said("Arabic, large", &large("انتظرت ")),
        mute("emoji, large", &large("😡")),
        mute("digits, large", &large("7")),
        mute("spaced digits, large", &large("4 ")),
        mute("zero-width, large", &large("\u{200b}")),
        said("at signs, large", &large("a@")),
        said("opening brackets, large", &large("[(")),
        said("links, large", &large("https://example.org/?token=abc ")),
        mute("line breaks, large", &large("\r\n")),
    ]
}
