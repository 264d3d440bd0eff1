//! Writes the words of a post: which parts it has, in the manner of its channel.

use bus::Channel;

mod news;
mod writer;

use self::writer::{Writer, capitalise};
use crate::bank::BANK;
use crate::grammar::{Context, GRAMMAR};
use crate::person::{MYSELF, Role};
use crate::plan::Kind;
use crate::register;
use crate::rng::Rng;
use crate::spec::{Moment, Spec};
use crate::strands::STRANDS;

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
            Channel::Forum => words.title = Some(writer.forum(spec)),
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

impl Writer {
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

    fn forum(&mut self, spec: &Spec) -> String {
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
        title
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
