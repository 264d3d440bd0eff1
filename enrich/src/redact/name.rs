//! Names of people, where the words before them introduce a name: "my name is", "I'm called", "Dr", "Mrs".

use aho_corasick::{AhoCorasick, MatchKind};

use super::Span;
use crate::text::{is_whole_word, word_after, word_before, word_end};

/// Words with which people say their own name; it may be in lower case.
const INTRODUCTIONS: [&str; 8] = [
    "my name is",
    "my name's",
    "my name\u{2019}s",
    "my names",
    "i'm called",
    "i\u{2019}m called",
    "im called",
    "i am called",
];

/// Words with which people say the name of somebody else.
const MENTIONS: [&str; 6] =
    ["nurse called", "nurse named", "doctor called", "doctor named", "midwife called", "midwife named"];

/// Titles, as they are written before a name. "MS" and "MR" are an illness and a scan; "Sir" and "Lord" are borne by
/// people who speak in public.
const TITLES: [&str; 13] = ["Dr", "dr", "DR", "Drs", "Mr", "mr", "Mrs", "mrs", "MRS", "Ms", "Mx", "Prof", "Professor"];

/// Titles that are also words of headlines: "Doctor Visits Rise", "Scans Miss Tumours".
const WEAK_TITLES: [&str; 4] = ["Doctor", "Miss", "Nurse", "Sister"];

/// Words with a capital that follow a title or introduction and are no name.
const NOT_NAMES: &str = " A About After Again All Also Although An And Another Any Are As Ask Associate At Bank Because \
    Before But By Call Can Care Clinic Consultant Could Did Do Does Due Each Education Either England Ever Every For \
    From General Get Go God Google Great Had Has Have He Health Her Him His Home Hospital How I If In Is It Its Just \
    Led Like London Made Manager May Me Midwife More Most My Never NHS No Not Nothing Now Nurse Nurses Of On Only Or \
    Our Out Over Park Please Practice Practitioner Practitioners Prescriber Prescribers Said Says Scan See Service \
    Services She Should So Some Specialist Specialists Staff Station Still Such Surgery Surgeries Team Teen Thank Thanks \
    That The Their Them Then There These They This Those Though To Today Told Too Training Trust Unit Universe University Until \
    Us Very Wales Was We Were What When Where Which While Who Why Will With World Would Yes Yet You Your ";

/// Lower-case words after "my name is" that are no name either.
const NOT_LOWER_NAMES: &str = " a above added already also always at below correct down first for here in it known last \
    listed mentioned mud next no not now of on or out off removed said spelled spelt still surname that the there this \
    unknown up what with withheld wrong ";

/// Finds names after introductions and titles.
pub(super) struct Names {
    cues: AhoCorasick,
}

impl Names {
    pub(super) fn new() -> Self {
        let cues = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostLongest)
            .build(INTRODUCTIONS.iter().chain(&MENTIONS).chain(&TITLES).chain(&WEAK_TITLES))
            .expect("a few short cues fit any automaton");
        Self { cues }
    }

    pub(super) fn find(&self, text: &str, found: &mut Vec<Span>) {
        for cue in self.cues.find_iter(text) {
            if !is_whole_word(text, cue.start(), cue.end()) {
                continue;
            }
            let said = &text[cue.range()];
            let introduces = cue.pattern().as_usize() < INTRODUCTIONS.len();
            let mentions = introduces || cue.pattern().as_usize() < INTRODUCTIONS.len() + MENTIONS.len();
            let weak = WEAK_TITLES.contains(&said);
            if !mentions && !weak && !TITLES.contains(&said) {
                continue;
            }
            let start = skip_to_name(text, cue.end(), introduces);
            let name = capitalised_names(text, start).filter(|end| !weak || !is_headline(text, cue.start(), *end));
            let end = name.or_else(|| introduces.then(|| lower_name(text, start)).flatten());
            if let Some(end) = end {
                found.push(Span { start, end, replacement: "[name]".into() });
            }
        }
    }
}

/// The place after the spaces and, where they may stand, the full stop or colon that follow a cue.
fn skip_to_name(text: &str, from: usize, introduces: bool) -> usize {
    let rest = &text[from..];
    let mark = if introduces { rest.trim_start_matches([':', ',']) } else { rest.strip_prefix('.').unwrap_or(rest) };
    text.len() - mark.trim_start_matches([' ', '\u{a0}']).len()
}

/// Whether the words around `start..end` have capitals too, so that capitals say nothing about a name.
fn is_headline(text: &str, start: usize, end: usize) -> bool {
    let capital = |word: &str| word.starts_with(char::is_uppercase);
    let follows = text[end..].starts_with(' ') && capital(word_after(text, end));
    let precedes = text[..start].ends_with(' ') && capital(word_before(text, start));
    follows || precedes || text[..start].ends_with('-')
}

/// The end of one to three names that begin at `start`; initials among them do not count.
fn capitalised_names(text: &str, start: usize) -> Option<usize> {
    let mut end = None;
    let mut at = start;
    let mut names = 0;
    while names < 3 {
        let word = &text[at..word_end(text, at)];
        if is_initial(word) {
            at += word.len();
            at += usize::from(text[at..].starts_with('.'));
            at += text[at..].len() - text[at..].trim_start_matches(' ').len();
            continue;
        }
        if !is_name(word) {
            break;
        }
        names += 1;
        let name_end = at + without_possessive(word).len();
        end = Some(name_end);
        if name_end < at + word.len() || !text[name_end..].starts_with(' ') {
            break;
        }
        at = name_end + 1;
    }
    end
}

/// "my name is sarah, ...": one word in lower case, where a clause ends or goes on with "and".
fn lower_name(text: &str, start: usize) -> Option<usize> {
    let end = word_end(text, start);
    let word = &text[start..end];
    let rest = &text[end..];
    let clause_ends = rest.is_empty() || rest.starts_with([',', '.', '!', '\n']) || rest.starts_with(" and ");
    let is_name =
        word.len() >= 3 && word.chars().all(char::is_lowercase) && !NOT_LOWER_NAMES.contains(&format!(" {word} "));
    (is_name && clause_ends).then_some(end)
}

fn is_initial(word: &str) -> bool {
    word.len() == 1 && word.bytes().all(|byte| byte.is_ascii_uppercase()) && word != "I"
}

/// A capital and at least one lower-case letter, and not a word that merely begins a sentence.
fn is_name(word: &str) -> bool {
    word.starts_with(char::is_uppercase)
        && word.chars().any(char::is_lowercase)
        && !word.contains(|c: char| c.is_ascii_digit())
        && !NOT_NAMES.contains(&format!(" {word} "))
}

fn without_possessive(word: &str) -> &str {
    word.strip_suffix("'s").or_else(|| word.strip_suffix("\u{2019}s")).unwrap_or(word)
}
