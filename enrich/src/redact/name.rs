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
    /// "our midwife": the name follows, perhaps between commas.
    Staff,
    /// "Name:", as on a form.
    Form,
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
            "fy enw i yw",
            "fy enw i ydy",
        ],
    ),
    (
        Cue::Mention,
        &[
            "name is",
            "name's",
            "name\u{2019}s",
            "name was",
            "by the name of",
            "i go by",
            "they call me",
            "call me",
            "please call me",
        ],
    ),
    (Cue::FullName, &["i'm", "i\u{2019}m", "i am", "im", "this is"]),
    (
        Cue::Signature,
        &[
            "signed",
            "regards",
            "sincerely",
            "faithfully",
            "best wishes",
            "all the best",
            "many thanks",
            "thanks",
            "cheers",
        ],
    ),
    (Cue::Form, &["patient name", "full name", "first name", "surname", "name"]),
    (
        Cue::Title,
        &["Dr", "dr", "DR", "Drs", "Mr", "mr", "Mrs", "mrs", "MRS", "Ms", "Mx", "Prof", "Professor", "Rev", "Reverend"],
    ),
    (Cue::WeakTitle, &["Doctor", "Miss", "Nurse", "nurse", "Sister", "Midwife", "midwife", "Matron", "matron"]),
];

/// Who is somebody's: "my late husband Geoffrey".
const OWNERS: [&str; 4] = ["my", "our", "his", "her"];
const SORTS: [&str; 10] =
    ["", "late ", "elderly ", "dear ", "little ", "eldest ", "youngest ", "older ", "younger ", "year old "];
const RELATIVES: [&str; 29] = [
    "husband",
    "wife",
    "partner",
    "son",
    "daughter",
    "baby",
    "mum",
    "mam",
    "mother",
    "dad",
    "father",
    "brother",
    "sister",
    "nan",
    "nana",
    "gran",
    "grandad",
    "grandma",
    "grandmother",
    "grandfather",
    "grandson",
    "granddaughter",
    "aunt",
    "auntie",
    "uncle",
    "cousin",
    "nephew",
    "niece",
    "friend",
];

/// Who is met by name in a service; a name follows directly.
const STAFF: [&str; 13] = [
    "receptionist",
    "midwife",
    "health visitor",
    "district nurse",
    "nurse",
    "social worker",
    "paramedic",
    "carer",
    "physio",
    "healthcare assistant",
    "care coordinator",
    "support worker",
    "porter",
];
const STAFF_OF: [&str; 4] = ["my", "our", "the", "a"];

/// Who is called something: "a lady called Blessing".
const CALLED: [&str; 27] = [
    "nurse",
    "doctor",
    "midwife",
    "lady",
    "man",
    "woman",
    "gentleman",
    "girl",
    "boy",
    "guy",
    "bloke",
    "patient",
    "consultant",
    "receptionist",
    "paramedic",
    "assistant",
    "carer",
    "porter",
    "surgeon",
    "physio",
    "worker",
    "visitor",
    "volunteer",
    "student",
    "someone",
    "somebody",
    "person",
];

/// All cues.
fn cues() -> Vec<(Cue, String)> {
    let fixed = CUES.iter().flat_map(|(cue, words)| words.iter().map(|word| (*cue, (*word).to_owned())));
    let relatives = OWNERS.iter().flat_map(|owner| {
        SORTS.iter().flat_map(move |sort| {
            // "my 7 year old son": what stands before the age is not looked at.
            let owner = if *sort == "year old " { "" } else { owner };
            let space = if owner.is_empty() { "" } else { " " };
            RELATIVES.iter().map(move |relative| (Cue::Relation, format!("{owner}{space}{sort}{relative}")))
        })
    });
    let staff = STAFF_OF.iter().flat_map(|of| STAFF.iter().map(move |role| (Cue::Staff, format!("{of} {role}"))));
    let called = CALLED
        .iter()
        .flat_map(|person| ["called", "named"].into_iter().map(move |verb| (Cue::Mention, format!("{person} {verb}"))));
    let mut cues: Vec<(Cue, String)> = fixed.chain(relatives).chain(staff).chain(called).collect();
    cues.sort_by(|a, b| a.1.cmp(&b.1));
    cues.dedup_by(|a, b| a.1 == b.1);
    cues
}

/// Common family names, which are names after "dr" also in lower case, and in capitals throughout.
const SURNAMES: &str = " adams ahmed akhtar akram ali allen anderson bailey baker begum bell bennett bhatt brown butler campbell carter chapman \
    chen chowdhury clark clarke collins cook cooper cox das davies davis desai edwards ellis evans farooq fernandes fisher foster ghosh \
    gill graham gray green griffiths gupta hall harris harrison hassan hill holmes hughes hunt hussain hussein ibrahim iqbal islam \
    jackson jain james jenkins johnson jones joshi kapoor kaur kelly kennedy khan kim king knight kumar lee lewis li lloyd lopez \
    macdonald mahmood malik marshall martin mason matthews mcdonald mehta menon miah mills mistry mitchell moore morgan morris mukherjee \
    murphy murray nair naidu nguyen okafor okeke owen palmer parker parmar patel phillips pillai powell price rahman rao reddy rees \
    reynolds richards richardson roberts robinson rogers ross russell saleem sharma shah sheikh siddiqui simpson singh smith stevens \
    stewart suleman taylor thomas thompson thomson tucker turner verma walker walsh wang ward watson webb white wilkinson williams \
    wilson wood wright yadav young zhang ";

/// What stands before some family names.
const PARTICLES: &str = " al ap bin da dal de del della den der di dos du el ferch ibn la le van von ";

/// Words with a capital that follow a title or introduction and are no name.
const NOT_NAMES: &str = " Doctor Dr Drs Miss Mr Mrs Ms Mx Prof Professor A About After Again All Also Although An And Another Any Are As Ask Associate At Bank Because \
    Before But By Call Can Care Clinic Consultant Could Did Do Does Due Each Education Either England Ever Every For \
    From General Get Go God Google Great Had Has Have He Health Her Him His Home Hospital How I If In Is It Its Just \
    Led Like London Made Manager May Me Midwife More Most My Never NHS No Not Nothing Now Nurse Nurses Of On Only Or \
    Our Out Over Park Please Practice Practitioner Practitioners Prescriber Prescribers Said Says Scan See Service \
    Services She Should So Some Specialist Specialists Staff Station Still Such Surgery Surgeries Team Teen Thank Thanks \
    That The Their Them Then There These They This Those Though To Today Told Too Training Trust Unit Universe University Until \
    Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March July September October November December \
    Christmas Easter Reception Management Samaritans Community District Ward College Council Us Very Wales Was We Were What When Where Which While Who Why Will With World Would Yes Yet You Your ";

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
    cues: Vec<(Cue, String)>,
}

impl Names {
    pub(super) fn new() -> Self {
        let cues = cues();
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostLongest)
            .build(cues.iter().map(|(_, word)| word))
            .expect("some thousand short cues fit any automaton");
        Self { automaton, cues }
    }

    pub(super) fn find(&self, text: &str, found: &mut Vec<Span>) {
        for matched in self.automaton.find_iter(text) {
            if !is_whole_word(text, matched.start(), matched.end()) {
                continue;
            }
            let said = &text[matched.range()];
            let cue = self.cues[matched.pattern().as_usize()].0;
            // Titles count only as they are usually written: spellings that differ in case are one pattern to the automaton.
            let is_title = matches!(cue, Cue::Title | Cue::WeakTitle);
            if is_title && !CUES.iter().any(|(other, words)| *other == cue && words.contains(&said)) {
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
        Cue::Mention => capitalised,
        Cue::Title => capitalised.or_else(|| common_surname(text, start)),
        Cue::Staff => capitalised.filter(|end| {
            let comma = text[cue_start..start].ends_with(", ");
            (!comma || text[*end..].starts_with(',')) && !is_headline(text, cue_start, start)
        }),
        Cue::Form => {
            let before = text[..cue_start].trim_end_matches([' ', '\t']);
            let begins = before.is_empty() || before.ends_with(['\n', ',', ';', '.']);
            let between = &text[cue_start..start];
            capitalised.filter(|_| between.ends_with(" is ") || (begins && between.contains([':', '=', '-'])))
        }
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
            // "Thanks, Boris" and "Cheers, Leeds" speak to somebody; below them stands who says it.
            let below = !text[cue_start..].to_ascii_lowercase().starts_with(['t', 'c', 'm']) || between.contains('\n');
            below
                && between.contains([',', ':', '\n', '-'])
                && (ends_line.is_empty() || ends_line.starts_with(['\n', ',']))
        }),
    }
}

/// The place after the spaces and, where they may stand, the full stop or colon that follow a cue.
fn skip_to_name(text: &str, from: usize, cue: Cue) -> usize {
    let rest = &text[from..];
    let mark = match cue {
        Cue::Introduction => rest.trim_start_matches([':', ',']),
        Cue::Signature => rest.trim_start_matches([':', ',', '-', '\n', '\r']),
        Cue::Staff => {
            let called = [" called", " is called", " named", ","];
            called.iter().find_map(|between| rest.strip_prefix(between)).unwrap_or(rest)
        }
        Cue::Form => rest.strip_prefix(" is").unwrap_or(rest.trim_start_matches([' ', ':', '=', '-', '\t'])),
        Cue::Relation => {
            let called = [" is called", "'s called", "\u{2019}s called", " named", ",", " ("];
            called.iter().find_map(|between| rest.strip_prefix(between)).unwrap_or(rest)
        }
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
        if PARTICLES.contains(&format!(" {word} ")) && text[at + word.len()..].starts_with(' ') {
            at += word.len() + 1;
            continue;
        }
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

/// "dr patel", "DR SMITH": a family name that many bear.
fn common_surname(text: &str, start: usize) -> Option<usize> {
    let word = without_possessive(&text[start..word_end(text, start)]);
    let one_case = word.chars().all(char::is_lowercase) || word.chars().all(char::is_uppercase);
    (one_case && SURNAMES.contains(&format!(" {} ", word.to_lowercase()))).then_some(start + word.len())
}

/// "my name is sarah, ...": one word in lower case, where a clause ends or goes on with "and", or a common family name after it.
fn lower_name(text: &str, start: usize) -> Option<usize> {
    let end = word_end(text, start);
    let word = &text[start..end];
    let rest = &text[end..];
    let goes_on = [" and ", " i ", " i'm ", " im ", " from "].iter().any(|word| rest.starts_with(word));
    let clause_ends = rest.is_empty() || rest.starts_with([',', '.', '!', '\n']) || goes_on;
    let is_name =
        word.len() >= 3 && word.chars().all(char::is_lowercase) && !NOT_LOWER_NAMES.contains(&format!(" {word} "));
    let family = rest.strip_prefix(' ').and_then(|_| common_surname(text, end + 1));
    family.filter(|_| is_name).or((is_name && clause_ends).then_some(end))
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
