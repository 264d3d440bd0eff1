//! Names of people, where the words before them introduce a name: "my name is", "I'm", "Dr", "my husband".

use aho_corasick::{AhoCorasick, MatchKind};

use super::Span;
use crate::text::{is_whole_word, word_after, word_before, word_end};

/// What the words before a name are, and so what a name after them must look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cue {
    /// People say their own name; it may be in lower case, or in capitals throughout.
    Introduction,
    /// Somebody else's name follows, with a capital.
    Mention,
    /// "I'm", "this is": first and last name follow, since much else may.
    FullName,
    /// The end of a letter: a mark or a new line, then a name that ends the line.
    Signature,
    /// "my husband": the name follows, perhaps after a comma.
    Relation,
    /// A title as it is written before a name.
    Title,
    /// A title that is also a word of headlines: "Doctor Visits Rise", "Scans Miss Tumours".
    WeakTitle,
}

/// "MS" and "MR" are an illness and a scan; "Sir" and "Lord" are borne by people who speak in public.
const CUES: [(Cue, &[&str]); 7] = [
    (
        Cue::Introduction,
        &[
            "my name is",
            "my name's",
            "my name\u{2019}s",
            "my names",
            "i'm called",
            "i\u{2019}m called",
            "im called",
            "i am called",
        ],
    ),
    (
        Cue::Mention,
        &[
            "nurse called",
            "nurse named",
            "doctor called",
            "doctor named",
            "midwife called",
            "midwife named",
            "name is",
            "name's",
            "name\u{2019}s",
            "name was",
            "they call me",
            "please call me",
        ],
    ),
    (Cue::FullName, &["i'm", "i\u{2019}m", "i am", "im", "this is"]),
    (Cue::Signature, &["signed", "regards", "sincerely", "faithfully"]),
    (
        Cue::Relation,
        &[
            "my husband",
            "my wife",
            "my partner",
            "my son",
            "my daughter",
            "my mum",
            "my mother",
            "my dad",
            "my father",
            "my brother",
            "my sister",
            "my nan",
            "my gran",
            "my grandad",
            "my friend",
        ],
    ),
    (Cue::Title, &["Dr", "dr", "DR", "Drs", "Mr", "mr", "Mrs", "mrs", "MRS", "Ms", "Mx", "Prof", "Professor"]),
    (Cue::WeakTitle, &["Doctor", "Miss", "Nurse", "Sister"]),
];

/// Words with a capital that follow a title or introduction and are no name.
const NOT_NAMES: &str = " Doctor Dr Drs Miss Mr Mrs Ms Mx Prof Professor A About After Again All Also Although An And Another Any Are As Ask Associate At Bank Because \
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

/// Words after "I'm" that are no first name.
const NOT_FIRST_NAMES: &str = " African Asian Asperger Autistic Black British Buddhist Catholic Christian Cornish Covid Deaf Diabetic \
    Disabled English European Hindu Indian Irish Jewish Labour Muslim New North Northern Scottish Sikh South Sorry Team Type Welsh White \
    Yorkshire Royal Saint St ";

/// Finds names after introductions and titles.
pub(super) struct Names {
    automaton: AhoCorasick,
    cues: Vec<(Cue, &'static str)>,
}

impl Names {
    pub(super) fn new() -> Self {
        let cues: Vec<(Cue, &str)> =
            CUES.iter().flat_map(|(cue, words)| words.iter().map(|word| (*cue, *word))).collect();
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostLongest)
            .build(cues.iter().map(|(_, word)| word))
            .expect("a few short cues fit any automaton");
        Self { automaton, cues }
    }

    pub(super) fn find(&self, text: &str, found: &mut Vec<Span>) {
        for matched in self.automaton.find_iter(text) {
            if !is_whole_word(text, matched.start(), matched.end()) {
                continue;
            }
            let said = &text[matched.range()];
            let (cue, _) = self.cues[matched.pattern().as_usize()];
            // Titles count only as they are usually written: spellings that differ in case are one pattern to the automaton.
            let is_title = matches!(cue, Cue::Title | Cue::WeakTitle);
            if is_title && !self.cues.contains(&(cue, said)) {
                continue;
            }
            let start = skip_to_name(text, matched.end(), cue);
            if let Some(end) = name_end(text, matched.start(), start, cue) {
                found.push(Span { start, end, replacement: "[name]".into() });
            }
        }
    }
}

/// Where the name at `start`, which the cue at `cue_start` introduces, ends; `None` where there is none.
fn name_end(text: &str, cue_start: usize, start: usize, cue: Cue) -> Option<usize> {
    let capitalised = capitalised_names(text, start);
    match cue {
        Cue::Introduction => capitalised.or_else(|| capital_names(text, start)).or_else(|| lower_name(text, start)),
        Cue::Mention | Cue::Title => capitalised,
        Cue::Relation => capitalised.filter(|_| !is_headline(text, cue_start, start)),
        Cue::WeakTitle => capitalised.filter(|end| !is_headline(text, cue_start, *end)),
        Cue::FullName => capitalised.filter(|end| {
            let name = &text[start..*end];
            let first = &name[..word_end(name, 0)];
            let speaks = |rest: &str| [" speaking", " here", " calling"].iter().any(|end| rest.starts_with(end));
            let is_this = text[cue_start..].starts_with(['T', 't']);
            name.contains(' ')
                && !NOT_FIRST_NAMES.contains(&format!(" {first} "))
                && (speaks(&text[*end..]) || (!is_this && !is_headline(text, cue_start, *end)))
        }),
        Cue::Signature => capitalised.filter(|end| {
            let between = &text[cue_start..start];
            let ends_line = text[*end..].trim_start_matches([' ', '.', '!']);
            between.contains([',', ':', '\n', '-']) && (ends_line.is_empty() || ends_line.starts_with(['\n', ',']))
        }),
    }
}

/// The place after the spaces and, where they may stand, the full stop or colon that follow a cue.
fn skip_to_name(text: &str, from: usize, cue: Cue) -> usize {
    let rest = &text[from..];
    let mark = match cue {
        Cue::Introduction => rest.trim_start_matches([':', ',']),
        Cue::Signature => rest.trim_start_matches([':', ',', '-', '\n', '\r']),
        Cue::Relation => rest.strip_prefix(',').unwrap_or(rest),
        Cue::Mention | Cue::FullName => rest,
        Cue::Title | Cue::WeakTitle => rest.strip_prefix('.').unwrap_or(rest),
    };
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

/// "my name is SARAH JONES": one or two words in capitals that are no words of a shout.
fn capital_names(text: &str, start: usize) -> Option<usize> {
    let is_name = |word: &str| {
        let lower = word.to_lowercase();
        let title = word.chars().take(1).chain(lower.chars().skip(1)).collect::<String>();
        word.len() >= 3
            && word.chars().all(char::is_uppercase)
            && !NOT_NAMES.contains(&format!(" {title} "))
            && !NOT_LOWER_NAMES.contains(&format!(" {lower} "))
    };
    let first = word_end(text, start);
    if !is_name(&text[start..first]) {
        return None;
    }
    let second = word_end(text, (first + 1).min(text.len()));
    Some(if text[first..].starts_with(' ') && is_name(&text[first + 1..second]) { second } else { first })
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
