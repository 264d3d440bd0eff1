//! Which texts are kept back while what is learned from the others is measured.

use crate::model::features::{hash, normalise};

/// Every text is kept back once, in one of so many rounds.
pub(super) const FOLDS: u64 = 5;

/// The round in which a text is kept back. Copies of a text, however they are typed, are kept back together.
pub(super) fn fold(text: &str) -> u64 {
    (hash_of_letters(text) >> 17) % FOLDS
}

/// In which of as many parts a text of any fold lies.
pub(super) fn part(text: &str) -> u64 {
    (hash_of_letters(text) >> 40) % FOLDS
}

fn hash_of_letters(text: &str) -> u64 {
    let letters: String = normalise(text).chars().filter(|c| c.is_alphanumeric()).collect();
    hash(letters.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_of_a_text_are_kept_back_together() {
        assert_eq!(fold("Thank you, all!"), fold("thank you all"));
        let folds: std::collections::BTreeSet<u64> = (0..100).map(|n| fold(&format!("text {n}"))).collect();
        assert_eq!(folds.len(), 5);
    }
}
