//! What the classifier sees of a text: hashed n-grams of the letters of each word, the words, and pairs of words.

/// The longest n-gram, in characters; a space stands before and after every word.
const LONGEST: usize = 5;

/// Longer words are cut, in characters.
const LONGEST_WORD: usize = 30;

/// Calls `seen` with the hash of every feature of the words. The higher bits of a hash are the better ones.
pub(super) fn each<'a>(words: impl Iterator<Item = &'a str>, mut seen: impl FnMut(u64)) {
    let mut letters = [u32::from(' '); LONGEST_WORD + 2];
    let mut before = 0;
    for word in words {
        let mut length = 1;
        let lower = word.chars().flat_map(char::to_lowercase);
        for letter in lower.filter(|c| !is_invisible(*c)).take(LONGEST_WORD) {
            letters[length] = if letter == '\u{2019}' { u32::from('\'') } else { u32::from(letter) };
            length += 1;
        }
        letters[length] = u32::from(' ');
        grams(&letters[..=length], &mut seen);
        let whole = letters[1..length].iter().fold(WORD, |hash, letter| mix(hash, *letter));
        seen(whole);
        seen(spread(before ^ whole.rotate_left(17)));
        before = whole;
    }
}

const GRAM: u64 = 0x5bd1_e995_7f4a_7c15;
const WORD: u64 = 0x2545_f491_4f6c_dd1d;

fn grams(letters: &[u32], seen: &mut impl FnMut(u64)) {
    for start in 0..letters.len() {
        let mut hash = GRAM;
        for (count, letter) in letters[start..].iter().take(LONGEST).enumerate() {
            hash = mix(hash, *letter);
            // A space alone says nothing.
            if count > 0 || *letter != u32::from(' ') {
                seen(hash);
            }
        }
    }
}

/// One step of a multiplicative hash: the constant is 2^64 divided by the golden ratio.
fn mix(hash: u64, letter: u32) -> u64 {
    spread(hash.rotate_left(5) ^ u64::from(letter))
}

fn spread(hash: u64) -> u64 {
    let product = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    product ^ (product >> 32)
}

/// Marks of direction and joiners of no width.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features(text: &str) -> Vec<u64> {
        let mut found = Vec::new();
        each(text.split(' '), |hash| found.push(hash));
        found
    }

    #[test]
    fn case_curly_apostrophes_and_invisible_characters_make_no_difference() {
        assert_eq!(features("Mae\u{2019}r GIG"), features("mae'r g\u{200b}ig"));
        assert_ne!(features("mae'r"), features("maer"));
    }

    #[test]
    fn a_word_has_its_grams_itself_and_its_pair() {
        // " a ": a, " a", " a ", "a "; the word; the pair with what stands before.
        assert_eq!(features("a").len(), 6);
        assert_eq!(features(&"x".repeat(500)).len(), features(&"x".repeat(LONGEST_WORD)).len());
    }

    #[test]
    fn the_order_of_words_counts_only_in_their_pairs() {
        let (mut one, mut other) = (features("iyo waxaan"), features("waxaan iyo"));
        one.sort_unstable();
        other.sort_unstable();
        assert_eq!(one.iter().filter(|hash| !other.contains(hash)).count(), 2);
    }
}
