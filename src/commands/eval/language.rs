//! `discovery eval language FILE`: the tag of the language, against labels.

use std::collections::BTreeMap;
use std::io::{Write as _, stdout};
use std::time::Instant;

use anyhow::Result;
use enrich::language::{LanguageEnricher, NAMED};
use serde::Serialize;

use super::labelled;
use crate::cli::{EvalTexts, Global};

/// How many of the most frequent mistakes are listed.
const MISTAKES: usize = 15;

/// What came of it.
#[derive(Debug, Serialize)]
struct Report {
    rows: usize,
    /// Rows whose language is one that the product names.
    named: usize,
    /// Share of those that were labelled right; no label counts as wrong.
    accuracy: f64,
    /// Share of those that got another language's label.
    wrong_label: f64,
    /// Share of those that were left without a label.
    no_label: f64,
    /// Rows in any other language.
    outside: usize,
    /// Share of those that got a label nevertheless, which is wrong whatever it is.
    outside_wrong_label: f64,
    texts_per_second: f64,
    microseconds_per_text: f64,
    languages: BTreeMap<String, Language>,
    mistakes: Vec<Mistake>,
}

/// How one language fared.
#[derive(Debug, Default, Serialize)]
struct Language {
    rows: usize,
    said: usize,
    right: usize,
    precision: f64,
    recall: f64,
}

/// How often one language was taken for another, or for none.
#[derive(Debug, Serialize)]
struct Mistake {
    label: String,
    said: Option<String>,
    rows: usize,
}

/// Reads the file, detects, prints the table.
///
/// # Errors
/// When the file cannot be read, or the classifier not be loaded.
pub fn execute(global: &Global, args: &EvalTexts) -> Result<()> {
    let enricher = LanguageEnricher::load(&global.config_dir.join("models"))?;
    let rows = labelled::read(
        &args.file,
        args.text_field.as_deref().unwrap_or("text"),
        args.label_field.as_deref().unwrap_or("lang"),
    )?;
    let start = Instant::now();
    let said: Vec<Option<&str>> = rows.iter().map(|row| enricher.detect(&row.text, None)).collect();
    let seconds = start.elapsed().as_secs_f64();
    let report = report(rows.iter().map(|row| primary(&row.label)).zip(said), seconds);
    let mut out = stdout().lock();
    if args.json {
        writeln!(out, "{}", serde_json::to_string(&report)?)?;
    } else {
        write!(out, "{report}")?;
    }
    Ok(())
}

/// "en" of "en-GB".
fn primary(label: &str) -> &str {
    if label.starts_with("x-") { label } else { label.split(['-', '_']).next().unwrap_or(label) }
}

fn report<'a>(pairs: impl Iterator<Item = (&'a str, Option<&'a str>)>, seconds: f64) -> Report {
    let mut languages: BTreeMap<String, Language> = BTreeMap::new();
    let mut mistakes: BTreeMap<(&str, Option<&str>), usize> = BTreeMap::new();
    let (mut rows, mut named, mut right, mut silent, mut outside, mut outside_labelled) = (0, 0, 0, 0, 0, 0);
    for (label, said) in pairs {
        rows += 1;
        if let Some(said) = said {
            languages.entry(said.to_owned()).or_default().said += 1;
        }
        let is_named = NAMED.contains(&label);
        let of_label = languages.entry(if is_named { label } else { "other" }.to_owned()).or_default();
        of_label.rows += 1;
        let is_right = if is_named { said == Some(label) } else { said.is_none() };
        of_label.right += usize::from(is_right);
        if is_named {
            named += 1;
            right += usize::from(is_right);
            silent += usize::from(said.is_none());
        } else {
            outside += 1;
            outside_labelled += usize::from(!is_right);
        }
        if !is_right {
            *mistakes.entry((label, said)).or_default() += 1;
        }
    }
    for language in languages.values_mut() {
        language.precision = share(language.right, language.said);
        language.recall = share(language.right, language.rows);
    }
    let mut mistakes: Vec<Mistake> = mistakes
        .into_iter()
        .map(|((label, said), rows)| Mistake { label: label.to_owned(), said: said.map(str::to_owned), rows })
        .collect();
    mistakes.sort_by_key(|mistake| std::cmp::Reverse(mistake.rows));
    mistakes.truncate(MISTAKES);
    Report {
        rows,
        named,
        accuracy: share(right, named),
        wrong_label: share(named - right - silent, named),
        no_label: share(silent, named),
        outside,
        outside_wrong_label: share(outside_labelled, outside),
        texts_per_second: rows as f64 / seconds,
        microseconds_per_text: seconds * 1e6 / (rows.max(1) as f64),
        languages,
        mistakes,
    }
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(
            f,
            "rows {} ({:.0} texts/s, {:.1} us a text)",
            self.rows, self.texts_per_second, self.microseconds_per_text
        )?;
        writeln!(
            f,
            "languages with a name: {} rows, accuracy {:.4} (wrong label {:.4}, no label {:.4})",
            self.named, self.accuracy, self.wrong_label, self.no_label
        )?;
        writeln!(f, "other languages: {} rows, labelled nevertheless {:.4}", self.outside, self.outside_wrong_label)?;
        writeln!(f, "\n{:<6} {:>6} {:>6} {:>9} {:>7}", "", "rows", "said", "precision", "recall")?;
        for (code, language) in &self.languages {
            writeln!(
                f,
                "{code:<6} {:>6} {:>6} {:>9.4} {:>7.4}",
                language.rows, language.said, language.precision, language.recall
            )?;
        }
        writeln!(f, "\nmost frequent mistakes: label, said, rows")?;
        for mistake in &self.mistakes {
            writeln!(f, "{:<10} {:<6} {:>5}", mistake.label, mistake.said.as_deref().unwrap_or("none"), mistake.rows)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_label_is_wrong_for_a_language_with_a_name_and_right_for_another() {
        let pairs = [("en", Some("en")), ("en", None), ("cy", Some("en")), ("xx", None), ("xx", Some("pl"))];
        let report = report(pairs.into_iter(), 1.0);
        assert_eq!((report.rows, report.named, report.outside), (5, 3, 2));
        assert!((report.accuracy - 1.0 / 3.0).abs() < 1e-9);
        assert!((report.no_label - 1.0 / 3.0).abs() < 1e-9);
        assert!((report.outside_wrong_label - 0.5).abs() < 1e-9);
        assert!((report.languages["en"].precision - 0.5).abs() < 1e-9, "English was said twice, once rightly");
        assert_eq!(primary("en-GB"), "en");
    }
}
