//! Labelled texts as people have them: JSON lines, with the label in one of the usual forms.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use bus::SentimentLabel;
use serde_json::{Map, Value};
use thiserror::Error;

use crate::artefact::sum_of;

/// The largest file of examples, in bytes.
const MAX_BYTES: u64 = 512 * 1024 * 1024;

/// The fields that texts are usually in, first choice first.
const TEXT_FIELDS: [&str; 6] = ["text", "comment", "tweet", "content", "body", "sentence"];
const SENTIMENT_FIELDS: [&str; 5] = ["label", "sentiment", "sentiment3", "criticality", "class"];
const TOPIC_FIELDS: [&str; 7] = ["labels", "topics", "topic", "label", "categories", "category", "subcategory"];

/// Why labelled texts cannot be used.
#[derive(Debug, Error)]
pub enum LabelledError {
    /// The file cannot be read.
    #[error("{}: cannot be read: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's own words.
        reason: std::io::Error,
    },
    /// The file is read, but is not what is expected.
    #[error("{}:{line}: {message}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong and what to do.
        message: String,
    },
}

/// Which fields to read; the usual names are tried where none is given.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    /// The field with the text.
    pub text: Option<String>,
    /// The field with the label or the labels.
    pub label: Option<String>,
}

/// The labelled texts of one file.
#[derive(Clone, Debug)]
pub struct Labelled<L> {
    /// The file's name, without its directory.
    pub file: String,
    /// The file's SHA-256, in hexadecimal.
    pub sha256: String,
    /// Text and label, in the order of the file.
    pub rows: Vec<(String, L)>,
    /// Rows that were left out, since they have no text or no label that is understood.
    pub left_out: usize,
    /// Which fields were taken, and how the label was read.
    pub taken: String,
}

/// Reads texts with a sentiment.
///
/// # Errors
/// [`LabelledError`], which names the file and the line.
pub fn sentiments(path: &Path, fields: &Fields) -> Result<Labelled<SentimentLabel>, LabelledError> {
    let file = File::read(path)?;
    let choices = candidates(fields.label.as_deref(), &SENTIMENT_FIELDS);
    let found = choices.iter().find_map(|field| Some((*field, SentimentForm::of(&file.objects, field)?)));
    let (field, form) = found.ok_or_else(|| {
        file.fault(format!(
            "no field with a sentiment: looked for {} with positive/neutral/negative, 0/1/2 or -1/0/1; name it with --label-field",
            choices.join(", ")
        ))
    })?;
    let said = format!("`{field}` as {}", form.describe());
    file.labelled(fields, &said, |object| form.parse(object.get(field)?))
}

/// Reads texts with any number of subjects, by the names that the file uses.
///
/// # Errors
/// [`LabelledError`], which names the file and the line.
pub fn subjects(
    path: &Path,
    fields: &Fields,
    known: impl Fn(&str) -> bool,
) -> Result<Labelled<Vec<String>>, LabelledError> {
    let file = File::read(path)?;
    let choices = candidates(fields.label.as_deref(), &TOPIC_FIELDS);
    let names = |object: &Map<String, Value>, field: &str| names(object.get(field)?, &known);
    // Some files have a heading and a subject in fields of their own: the field with most known names is meant.
    let known_names = |field: &str| {
        file.objects.iter().filter_map(|object| names(object, field)).flatten().filter(|name| known(name)).count()
    };
    let counted = choices.iter().map(|field| (known_names(field), *field)).filter(|(count, _)| *count > 0);
    let field = counted.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, field)| field);
    let field = field.ok_or_else(|| {
        file.fault(format!(
            "no field with subjects that config/topics.toml knows: looked for {}; name it with --label-field",
            choices.join(", ")
        ))
    })?;
    file.labelled(fields, &format!("`{field}` as names of subjects"), |object| names(object, field))
}

/// Reads texts, whatever their labels.
///
/// # Errors
/// [`LabelledError`], which names the file and the line.
pub(crate) fn texts(path: &Path, fields: &Fields) -> Result<Labelled<()>, LabelledError> {
    File::read(path)?.labelled(fields, "nothing", |_| Some(()))
}

/// Names in a list, or in one text: as a whole where it is known, else parted at `;` or `|`, else at commas.
fn names(value: &Value, known: impl Fn(&str) -> bool) -> Option<Vec<String>> {
    let text = match value {
        Value::Array(items) => {
            return items.iter().map(|item| item.as_str().map(|name| name.trim().to_owned())).collect();
        }
        Value::String(text) => text.trim(),
        _ => return None,
    };
    let parts = |marks: &[char]| {
        text.split(marks).map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect::<Vec<_>>()
    };
    Some(match text {
        "" => Vec::new(),
        text if known(text) => vec![text.to_owned()],
        text if text.contains([';', '|']) => parts(&[';', '|']),
        _ => parts(&[',']),
    })
}

/// How a field says the three sentiments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SentimentForm {
    Words,
    /// 0 negative, 1 neutral, 2 positive.
    Digits,
    /// Below nought, nought, above.
    Sign,
    /// Criticality of the NHS Friends and Family Test, -5 to 5: nought is what was left as it stood, not a neutral.
    Criticality,
}

impl SentimentForm {
    /// The form of the values of `field`, if at least nine in ten of them fit it.
    fn of(objects: &[Map<String, Value>], field: &str) -> Option<Self> {
        let values: Vec<&Value> =
            objects.iter().filter_map(|object| object.get(field)).filter(|value| !value.is_null()).collect();
        let fits = |form: Self| {
            let fitting = values
                .iter()
                .filter(|value| form == Self::Criticality && number(value).is_some() || form.parse(value).is_some());
            !values.is_empty() && fitting.count() * 10 >= values.len() * 9
        };
        if field == "criticality" {
            return fits(Self::Criticality).then_some(Self::Criticality);
        }
        let distinct: BTreeSet<i64> = values.iter().filter_map(|value| number(value)).collect();
        let signed = distinct.first().is_some_and(|least| *least < 0);
        let numbers = if signed { Self::Sign } else { Self::Digits };
        [Self::Words, numbers].into_iter().find(|form| fits(*form))
    }

    fn parse(self, value: &Value) -> Option<SentimentLabel> {
        use SentimentLabel::{Negative, Neutral, Positive};
        match (self, number(value)) {
            (Self::Words, _) => match value.as_str()?.trim().to_ascii_lowercase().as_str() {
                "negative" | "neg" => Some(Negative),
                "neutral" | "neu" => Some(Neutral),
                "positive" | "pos" => Some(Positive),
                _ => None,
            },
            (Self::Digits, Some(0)) | (Self::Sign | Self::Criticality, Some(..=-1)) => Some(Negative),
            (Self::Digits, Some(1)) | (Self::Sign, Some(0)) => Some(Neutral),
            (Self::Digits, Some(2)) | (Self::Sign | Self::Criticality, Some(1..)) => Some(Positive),
            _ => None,
        }
    }

    fn describe(self) -> &'static str {
        match self {
            Self::Words => "words: negative, neutral, positive",
            Self::Digits => "digits: 0 negative, 1 neutral, 2 positive",
            Self::Sign => "numbers: below nought negative, nought neutral, above positive",
            Self::Criticality => "criticality: below nought negative, above positive, nought left out",
        }
    }
}

/// A whole number, or text that is one.
fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

fn candidates<'a>(given: Option<&'a str>, usual: &[&'a str]) -> Vec<&'a str> {
    given.map_or_else(|| usual.to_vec(), |field| vec![field])
}

struct File {
    path: PathBuf,
    sha256: String,
    objects: Vec<Map<String, Value>>,
}

impl File {
    fn read(path: &Path) -> Result<Self, LabelledError> {
        let unreadable = |reason| LabelledError::Unreadable { path: path.to_owned(), reason };
        let length = fs::metadata(path).map_err(unreadable)?.len();
        if length > MAX_BYTES {
            return Err(unreadable(std::io::Error::other(format!("it is larger than {MAX_BYTES} bytes; split it"))));
        }
        let text = fs::read_to_string(path).map_err(unreadable)?;
        let mut objects = Vec::new();
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let object = serde_json::from_str(line).map_err(|error| LabelledError::Invalid {
                path: path.to_owned(),
                line: index + 1,
                message: format!("not a JSON object: {error}"),
            })?;
            objects.push(object);
        }
        if objects.is_empty() {
            let message = "the file is empty; it needs one JSON object a line".to_owned();
            return Err(LabelledError::Invalid { path: path.to_owned(), line: 1, message });
        }
        Ok(Self { path: path.to_owned(), sha256: sum_of(text.as_bytes()), objects })
    }

    fn fault(&self, message: String) -> LabelledError {
        LabelledError::Invalid { path: self.path.clone(), line: 1, message }
    }

    fn labelled<L>(
        &self,
        fields: &Fields,
        said: &str,
        label: impl Fn(&Map<String, Value>) -> Option<L>,
    ) -> Result<Labelled<L>, LabelledError> {
        let choices = candidates(fields.text.as_deref(), &TEXT_FIELDS);
        let has = |field: &&&str| self.objects.iter().any(|object| object.get(**field).is_some_and(Value::is_string));
        let text_field = choices.iter().find(has).ok_or_else(|| {
            self.fault(format!("no field with text: looked for {}; name it with --text-field", choices.join(", ")))
        })?;
        let mut rows = Vec::new();
        for object in &self.objects {
            let text = object.get(*text_field).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
            if let (Some(text), Some(label)) = (text, label(object)) {
                rows.push((text.to_owned(), label));
            }
        }
        Ok(Labelled {
            file: self.path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
            sha256: self.sha256.clone(),
            left_out: self.objects.len() - rows.len(),
            rows,
            taken: format!("text from `{text_field}`, label from {said}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use SentimentLabel::{Negative, Neutral, Positive};

    fn file(lines: &str) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rows.jsonl");
        fs::write(&path, lines).unwrap();
        (dir, path)
    }

    fn labels(lines: &str) -> Vec<SentimentLabel> {
        let (_dir, path) = file(lines);
        sentiments(&path, &Fields::default()).unwrap().rows.into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn sentiments_are_read_in_the_usual_forms() {
        let words = "{\"text\":\"a\",\"label\":\"Positive\"}\n{\"text\":\"b\",\"label\":\"neg\"}\n{\"text\":\"c\",\"label\":null}\n";
        assert_eq!(labels(words), [Positive, Negative]);
        let digits = "{\"text\":\"a\",\"label\":0}\n{\"text\":\"b\",\"label\":\"1\"}\n{\"text\":\"c\",\"label\":2}\n";
        assert_eq!(labels(digits), [Negative, Neutral, Positive]);
        let signs = "{\"text\":\"a\",\"label\":-1}\n{\"text\":\"b\",\"label\":0}\n{\"text\":\"c\",\"label\":1}\n";
        assert_eq!(labels(signs), [Negative, Neutral, Positive]);
        let criticality = "{\"text\":\"a\",\"label\":\"Access\",\"criticality\":\"-3\"}\n{\"text\":\"b\",\"label\":\"Staff\",\"criticality\":\"0\"}\n";
        assert_eq!(labels(criticality), [Negative]);
    }

    #[test]
    fn an_empty_file_is_named_as_such() {
        let (_dir, path) = file("\n");
        let error = sentiments(&path, &Fields::default()).unwrap_err().to_string();
        assert!(error.ends_with("rows.jsonl:1: the file is empty; it needs one JSON object a line"), "{error}");
    }

    #[test]
    fn what_was_taken_is_said() {
        let (_dir, path) =
            file("{\"comment\":\"a\",\"sentiment\":\"positive\"}\n{\"comment\":\" \",\"sentiment\":\"positive\"}\n");
        let read = sentiments(&path, &Fields::default()).unwrap();
        assert_eq!(read.taken, "text from `comment`, label from `sentiment` as words: negative, neutral, positive");
        assert_eq!((read.rows.len(), read.left_out), (1, 1));
        assert_eq!(read.file, "rows.jsonl");
    }

    #[test]
    fn faults_say_what_was_looked_for() {
        let fault = |lines: &str| {
            let (dir, path) = file(lines);
            let error = sentiments(&path, &Fields::default()).unwrap_err().to_string();
            error.replace(&format!("{}/", dir.path().display()), "")
        };
        assert!(fault("{\"text\":\"a\",\"mood\":1}").starts_with("rows.jsonl:1: no field with a sentiment"));
        assert!(fault("{\"label\":1}").starts_with("rows.jsonl:1: no field with text"));
        assert!(fault("{\"text\":\"a\",\"label\":1}\nnonsense").starts_with("rows.jsonl:2: not a JSON object"));
    }

    #[test]
    fn subjects_come_as_a_list_or_as_one_text() {
        let known = |name: &str| ["Food, drink", "Parking", "Staff"].contains(&name);
        let lines = "{\"text\":\"a\",\"labels\":[\"Parking\",\"Staff\"]}\n{\"text\":\"b\",\"labels\":\"Food, drink\"}\n\
            {\"text\":\"c\",\"labels\":\"Parking; Staff\"}\n{\"text\":\"d\",\"labels\":\"Parking, Staff\"}\n{\"text\":\"e\",\"labels\":\"\"}\n";
        let (_dir, path) = file(lines);
        let rows = subjects(&path, &Fields::default(), known).unwrap().rows;
        let rows: Vec<Vec<&str>> = rows.iter().map(|(_, names)| names.iter().map(String::as_str).collect()).collect();
        assert_eq!(
            rows,
            [vec!["Parking", "Staff"], vec!["Food, drink"], vec!["Parking", "Staff"], vec!["Parking", "Staff"], vec![]]
        );
    }
}
