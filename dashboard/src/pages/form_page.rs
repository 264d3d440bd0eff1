//! A page that is one form: what it is about, its fields and choices, and its button.

use askama::Template;
use axum::response::{IntoResponse, Response};

use crate::error::AppError;
use crate::pages::form::{Field, Pick};
use crate::pages::{Chrome, Problems, Section, render};
use crate::site::Site;

/// The page.
#[derive(Template)]
#[template(path = "form_page.html")]
pub struct FormPage {
    chrome: Chrome,
    /// Where one comes from: address and name.
    back: (String, String),
    problems: Problems,
    about: Vec<String>,
    /// Words that the form is about.
    quoted: Option<String>,
    action: String,
    hidden: Vec<(&'static str, String)>,
    choices: Vec<Choice>,
    fields: Vec<Field>,
    button: &'static str,
    /// What else can be done: address and button.
    otherwise: Option<(String, &'static str)>,
}

/// A question with answers to choose from.
pub struct Choice {
    /// Its name in the form.
    pub name: &'static str,
    /// The question.
    pub legend: &'static str,
    /// The answers.
    pub picks: Vec<Pick>,
}

impl Choice {
    /// A question with these answers, each as it is sent and read.
    pub fn new(name: &'static str, legend: &'static str, chosen: &str, answers: &[(&str, &str)]) -> Self {
        let pick = |(value, label): &(&str, &str)| Pick {
            value: (*value).to_owned(),
            label: (*label).to_owned(),
            hint: String::new(),
            is_chosen: *value == chosen,
        };
        Self { name, legend, picks: answers.iter().map(pick).collect() }
    }
}

impl FormPage {
    /// A form of this part of the site that is sent to `action`. One comes from the part's first page, unless [`FormPage::from`]
    /// says another.
    pub fn new(
        site: &Site,
        section: Section,
        title: impl Into<String>,
        action: impl Into<String>,
        button: &'static str,
    ) -> Self {
        Self {
            chrome: Chrome::new(site, section, title),
            back: section.first_page(),
            problems: Vec::new(),
            about: Vec::new(),
            quoted: None,
            action: action.into(),
            hidden: Vec::new(),
            choices: Vec::new(),
            fields: Vec::new(),
            button,
            otherwise: None,
        }
    }

    /// Reached from this page.
    #[must_use]
    pub fn from(mut self, address: impl Into<String>, name: impl Into<String>) -> Self {
        self.back = (address.into(), name.into());
        self
    }

    /// With a paragraph that says what it is about.
    #[must_use]
    pub fn about(mut self, paragraph: impl Into<String>) -> Self {
        self.about.push(paragraph.into());
        self
    }

    /// With words that it is about.
    #[must_use]
    pub fn quoting(mut self, words: impl Into<String>) -> Self {
        self.quoted = Some(words.into());
        self
    }

    /// With something that is sent along.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &impl ToString) -> Self {
        self.hidden.push((name, value.to_string()));
        self
    }

    /// With a question that has answers to choose from.
    #[must_use]
    pub fn choice(mut self, choice: Choice) -> Self {
        self.choices.push(choice);
        self
    }

    /// With a field.
    #[must_use]
    pub fn field(mut self, field: Field) -> Self {
        self.fields.push(field);
        self
    }

    /// With something else to do, such as to delete: a form of its own, which sends along what this one does.
    #[must_use]
    pub fn otherwise(mut self, action: impl Into<String>, button: &'static str) -> Self {
        self.otherwise = Some((action.into(), button));
        self
    }

    /// With what is wrong with its fields.
    #[must_use]
    pub fn wrong(mut self, problems: Problems) -> Self {
        self.problems = problems;
        self
    }

    /// The page, with what is wrong; a problem that no field has stands above the form.
    ///
    /// # Errors
    /// When the page cannot be written.
    pub fn show(mut self, problem: Option<String>) -> Result<Response, AppError> {
        if let Some(message) = problem {
            self.problems.push(("form", message));
        }
        Ok(render(&self)?.into_response())
    }
}
