//! The ways in which people put what is planted, read from `phrases/planted.txt`.

use std::sync::LazyLock;

use crate::rng::Rng;

/// One planted issue or decoy in its words.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) is_issue: bool,
    pub(super) key: &'static str,
    /// The shape of an issue, the kind of a decoy.
    pub(super) shape: &'static str,
    wordings: Vec<&'static str>,
}

/// Everything that is planted, in the order of the file.
pub(super) static SUBJECTS: LazyLock<Vec<Subject>> = LazyLock::new(|| parse(include_str!("../../phrases/planted.txt")));

const OPENERS: [&str; 14] = [
    "Right. ",
    "Honestly, ",
    "Just back: ",
    "Can someone explain? ",
    "Same as last time. ",
    "From my sister: ",
    "Not impressed. ",
    "I keep thinking about it. ",
    "Sorry to moan, but ",
    "For what it is worth: ",
    "Update. ",
    "Fed up. ",
    "Is it only us? ",
    "Told my MP: ",
];
const CLOSERS: [&str; 14] = [
    " What next.",
    " Rant over.",
    " Thoughts?",
    " Take care everyone.",
    " I despair.",
    " Who is in charge?",
    " Be kind to the staff though.",
    " No answer yet.",
    " It is not good enough.",
    " Same story every time.",
    " Somebody must know.",
    " Sigh.",
    " We pay for this.",
    " Really worried now.",
];

impl Subject {
    /// One way to put it; in one's own way unless it is read from a script.
    pub(super) fn say(&self, is_own: bool, rng: &mut Rng) -> String {
        let mut text = String::new();
        if is_own && rng.chance(0.35) {
            text.push_str(rng.pick::<&str>(&OPENERS));
        }
        fill(rng.pick::<&str>(&self.wordings), rng, &mut text);
        if is_own && rng.chance(0.4) {
            text.push_str(rng.pick::<&str>(&CLOSERS));
        }
        text
    }
}

/// Appends `wording`, with one of the alternatives in each pair of brackets.
fn fill(wording: &str, rng: &mut Rng, text: &mut String) {
    for (nth, part) in wording.split(['[', ']']).enumerate() {
        if nth % 2 == 0 {
            text.push_str(part);
        } else {
            let ways: Vec<&str> = part.split('|').collect();
            text.push_str(rng.pick::<&str>(&ways));
        }
    }
}

fn parse(file: &'static str) -> Vec<Subject> {
    let mut subjects: Vec<Subject> = Vec::new();
    for line in file.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let (Some(wording), Some(subject)) = (line.strip_prefix("  "), subjects.last_mut()) {
            subject.wordings.push(wording);
        } else {
            let mut words = line.split(' ');
            let mut word = || words.next().unwrap_or_default();
            let (is_issue, key, shape) = (word() == "issue", word(), word());
            subjects.push(Subject { is_issue, key, shape, wordings: Vec::new() });
        }
    }
    subjects
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_subject_has_words_and_brackets_are_filled() {
        let mut rng = Rng::keyed(&[3]);
        for subject in &*SUBJECTS {
            assert!(!subject.key.is_empty() && !subject.shape.is_empty() && !subject.wordings.is_empty());
            for _ in 0..40 {
                let text = subject.say(true, &mut rng);
                assert!(!text.contains(['[', ']', '|']), "{text}");
            }
        }
    }
}
