//! Writes the words of a post: which parts it has, in the manner of its channel.

use bus::Channel;

use crate::bank::BANK;
use crate::grammar::{Context, GRAMMAR, Mood, Phrase, Topic};
use crate::outlet::OUTLETS;
use crate::person::{MYSELF, People, Person, Role};
use crate::plan::{Kind, STRANDS};
use crate::register;
use crate::rng::Rng;
use crate::spec::{Moment, Spec};

/// The words of a post.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words {
    pub(crate) title: Option<String>,
    pub(crate) text: String,
}

/// Writes the words of `spec`.
pub(crate) fn compose(spec: &Spec) -> Words {
    let mut writer = Writer::new(spec);
    let mut words = Words::default();
    if let Some((_, open, close)) = BANK.language(spec.language) {
        writer.foreign(open, close);
    } else if spec.channel == Channel::Offline && spec.speaker.is_none() {
        writer.facilitate(spec.moment);
    } else {
        match spec.channel {
            Channel::Social => writer.social(spec),
            Channel::Forum => words.title = writer.forum(spec),
            Channel::Comment => writer.comment(spec),
            Channel::Offline => writer.offline(),
            Channel::News => words.title = writer.news(spec),
        }
    }
    if spec.channel == Channel::Social {
        hashtags(&mut writer.out, &spec.tags(), &mut writer.rng);
    }
    if spec.channel == Channel::Forum && words.title.is_none() {
        words.title = Some(writer.first_words());
    }
    words.text = writer.out;
    words
}

/// The remark with which somebody edits a post.
pub(crate) fn edit_remark(spec: &Spec) -> String {
    let mut writer = Writer::new(spec);
    writer.rule(BANK.edit);
    writer.out
}

/// The name under which news is written.
pub(crate) fn byline(seed: u64, outlet: usize, number: usize) -> String {
    let mut rng = Rng::keyed(&[seed, 0x6279, outlet as u64, number as u64]);
    let mut out = String::new();
    GRAMMAR.write_rule(BANK.byline, &Context { person: &MYSELF, town: "", weekday: 0 }, &mut rng, &mut out);
    out
}

/// Writes sentence after sentence into `out`.
struct Writer {
    topic: &'static Topic,
    context: Context,
    rng: Rng,
    out: String,
    sentence: String,
    mood: Mood,
    /// The detail given before.
    used: Option<&'static Phrase>,
}

impl Writer {
    fn new(spec: &Spec) -> Self {
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

    // Parts of every post.

    fn phrase(&mut self, phrase: &'static Phrase) {
        self.sentence.clear();
        GRAMMAR.write(phrase, &self.context, &mut self.rng, &mut self.sentence);
        self.flush();
    }

    fn rule(&mut self, rule: usize) {
        self.sentence.clear();
        GRAMMAR.write_rule(rule, &self.context, &mut self.rng, &mut self.sentence);
        self.flush();
    }

    /// Adds the sentence, which goes on in small letters after an opening such as "Well,".
    fn flush(&mut self) {
        register::tidy(&mut self.sentence);
        if register::opens(&self.out) {
            register::go_on(&mut self.sentence, self.context.town);
        }
        if !self.out.is_empty() && !self.out.ends_with('\n') && !self.sentence.is_empty() {
            self.out.push(' ');
        }
        self.out.push_str(&self.sentence);
    }

    fn paragraph(&mut self) {
        if !self.out.is_empty() {
            self.out.push_str("\n\n");
        }
    }

    /// What happened; it sets the mood of the post.
    fn say(&mut self) {
        let (mood, phrase) = self.topic.say.pick(&mut self.rng);
        self.mood = *mood;
        self.phrase(phrase);
    }

    /// Something further: mostly a detail, and where a topic has few, often a feeling or an aside.
    fn more(&mut self) {
        let count = self.topic.more.iter().filter(|(mood, _)| self.goes_with(*mood)).count();
        if count == 0 || self.rng.chance(1.0 / (1.0 + count as f64)) {
            return if self.rng.chance(0.4) { self.rule(BANK.aside) } else { self.feel() };
        }
        self.detail();
    }

    /// A detail that fits the mood, not the one given before, if there is one.
    fn detail(&mut self) {
        let (mood, used) = (self.mood, self.used);
        let fits = |(said, phrase): &(Mood, Phrase)| {
            (*said == mood || *said == Mood::Mixed) && used.is_none_or(|used| !std::ptr::eq(used, phrase))
        };
        if let Some((_, phrase)) = self.topic.more.pick_where(&mut self.rng, fits) {
            self.used = Some(phrase);
            self.phrase(phrase);
        }
    }

    fn goes_with(&self, mood: Mood) -> bool {
        mood == self.mood || mood == Mood::Mixed
    }

    fn feel(&mut self) {
        self.rule(BANK.feel.of(self.mood));
    }

    fn ask(&mut self) {
        if self.topic.ask.is_empty() {
            return self.feel();
        }
        let phrase = self.topic.ask.pick(&mut self.rng);
        self.phrase(phrase);
    }

    // Kinds of posts.

    fn social(&mut self, spec: &Spec) {
        if spec.strand.is_some_and(|strand| STRANDS[strand].kind == Kind::CopyPaste) {
            return self.say();
        }
        match self.rng.weighted([4.0, 24.0, 25.0, 13.0, 15.0, 8.0, 3.0, 8.0].into_iter()) {
            0 => self.say(),
            1 => {
                self.say();
                self.feel();
            }
            2 => {
                self.say();
                self.more();
            }
            3 => {
                let mood = self.mood_ahead();
                self.opened(BANK.social_open.of(mood));
                if self.rng.chance(0.5) {
                    self.more();
                }
            }
            4 => {
                self.say();
                self.more();
                self.feel();
            }
            5 => {
                self.say();
                self.ask();
            }
            6 => {
                let mood = self.mood;
                self.rule(BANK.social_open.of(mood));
                self.ask();
                let last = if self.rng.chance(0.5) { BANK.aside } else { BANK.feel.of(mood) };
                self.rule(last);
            }
            _ => {
                self.say();
                self.rule(BANK.aside);
            }
        }
        if spec.voice.style.wordy > 0.8 && self.out.len() < 220 {
            self.more();
        }
        register::typed(&mut self.out, &spec.voice.style, &mut self.rng);
        if self.rng.chance(spec.voice.style.emoji) {
            self.rule(BANK.emoji.of(self.mood));
        }
    }

    /// Chooses what to say before the opening that goes with its mood is written, and then says it.
    fn opened(&mut self, open: usize) {
        self.rule(open);
        self.say_in_mood();
    }

    /// Says something in the mood of the post; in any, if the topic has nothing that fits.
    fn say_in_mood(&mut self) {
        let mood = self.mood;
        match self.topic.say.pick_where(&mut self.rng, |(said, _)| *said == mood) {
            Some((_, phrase)) => self.phrase(phrase),
            None => self.say(),
        }
    }

    /// Sets the mood of the post from what its topic can say.
    fn mood_ahead(&mut self) -> Mood {
        self.mood = self.topic.say.pick(&mut self.rng).0;
        self.mood
    }

    fn forum(&mut self, spec: &Spec) -> Option<String> {
        let title = self.forum_title();
        let staff = spec.voice.role == Role::Staff;
        if self.rng.chance(0.3) {
            // An answer in a thread is shorter and begins with those who wrote before.
            self.rule(BANK.forum_reply);
            self.say();
            self.more();
            if self.rng.chance(0.5) {
                self.feel();
            }
        } else {
            if self.rng.chance(0.7) {
                self.rule(BANK.forum_open);
            }
            if self.rng.chance(0.4) {
                self.rule(if staff { BANK.staff_context } else { BANK.forum_context });
                self.paragraph();
            }
            self.say();
            self.more();
            if self.rng.chance(0.4) {
                self.more();
            }
            if self.rng.chance(0.6) {
                self.feel();
            }
            self.paragraph();
            if self.rng.chance(0.3) {
                self.rule(BANK.aside);
            }
            if self.rng.chance(0.55) {
                self.ask();
            }
            self.rule(BANK.forum_close.of(self.mood));
        }
        register::typed(&mut self.out, &spec.voice.style, &mut self.rng);
        Some(title)
    }

    fn forum_title(&mut self) -> String {
        let mut title = String::new();
        if self.topic.title.is_empty() || self.rng.chance(0.12) {
            GRAMMAR.write_rule(BANK.title, &self.context, &mut self.rng, &mut title);
        } else {
            let phrase = self.topic.title.pick(&mut self.rng);
            GRAMMAR.write(phrase, &self.context, &mut self.rng, &mut title);
        }
        capitalise(&mut title);
        title
    }

    fn comment(&mut self, spec: &Spec) {
        let mood = self.mood_ahead();
        if self.rng.chance(0.7) {
            self.opened(BANK.comment_open.of(mood));
        } else {
            self.say();
        }
        if self.rng.chance(0.5) {
            self.more();
        }
        if self.rng.chance(0.45) {
            self.feel();
        }
        register::typed(&mut self.out, &spec.voice.style, &mut self.rng);
    }

    fn offline(&mut self) {
        if self.rng.chance(0.75) {
            self.rule(BANK.spoken_open);
        }
        self.say();
        let details = self.rng.below(3);
        for _ in 0..details {
            self.more();
        }
        if self.rng.chance(0.5) {
            self.feel();
        }
        if self.rng.chance(0.5) {
            self.rule(BANK.spoken_close.of(self.mood));
        }
        register::spoken(&mut self.out, &mut self.rng);
    }

    fn facilitate(&mut self, moment: Moment) {
        self.rule(match moment {
            Moment::First => BANK.facilitator_open,
            Moment::Within => BANK.facilitator,
            Moment::Last => BANK.facilitator_close,
        });
    }

    fn news(&mut self, spec: &Spec) -> Option<String> {
        if self.topic.story.is_empty() {
            return None;
        }
        let (mood, headline, lead) = self.topic.story.pick(&mut self.rng);
        self.mood = *mood;
        let mut title = String::new();
        GRAMMAR.write(headline, &self.context, &mut self.rng, &mut title);
        capitalise(&mut title);
        self.phrase(lead);
        if self.rng.chance(0.6) {
            self.rule(BANK.news_body.of(self.mood));
        }
        self.quote(spec);
        if self.rng.chance(0.55) {
            self.rule(BANK.news_response.of(self.mood));
        }
        if self.rng.chance(0.3) {
            self.rule(BANK.news_close);
        }
        Some(title)
    }

    /// Somebody's own words, between quotation marks, and who said them.
    fn quote(&mut self, spec: &Spec) {
        let said = self.said_aside();
        self.sentence.clear();
        GRAMMAR.write_rule(BANK.news_quote, &self.context, &mut self.rng, &mut self.sentence);
        let mut person = String::new();
        GRAMMAR.write_rule(BANK.news_person, &self.context, &mut self.rng, &mut person);
        let age = self.rng.range(19, 84);
        let who = match self.topic.people {
            People::Staff => format!("{person}, who works on a ward in {}", self.context.town),
            _ => format!("{person}, {age}, from {}", self.context.town),
        };
        let paper = spec.outlet.map_or("", |outlet| OUTLETS[outlet].name);
        let (said, stop) = match said.strip_suffix('.') {
            Some(said) => (said, true),
            None => (said.as_str(), false),
        };
        for sign in [",", "."] {
            let end = if stop { sign } else { "" };
            self.sentence = self.sentence.replace(&format!("QUOTE{sign}"), &format!("\"{said}{end}\""));
        }
        self.sentence = self.sentence.replace("PERSON", &who).replace("PAPER", paper);
        if !self.out.is_empty() {
            self.out.push(' ');
        }
        self.out.push_str(&self.sentence);
    }

    /// What somebody says in the mood of the post, finished, but not added to it.
    fn said_aside(&mut self) -> String {
        let start = self.out.len();
        self.say_in_mood();
        self.out.split_off(start).trim_start().to_owned()
    }

    fn foreign(&mut self, open: usize, close: usize) {
        if self.rng.chance(0.6) {
            self.rule(open);
        }
        self.say();
        if self.rng.chance(0.75) {
            self.detail();
        }
        if self.rng.chance(0.65) {
            self.rule(close);
        }
    }

    /// A title made of how the text begins.
    fn first_words(&self) -> String {
        self.out.split_whitespace().take(7).collect::<Vec<_>>().join(" ")
    }
}

/// Puts the hashtags where their words stand in the text, or else at its end.
fn hashtags(text: &mut String, tags: &[String], rng: &mut Rng) {
    for tag in tags {
        let place = text.find(tag.as_str()).filter(|&index| {
            let before = text[..index].chars().next_back().is_none_or(|c| c == ' ');
            let after = text[index + tag.len()..].chars().next().is_none_or(|c| !c.is_alphanumeric() && c != '\'');
            before && after
        });
        match place {
            Some(index) if rng.chance(0.8) => text.insert(index, '#'),
            _ => {
                text.push_str(if text.ends_with('\n') { "#" } else { " #" });
                text.push_str(tag);
            }
        }
    }
}

fn capitalise(text: &mut str) {
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
}
