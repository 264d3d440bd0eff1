//! Near-duplicates: MinHash signatures of texts, and which text of a sequence is a copy of an earlier one.
//!
//! A signature has 16 values; two texts are near-duplicates when at least 8 agree, which is likely when half of
//! their word pairs are the same. Candidates are found by locality-sensitive hashing in 8 bands of 2 values
//! (Leskovec, Rajaraman, Ullman: Mining of Massive Datasets, chapter 3).

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::clock::DAY;
use super::words::{Word, mix};

const VALUES: usize = 16;
const BANDS: usize = 8;
const ROWS: usize = VALUES / BANDS;
const AGREEING: usize = 8;

/// What a text is like: 16 MinHash values over its pairs of neighbouring words, stop words included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Signature([u16; VALUES]);

impl Signature {
    /// The signature of a text of these words; `None` when it has too few to be like anything.
    pub(super) fn of(words: &[Word]) -> Option<Self> {
        if words.len() < 3 {
            return None;
        }
        let mut smallest = [u64::MAX; VALUES];
        for pair in words.windows(2) {
            let shingle = mix((u64::from(pair[0].hash) << 32) | u64::from(pair[1].hash));
            for (value, seed) in smallest.iter_mut().zip(SEEDS) {
                *value = (*value).min((shingle ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15));
            }
        }
        Some(Self(smallest.map(|value| u16::try_from(mix(value) >> 48).expect("64 bits shifted by 48 are 16"))))
    }

    /// Whether the two texts are near-duplicates.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).filter(|(one, two)| one == two).count() >= AGREEING
    }

    fn bands(&self) -> impl Iterator<Item = Band> {
        self.0.chunks_exact(ROWS).zip(0..).map(|(rows, band)| Band { band, rows: [rows[0], rows[1]] })
    }
}

/// A text among its near-duplicates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Copy {
    /// 1 for an original, 2 for the first copy within 24 hours of another, and so on.
    pub(super) number: u16,
    /// How many there are, this one counted.
    pub(super) of: u16,
}

impl Copy {
    /// A text like no other.
    pub(super) const SINGLE: Self = Self { number: 1, of: 1 };
}

/// Each text of a sequence in order of time among its near-duplicates.
pub(super) fn copies<'a>(texts: impl Iterator<Item = (i64, Option<&'a Signature>)>) -> Vec<Copy> {
    let mut seen: Vec<(i64, Option<&Signature>, usize)> = Vec::new();
    let mut group_sizes: Vec<u16> = Vec::new();
    let mut latest: HashMap<Band, usize> = HashMap::new();
    let mut numbers: Vec<(u16, usize)> = Vec::new();
    for (at, signature) in texts {
        let like = signature.and_then(|signature| {
            let candidates = signature.bands().filter_map(|band| latest.get(&band).copied());
            candidates
                .filter(|&other| {
                    let (then, other_signature, _) = seen[other];
                    at - then <= DAY && other_signature.is_some_and(|other| other.is_like(signature))
                })
                .max()
        });
        let group = like.map_or_else(
            || {
                group_sizes.push(0);
                group_sizes.len() - 1
            },
            |other| seen[other].2,
        );
        group_sizes[group] = group_sizes[group].saturating_add(1);
        numbers.push((group_sizes[group], group));
        for band in signature.into_iter().flat_map(Signature::bands) {
            latest.insert(band, seen.len());
        }
        seen.push((at, signature, group));
    }
    numbers.into_iter().map(|(number, group)| Copy { number, of: group_sizes[group] }).collect()
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Band {
    band: u8,
    rows: [u16; ROWS],
}

/// One seed a value: the hexadecimal digits of pi, which nobody chose.
const SEEDS: [u64; VALUES] = [
    0x243f_6a88_85a3_08d3,
    0x1319_8a2e_0370_7344,
    0xa409_3822_299f_31d0,
    0x082e_fa98_ec4e_6c89,
    0x4528_21e6_38d0_1377,
    0xbe54_66cf_34e9_0c6c,
    0xc0ac_29b7_c97c_50dd,
    0x3f84_d5b5_b547_0917,
    0x9216_d5d9_8979_fb1b,
    0xd131_0ba6_98df_b5ac,
    0x2ffd_72db_d01a_dfb7,
    0xb8e1_afed_6a26_7e96,
    0xba7c_9045_f12c_7f99,
    0x24a1_9947_b391_6cf7,
    0x0801_f2e2_858e_fc16,
    0x6369_20d8_7157_4e69,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trends::words::Splitter;

    fn signature(text: &str) -> Option<Signature> {
        let mut words = Vec::new();
        Splitter::default().split(text, &mut words);
        Signature::of(&words)
    }

    fn numbers(texts: &[(i64, &str)]) -> Vec<u16> {
        let signatures: Vec<_> = texts.iter().map(|(at, text)| (*at, signature(text))).collect();
        let copies = copies(signatures.iter().map(|(at, signature)| (*at, signature.as_ref())));
        copies.into_iter().map(|copy| copy.number).collect()
    }

    const PETITION: &str = "Sign the petition now, they are closing our walk-in centre in Ashford and nobody asked us";

    #[test]
    fn copies_with_small_changes_are_numbered() {
        let changed = PETITION.replace("now,", "now please,");
        assert_eq!(
            numbers(&[(0, PETITION), (10, "An entirely other matter, the bus stops"), (20, &changed)]),
            [1, 1, 2]
        );
    }

    #[test]
    fn one_shared_phrase_is_no_copy() {
        let texts = [
            (0, "My pharmacy has no insulin pens left and the next delivery is in May"),
            (1, "Anyone else told that there are no insulin pens left? Three chemists so far"),
        ];
        assert_eq!(numbers(&texts), [1, 1]);
    }

    #[test]
    fn the_same_text_after_more_than_a_day_is_no_copy() {
        assert_eq!(numbers(&[(0, PETITION), (DAY + 1, PETITION)]), [1, 1]);
    }

    #[test]
    fn a_text_of_two_words_is_like_nothing() {
        assert_eq!(signature("Thank you"), None);
    }
}
