//! How people really write and speak: slips, short forms, hesitations. Applied to the finished sentences of a post.

use crate::rng::Rng;
use crate::voice::Style;

/// Puts a full stop where a sentence has no end, and a capital where one begins.
pub(crate) fn tidy(text: &mut String) {
    let trimmed = text.trim_end().len();
    text.truncate(trimmed);
    // A wording may end with a question, and the phrase around it with a full stop.
    for (found, better) in [("?.", "?"), ("!.", "!")] {
        if text.contains(found) {
            *text = text.replace(found, better);
        }
    }
    if !opens(text) && text.ends_with(|c: char| c.is_alphanumeric() || matches!(c, ')' | '%' | '\'')) {
        text.push('.');
    }
    let mut start = true;
    let mut dots = 0;
    let mut capitals: Vec<usize> = Vec::new();
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            b'.' => {
                dots += 1;
                start = false;
            }
            b'!' | b'?' => dots = 1,
            b' ' | b'\n' => {
                start |= dots == 1;
                dots = 0;
            }
            b'"' | b'\'' | b'(' => {}
            _ => {
                if start && byte.is_ascii_lowercase() {
                    capitals.push(index);
                }
                start = false;
                dots = 0;
            }
        }
    }
    for index in capitals {
        text[index..=index].make_ascii_uppercase();
    }
}

/// Whether `text` is an opening that what follows completes: "Well,", "Not one to moan, but".
pub(crate) fn opens(text: &str) -> bool {
    [",", " but", " so"].iter().any(|end| text.ends_with(end))
}

/// Makes a finished sentence go on after an opening: a small letter, except for what is always written with a capital.
pub(crate) fn go_on(text: &mut str, town: &str) {
    let word = text.split([' ', ',', '.', '\'']).next().unwrap_or("");
    let name = word == "I"
        || word.bytes().skip(1).any(|byte| byte.is_ascii_uppercase() || byte == b'&')
        || text.starts_with(town)
        || ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "Dax", "Mindful", "Calpol"]
            .contains(&word);
    if let Some(first) = text.get_mut(..1).filter(|_| !name) {
        first.make_ascii_lowercase();
    }
}

/// Makes `text` look as somebody with this style would have typed it.
pub(crate) fn typed(text: &mut String, style: &Style, rng: &mut Rng) {
    if style.short {
        shorten(text, rng);
    }
    if rng.chance(style.slips) {
        slip(text, rng);
    }
    if style.no_stop && text.ends_with('.') && !text.ends_with("..") {
        text.pop();
    }
    if style.lower {
        text.make_ascii_lowercase();
    }
}

/// Makes `text` sound as if it were spoken: a hesitation here and there.
pub(crate) fn spoken(text: &mut String, rng: &mut Rng) {
    if rng.chance(0.35) {
        let comma = text.match_indices(", ").nth(rng.below(3)).map(|(index, _)| index);
        if let Some(index) = comma {
            let pauses = ["er, ", "you know, ", "um, ", "I mean, ", "like I say, ", "sort of, "];
            text.insert_str(index + 2, pauses[rng.below(pauses.len())]);
        }
    }
    if rng.chance(0.2) {
        for (word, twice) in
            [(" I ", " I, I "), (" they ", " they, they "), (" it was ", " it, it was "), (" we ", " we, we ")]
        {
            if let Some(index) = text.find(word) {
                text.replace_range(index..index + word.len(), twice);
                break;
            }
        }
    }
}

fn shorten(text: &mut String, rng: &mut Rng) {
    const SHORT: &[(&str, &str)] = &[
        (" appointment", " appt"),
        (" because ", " cos "),
        (" please", " pls"),
        (" and ", " & "),
        (" with ", " w/ "),
        (" people ", " ppl "),
        (" probably ", " prob "),
        (" hours", " hrs"),
        (" minutes", " mins"),
        (" prescription", " script"),
        (" thanks ", " ta "),
        (" though", " tho"),
        (" you ", " u "),
        (" your ", " ur "),
        (" to be honest", " tbh"),
        (" hospital", " hosp"),
        (" about ", " abt "),
        (" something ", " summat "),
        (" definitely ", " defo "),
        (" don't know", " dunno"),
        (" going to ", " gonna "),
    ];
    for (long, short) in SHORT {
        if rng.chance(0.45)
            && let Some(index) = text.find(long)
        {
            text.replace_range(index..index + long.len(), short);
        }
    }
}

/// One typing slip or common misspelling.
fn slip(text: &mut String, rng: &mut Rng) {
    const SPELT: &[(&str, &str)] = &[
        ("definitely", "definately"),
        ("receptionist", "receptionst"),
        ("appointment", "appointement"),
        ("prescription", "perscription"),
        ("really", "realy"),
        ("separate", "seperate"),
        ("believe", "beleive"),
        ("their", "thier"),
        ("you're", "your"),
        ("it's", "its"),
        ("too ", "to "),
        ("don't", "dont"),
        ("can't", "cant"),
        ("embarrass", "embarass"),
        ("until", "untill"),
        ("which", "wich"),
        ("should have", "should of"),
        ("could have", "could of"),
    ];
    let first = rng.below(SPELT.len());
    let found = SPELT
        .iter()
        .cycle()
        .skip(first)
        .take(SPELT.len() / 2)
        .find_map(|(right, wrong)| Some((text.find(right)?, right, wrong)));
    if let Some((index, right, wrong)) = found {
        text.replace_range(index..index + right.len(), wrong);
        return;
    }
    let words: Vec<(usize, &str)> = text
        .split(' ')
        .scan(0, |at, word| {
            let start = *at;
            *at += word.len() + 1;
            Some((start, word))
        })
        .filter(|(_, word)| word.len() > 4 && word.bytes().all(|byte| byte.is_ascii_lowercase()))
        .collect();
    if words.is_empty() {
        return;
    }
    let (start, word) = *rng.pick(&words);
    let at = start + rng.range(1, word.len() - 2);
    match rng.below(3) {
        0 => {
            text.remove(at);
        }
        1 => {
            let letter = text.remove(at);
            text.insert(at + 1, letter);
        }
        _ => {
            let letter = text[at..].chars().next().expect("the word has letters here");
            text.insert(at, letter);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tidied(text: &str) -> String {
        let mut text = text.to_owned();
        tidy(&mut text);
        text
    }

    #[test]
    fn sentences_begin_with_a_capital_and_end() {
        assert_eq!(tidied("she waited. then \"nothing\" came"), "She waited. Then \"nothing\" came.");
        assert_eq!(tidied("well... no! really? yes"), "Well... no! Really? Yes.");
        assert_eq!(tidied("\"it hurts\""), "\"It hurts\"");
        assert_eq!(tidied("up to 3.5 hours at A&E"), "Up to 3.5 hours at A&E.");
    }

    #[test]
    fn a_slip_changes_the_text_a_little() {
        for seed in 0..200 {
            let mut text = "We waited for hours at the hospital with nobody telling us anything.".to_owned();
            let before = text.len();
            slip(&mut text, &mut Rng::keyed(&[seed]));
            assert!(text.len().abs_diff(before) <= 1, "{text}");
        }
    }
}
