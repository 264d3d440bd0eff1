//! In how many ways a phrase can be filled in, and how probable that makes it.

use super::{Grammar, Phrase, Piece, Slot};
use crate::rng::whole;

impl Grammar {
    /// Makes a phrase the more probable the more ways there are to fill it in, so that a striking sentence without any
    /// variation is rare.
    pub(super) fn weigh(&mut self) {
        let ways = Ways::of(self);
        let weight = |phrase: &Phrase| whole(ways.of_phrase(phrase).min(MOST_WAYS).sqrt());
        for rule in &mut self.rules {
            rule.weigh(weight);
        }
        for topic in &mut self.topics {
            topic.say.weigh(|(_, phrase)| weight(phrase));
            topic.more.weigh(|(_, phrase)| weight(phrase));
            topic.ask.weigh(weight);
        }
    }
}

/// More ways than this to fill in a phrase do not make it more probable.
const MOST_WAYS: f64 = 900.0;

/// For each rule, in how many ways it can be filled in; roughly, for what the context fills in.
struct Ways(Vec<f64>);

impl Ways {
    fn of(grammar: &Grammar) -> Self {
        let mut ways = Self(vec![1.0; grammar.rules.len()]);
        // Rules refer to rules; so many rounds are more than they are deep.
        for _ in 0..6 {
            let rules = grammar.rules.iter();
            ways = Self(rules.map(|rule| rule.iter().map(|phrase| ways.of_phrase(phrase)).sum()).collect());
        }
        ways
    }

    fn of_phrase(&self, phrase: &Phrase) -> f64 {
        let of_piece = |piece: &Piece| match piece {
            Piece::Rule(rule) => self.0[*rule],
            Piece::Choice(phrases) => phrases.iter().map(|phrase| self.of_phrase(phrase)).sum(),
            Piece::Number(low, high) => ((high - low + 1) as f64).sqrt(),
            Piece::Slot(Slot::Who | Slot::Whom | Slot::Town) => 4.0,
            Piece::Slot(Slot::Today | Slot::Yesterday | Slot::Later) => 2.0,
            Piece::Slot(_) | Piece::Text(_) => 1.0,
        };
        phrase.iter().map(of_piece).product()
    }
}
