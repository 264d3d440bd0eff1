//! The parts that every kind of post is made of.

use crate::bank::BANK;
use crate::grammar::{Context, GRAMMAR, Mood, Phrase, Topic};
use crate::person::{MYSELF, Person};
use crate::register;
use crate::rng::Rng;
use crate::spec::Spec;

/// Writes sentence after sentence into `out`.
pub(super) struct Writer {
    pub(super) topic: &'static Topic,
    pub(super) context: Context,
    pub(super) rng: Rng,
    pub(super) out: String,
    pub(super) sentence: String,
    pub(super) mood: Mood,
    /// The detail given before.
    pub(super) used: Option<&'static Phrase>,
}

impl Writer {
    pub(super) fn new(spec: &Spec) -> Self {
        let mut rng = spec.rng.clone();
        let topic = spec.topic();
        let known = || Person::known_to(spec.voice.role, topic.people);
        let person = known().nth(rng.below(known().count())).unwrap_or(&MYSELF);
        let context = Context { person, town: spec.town.name, weekday: spec.hour.weekday };
        Self {
            topic,
            context,
            rng,
            out: String::with_capacity(512),
            sentence: String::with_capacity(256),
            mood: Mood::Mixed,
            used: None,
        }
    }

    pub(super) fn phrase(&mut self, phrase: &'static Phrase) {
        self.sentence.clear();
        GRAMMAR.write(phrase, &self.context, &mut self.rng, &mut self.sentence);
        self.flush();
    }

    pub(super) fn rule(&mut self, rule: usize) {
        self.sentence.clear();
        GRAMMAR.write_rule(rule, &self.context, &mut self.rng, &mut self.sentence);
        self.flush();
    }

    /// Adds the sentence, which goes on in small letters after an opening such as "Well,".
    pub(super) fn flush(&mut self) {
        register::tidy(&mut self.sentence);
        if register::opens(&self.out) {
            register::go_on(&mut self.sentence, self.context.town);
        }
        if !self.out.is_empty() && !self.out.ends_with('\n') && !self.sentence.is_empty() {
            self.out.push(' ');
        }
        self.out.push_str(&self.sentence);
    }

    pub(super) fn paragraph(&mut self) {
        if !self.out.is_empty() {
            self.out.push_str("\n\n");
        }
    }

    /// What happened; it sets the mood of the post.
    pub(super) fn say(&mut self) {
        let (mood, phrase) = self.topic.say.pick(&mut self.rng);
        self.mood = *mood;
        self.phrase(phrase);
    }

    /// Something further: mostly a detail, and where a topic has few, often a feeling or an aside.
    pub(super) fn more(&mut self) {
        let count = self.topic.more.iter().filter(|(mood, _)| self.goes_with(*mood)).count();
        if count == 0 || self.rng.chance(1.0 / (1.0 + count as f64)) {
            return if self.rng.chance(0.4) { self.rule(BANK.aside) } else { self.feel() };
        }
        self.detail();
    }

    /// A detail that fits the mood, not the one given before, if there is one.
    pub(super) fn detail(&mut self) {
        let (mood, used) = (self.mood, self.used);
        let fits = |(said, phrase): &(Mood, Phrase)| {
            (*said == mood || *said == Mood::Mixed) && used.is_none_or(|used| !std::ptr::eq(used, phrase))
        };
        if let Some((_, phrase)) = self.topic.more.pick_where(&mut self.rng, fits) {
            self.used = Some(phrase);
            self.phrase(phrase);
        }
    }

    pub(super) fn goes_with(&self, mood: Mood) -> bool {
        mood == self.mood || mood == Mood::Mixed
    }

    pub(super) fn feel(&mut self) {
        self.rule(BANK.feel.of(self.mood));
    }

    pub(super) fn ask(&mut self) {
        if self.topic.ask.is_empty() {
            return self.feel();
        }
        let phrase = self.topic.ask.pick(&mut self.rng);
        self.phrase(phrase);
    }

    /// Chooses what to say before the opening that goes with its mood is written, and then says it.
    pub(super) fn opened(&mut self, open: usize) {
        self.rule(open);
        self.say_in_mood();
    }

    /// Says something in the mood of the post; in any, if the topic has nothing that fits.
    pub(super) fn say_in_mood(&mut self) {
        let mood = self.mood;
        match self.topic.say.pick_where(&mut self.rng, |(said, _)| *said == mood) {
            Some((_, phrase)) => self.phrase(phrase),
            None => self.say(),
        }
    }

    /// Sets the mood of the post from what its topic can say.
    pub(super) fn mood_ahead(&mut self) -> Mood {
        self.mood = self.topic.say.pick(&mut self.rng).0;
        self.mood
    }
}

/// Begins `text` with a capital.
pub(super) fn capitalise(text: &mut str) {
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
}
