//! Scripts: many languages of England can be told by their letters alone.

use whatlang::Script;

/// What a script says of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ByScript {
    /// One language common in England is written in it.
    Only(&'static str),
    /// Several are.
    Shared,
    /// Languages are written in it that are not told apart here.
    Unknown,
}

/// What `script`, in which most letters of `text` are, says of its language.
pub(super) fn of(script: Script, text: &str) -> ByScript {
    let lacks = |letters: &[char]| !text.contains(letters);
    let only = |is: bool, code| if is { ByScript::Only(code) } else { ByScript::Unknown };
    match script {
        Script::Latin | Script::Cyrillic | Script::Arabic | Script::Devanagari => ByScript::Shared,
        // Letters of Assamese, and of Yiddish.
        Script::Bengali => only(lacks(&['ৰ', 'ৱ']), "bn"),
        Script::Hebrew => only(lacks(&['װ', 'ױ', 'ײ']), "he"),
        Script::Gurmukhi => ByScript::Only("pa"),
        Script::Gujarati => ByScript::Only("gu"),
        Script::Tamil => ByScript::Only("ta"),
        Script::Telugu => ByScript::Only("te"),
        Script::Malayalam => ByScript::Only("ml"),
        Script::Sinhala => ByScript::Only("si"),
        Script::Thai => ByScript::Only("th"),
        Script::Greek => ByScript::Only("el"),
        Script::Hangul => ByScript::Only("ko"),
        Script::Hiragana | Script::Katakana => ByScript::Only("ja"),
        // Kana are what tells Japanese from Chinese, however few they are.
        Script::Mandarin => ByScript::Only(if text.contains(is_kana) { "ja" } else { "zh" }),
        Script::Armenian
        | Script::Ethiopic
        | Script::Georgian
        | Script::Kannada
        | Script::Khmer
        | Script::Myanmar
        | Script::Oriya => ByScript::Unknown,
    }
}

fn is_kana(c: char) -> bool {
    matches!(c, '\u{3041}'..='\u{30ff}')
}
